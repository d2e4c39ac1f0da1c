"""Answers computed from a small hand-made memory. Meanings are tested, not wordings."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from omnilive.core.events import Answer
from omnilive.memory.store import Store
from omnilive.reasoning.mind import Mind
from tests.fakes import FAKE_CONFIG
from tests.made import percept, put, said, thing

END_S = 60.0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("store") / "s", create=True)
    put(
        store,
        percept("scene", "picture in grey", 0, END_S, palette=["grey"], final=False),
        thing("car", "red", 5, 20, first_position="left", position="right"),
        thing("car", "blue", 12, 30, first_position="right", position="right"),
        thing("dog", "brown", 15, END_S, final=False),
        thing("person", "green", 2, 10),
        thing("person", "black", 40, END_S, final=False),
        percept("text", "WELCOME ABOARD", 8, 12),
        percept("text", "Ticket counter opens at 9", 50, 55),
        said("The train to Oslo leaves at nine fifteen.", 22),
        said("Bring an umbrella tomorrow.", 27, word_s=0.6),
        said("今天天气很好", 33, language="zh"),
        percept("sound", "music", 45, 55),
    )
    yield store
    store.close()


def ask(store: Store, question: str, t: float | None = None) -> Answer:
    mind = Mind(FAKE_CONFIG)
    try:
        return asyncio.run(mind.answer(store, "s", question, t))
    finally:
        mind.close()


def texts(answer: Answer) -> set[str]:
    return {item.text for item in answer.evidence}


def starts_with(answer: Answer, *words: str) -> bool:
    return answer.text.lower().startswith(words)


@pytest.mark.parametrize(
    ("question", "clock", "evidence"),
    [
        ("When did the dog appear?", "0:15", "brown dog"),
        ("When did the red car leave?", "0:20", "red car"),
        ("When did the blue car come?", "0:12", "blue car"),
        ("When did the second car appear?", "0:12", "blue car"),
        ("When did the music start?", "0:45", "music"),
        ("狗什么时候出现?", "0:15", "brown dog"),
    ],
)
def test_when(store: Store, question: str, clock: str, evidence: str) -> None:
    answer = ask(store, question)
    assert clock in answer.text and evidence in texts(answer) and answer.supported


@pytest.mark.parametrize(
    ("question", "t", "count"),
    [
        ("How many cars were there in total?", None, 2),
        ("How many cars are there now?", 8.0, 1),
        ("How many cars are there now?", 14.0, 2),
        ("How many cars are there now?", 25.0, 1),
        ("How many cars were there at the same time?", None, 2),
        ("How many people were there at the same time?", None, 1),
        ("How many people have there been so far?", None, 2),
        ("How many people have there been so far?", 30.0, 1),
        ("How many dogs are there now?", None, 1),
        ("一共有多少辆车?", None, 2),
    ],
)
def test_how_many(store: Store, question: str, t: float | None, count: int) -> None:
    answer = ask(store, question, t)
    words = ("zero", "one", "two", "three")
    first = re.search(r"\d+|" + "|".join(words), answer.text.lower())
    assert first is not None, answer.text
    assert first[0] in (str(count), words[count]), answer.text
    assert answer.evidence


def test_none_now(store: Store) -> None:
    answer = ask(store, "How many cars are there now?")
    assert re.search(r"\b(0|zero|no)\b", answer.text.lower()), answer.text


@pytest.mark.parametrize(
    ("question", "t", "is_so"),
    [
        ("Was there a dog?", None, True),
        ("Was there a dog?", 10.0, False),
        ("Was there a giraffe?", None, False),
        ("Was there a red car?", None, True),
        ("Was there a yellow car?", None, False),
        ("Is there a car now?", None, False),
        ("Is there a dog now?", None, True),
        ("Did anybody speak?", 20.0, False),
        ("Did anybody speak?", None, True),
    ],
)
def test_whether(store: Store, question: str, t: float | None, is_so: bool) -> None:
    answer = ask(store, question, t)
    assert starts_with(answer, "yes") == is_so and starts_with(answer, "no") != is_so
    if is_so:
        assert answer.supported and answer.evidence


def test_which_first(store: Store) -> None:
    answer = ask(store, "Which came first, the dog or the red car?")
    assert texts(answer) == {"red car", "brown dog"} and answer.supported
    assert answer.text.index("red car") < answer.text.index("dog")


def test_which_first_without_one_of_them(store: Store) -> None:
    assert not ask(store, "Which came first, the dog or the giraffe?").supported


@pytest.mark.parametrize(
    ("question", "colour"), [("What colour is the dog?", "brown"), ("狗是什么颜色的?", "棕")]
)
def test_colour(store: Store, question: str, colour: str) -> None:
    assert colour in ask(store, question).text


def test_what_was_said(store: Store) -> None:
    answer = ask(store, "What did they say about the train to Oslo?")
    assert "leaves at nine fifteen" in answer.text and answer.supported
    assert answer.evidence[0].kind == "speech" and answer.evidence[0].start_s == 22
    assert "天气很好" in ask(store, "What was said in Chinese?").text


def test_text_on_screen(store: Store) -> None:
    answer = ask(store, "What does the card about the ticket counter say?")
    assert "opens at 9" in answer.text and answer.evidence[0].kind == "text"


def test_nothing_of_the_future(store: Store) -> None:
    for question in ("What did they say about Oslo?", "What text was there about the ticket?"):
        answer = ask(store, question, 20.0)
        assert not answer.supported or not {"Oslo", "Ticket"} & set(answer.text.split())
        assert all(item.start_s <= 20 and item.end_s <= 20 for item in answer.evidence)


@pytest.mark.parametrize(
    "question",
    [
        "Who won the football match?", "When did the zebra appear?",
        "What did they say about the submarine?",
    ],
)  # fmt: skip
def test_what_is_not_in_memory_is_refused(store: Store, question: str) -> None:
    answer = ask(store, question)
    assert not answer.supported and answer.text


def test_evidence_is_bounded(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", create=True)
    put(store, *(thing("car", "red", i, i + 0.5) for i in range(100)))
    answer = ask(store, "How many cars were there in total?")
    assert "100" in answer.text
    assert 0 < len(answer.evidence) <= FAKE_CONFIG.reasoning.evidence
    store.close()
