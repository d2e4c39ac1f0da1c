"""Dialogues over a small hand-made memory: what leans on what was said before, and what is now."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omnilive.core.events import Answer
from omnilive.memory.answers import log_answer
from omnilive.memory.dialogue import log_turn
from omnilive.memory.store import Store
from omnilive.reasoning.ask import Ask
from omnilive.reasoning.base import Message
from omnilive.reasoning.mind import Mind
from tests.fakes import FAKE_CONFIG
from tests.made import percept, put, said, thing

NOW_S = 60.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "s", create=True)
    put(
        store,
        percept("scene", "picture in grey", 0, NOW_S, palette=["grey"], final=False),
        percept("scene", "looks like desk", 50, NOW_S, tag="desk", names=["desk"], final=False),
        thing("car", "red", 5, 20, box=[0.1, 0.4, 0.3, 0.6]),
        thing("car", "blue", 12, 30, position="right", box=[0.7, 0.4, 0.9, 0.6]),
        thing("dog", "brown", 15, NOW_S, final=False, box=[0.32, 0.5, 0.45, 0.7]),
        thing("person", "black", 40, NOW_S, final=False, box=[0.5, 0.1, 0.8, 1.0]),
        thing("cup", "white", 55, NOW_S, final=False, position="right", box=[0.7, 0.5, 0.8, 0.6]),
        percept("text", "WELCOME ABOARD", 8, 12),
        percept("text", "EXIT ON THE LEFT", 50, NOW_S, final=False),
        said("The train to Oslo leaves at nine fifteen.", 22),
        said("Bring an umbrella tomorrow.", 27, word_s=0.6),
        said("今天天气很好", 33, language="zh"),
    )
    yield store
    store.close()


def ask(store: Store, *questions: str, t: float = NOW_S, **more: Any) -> Answer:
    """Ask one after the other, as a session logs them; return the last answer."""
    mind = Mind(FAKE_CONFIG)
    try:
        for question in questions:
            answer = asyncio.run(mind.answer(store, "s", Ask(question=question, t=t, **more)))
            log_answer(store, answer)
    finally:
        mind.close()
    return answer  # pyright: ignore[reportPossiblyUnboundVariable]


def texts(answer: Answer) -> set[str]:
    return {item.text for item in answer.evidence}


@pytest.mark.parametrize(
    ("questions", "words", "evidence"),
    [
        (["Was there a red car?", "And what was next to it?"], "brown dog", "brown dog"),
        (["Was there a red car?", "When did it leave?"], "0:20", "red car"),
        (["When did the red car leave?", "What about the blue one?"], "0:30", "blue car"),
        (["When did the dog appear?", "When did it leave?"], "has not left", "brown dog"),
        (["When did the dog appear?", "Is it still there?"], "Yes", "brown dog"),
        (["Was there a blue car?", "Where was it?"], "right", "blue car"),
        (["What did they say about Oslo?", "And after that?"], "umbrella", "Bring an umbrella"),
        (["What was said in Chinese?", "And before that?"], "umbrella", "Bring an umbrella"),
        (["What did they say about Oslo?", "When was that?"], "0:22", "The train to Oslo"),
        (["What did they say about Oslo?", "Say that again."], "leaves at nine", "The train"),
        (["狗什么时候出现?", "它是什么颜色的?"], "棕色", "brown dog"),
    ],
)
def test_the_dialogue_goes_on(
    store: Store, questions: list[str], words: str, evidence: str
) -> None:
    answer = ask(store, *questions)
    assert words in answer.text and answer.supported
    assert any(text.startswith(evidence) for text in texts(answer))
    assert answer.question == questions[-1]


def test_who_said_it_is_not_made_up(store: Store) -> None:
    answer = ask(store, "What did they say about Oslo?", "Who said that?")
    assert not answer.supported and "0:22" in answer.text


def test_old_talk_does_not_count(store: Store) -> None:
    ask(store, "Was there a red car?", t=30.0)
    put(store, percept("sound", "music", 700, 710))
    answer = ask(store, "When did it leave?", t=700.0)
    assert "red car" not in texts(answer) and not answer.supported


def test_the_dialogue_may_come_from_the_caller(store: Store) -> None:
    history = [Message(role="user", text="Was there a red car?"),
               Message(role="assistant", text="Yes.")]  # fmt: skip
    answer = ask(store, "When did it leave?", history=history)
    assert "0:20" in answer.text and texts(answer) == {"red car"}


# what was said to the assistant, and by it


def overheard(store: Store) -> None:
    put(
        store,
        said("What does the secret code mean?", 42, to="assistant"),
        said("The secret code is seven.", 46, by="assistant"),
    )


@pytest.mark.parametrize(
    "question",
    ["What did they say about the secret code?", "What was said?", "Who mentioned a secret code?"],
)
def test_the_talk_with_the_assistant_is_no_evidence(store: Store, question: str) -> None:
    overheard(store)
    assert not any("secret" in text for text in texts(ask(store, question)))
    assert ask(store, "Did anyone mention the secret code?").text.startswith("No")


def test_what_i_said_counts_when_it_is_asked_for(store: Store) -> None:
    overheard(store)
    answer = ask(store, "What did I say about the secret code?")
    assert texts(answer) == {"What does the secret code mean?"}


def test_the_question_does_not_answer_itself(store: Store) -> None:
    put(store, said("Hey Omni, what did they say about the submarine?", 57, word_s=0.3))
    assert not ask(store, "What did they say about the submarine?").evidence
    put(store, said("something with a submarine maybe", 58, word_s=0.2))
    answer = ask(store, "What was that about the submarine?", spoken=(57.0, 60.0))
    assert not answer.evidence
    # asked again much later, what was said then has happened
    put(store, percept("sound", "music", 100, 110))
    assert ask(store, "What did they say about the submarine?", t=110.0).evidence


def talk(store: Store, t: float, question: str, heard: str, full: str = "") -> None:
    line = {"spoken": True, "line": "1"}
    user = {"role": "user", "text": question, "start_s": t - 2, "end_s": t, **line}
    said = {"role": "assistant", "text": heard, "start_s": t, "end_s": t + 3, **line}
    log_turn(store, t, user)
    log_turn(store, t + 3, {**said, "interrupted": bool(full), "full_text": full or heard})


def test_what_the_assistant_was_told_is_evidence(store: Store) -> None:
    told = "The red folder is in the second drawer."
    put(store, said(told, 43, to="assistant"))
    put(store, said("Tell me about the red folder.", 47, to="assistant"))
    answer = ask(store, "Where is the red folder?")
    assert "second drawer" in answer.text and texts(answer) == {told}


def test_what_was_asked_and_answered(store: Store) -> None:
    put(store, said("Is my umbrella wet?", 43, to="assistant"))
    talk(store, 45, "Is my umbrella wet?", "I cannot tell.")
    talk(store, 50, "Was there a red car?", "Yes: red car,", "Yes: red car, from 0:05 to 0:20.")
    asked = ask(store, "What did I ask you about the umbrella?")
    assert "Is my umbrella wet?" in asked.text and texts(asked) == {"Is my umbrella wet?"}
    assert "red car" in ask(store, "What did I just ask you?").text
    assert "Is my umbrella wet?" in ask(store, "What was my first question?").text
    told = ask(store, "What did you say about the car?").text
    assert "Yes: red car," in told and "0:05 to" not in told  # what was heard
    assert ask(store, "Did I ask you about the weather?").text.startswith("I have no record")


def test_an_interrupted_answer_can_go_on(store: Store) -> None:
    talk(store, 50, "Was there a red car?", "Yes: red car,", "Yes: red car, from 0:05 to 0:20.")
    assert ask(store, "Go on.").text == "from 0:05 to 0:20."


# now


@pytest.mark.parametrize(
    ("question", "words", "evidence"),
    [
        ("What do you see now?", ["brown dog", "white cup", "EXIT ON THE LEFT"], "brown dog"),
        ("What am I holding?", ["white cup"], "white cup"),
        ("What's in my hand?", ["white cup"], "white cup"),
        ("What is this?", ["white cup"], "white cup"),
        ("What colour is this?", ["white"], "white cup"),
        ("How many people are here?", ["One"], "person in black"),
        ("Who is here?", ["One person"], "person in black"),
        ("Please read this.", ["EXIT ON THE LEFT"], "EXIT ON THE LEFT"),
        ("What does this say?", ["EXIT ON THE LEFT"], "EXIT ON THE LEFT"),
        ("Where is the dog?", ["left"], "brown dog"),
        ("这是什么?", ["white cup"], "white cup"),
        ("我手里拿着什么?", ["white cup"], "white cup"),
        ("你现在看到什么?", ["brown dog"], "brown dog"),
    ],
)
def test_now(store: Store, question: str, words: list[str], evidence: str) -> None:
    answer = ask(store, question)
    assert all(word in answer.text for word in words), answer.text
    assert evidence in texts(answer) and answer.supported
    assert "red car" not in answer.text and "WELCOME" not in answer.text


def test_the_newest_picture_is_the_evidence(store: Store) -> None:
    for t in (15.0, 41.0, 59.0):
        store.put_keyframe(t, b"jpeg")
    assert {e.keyframe for e in ask(store, "What do you see now?").evidence} == {"keyframes/3.jpg"}
    (dog,) = ask(store, "When did the dog appear?").evidence
    assert dog.keyframe == "keyframes/1.jpg"


@pytest.mark.parametrize("question", ["Is the door open?", "Is the dog sleeping?", "Is the tv on?"])
def test_what_cannot_be_seen_is_not_claimed(store: Store, question: str) -> None:
    answer = ask(store, question)
    assert not answer.supported and "cannot tell" in answer.text


@pytest.mark.parametrize(
    "question", ["What do you see now?", "What is this?", "Read this.", "What am I holding?"]
)
def test_nothing_in_view(tmp_path: Path, question: str) -> None:
    empty = Store(tmp_path / "e", create=True)
    put(empty, thing("car", "red", 5, 20), percept("text", "EXIT", 5, 20))
    answer = ask(empty, question)
    assert not answer.supported and not answer.evidence
    assert "car" not in answer.text and "EXIT" not in answer.text
    empty.close()
