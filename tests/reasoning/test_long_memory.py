"""Answers from weeks: times of day, several times, what was merged, and several sessions."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from omnilive.core.events import Answer
from omnilive.memory.spans import Span
from omnilive.memory.store import Store
from omnilive.memory.wall import CREATED, ZONE
from omnilive.reasoning.counting import counts_at
from omnilive.reasoning.mind import Mind
from omnilive.reasoning.tallies import seen
from tests.fakes import FAKE_CONFIG
from tests.made import a_file, percept, put, said, thing

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 1, 5, 6, tzinfo=BERLIN)  # a Monday
NOW = START + timedelta(days=4, hours=9)  # Friday, 15:00


def t(day: int, hour: int, minute: int = 0) -> float:
    """Session time of a local time, `day` days after that Monday."""
    return (START.replace(hour=hour, minute=minute) + timedelta(days=day) - START).total_seconds()


def begun(folder: Path) -> Store:
    store = Store(folder, create=True)
    store.set_meta(CREATED, str(START.timestamp()))
    store.set_meta(ZONE, "Europe/Berlin")
    store.put_source(a_file(kind="network"))
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = begun(tmp_path_factory.mktemp("weeks") / "s")
    spans = [[t(0, 9), t(0, 9, 1)], [t(0, 11), t(0, 11, 1)], [t(0, 15), t(0, 15, 2)]]
    put(
        store,
        percept("scene", "picture in grey", 0.0, t(4, 15), palette=["grey"], final=False),
        said("The boiler costs 100 euros.", t(1, 10)),
        said("The boiler costs 200 euros.", t(2, 14)),
        said("The boiler costs 300 euros.", t(3, 18)),
        percept("sound", "doorbell", t(2, 12), t(2, 12) + 5),
        thing("cat", "grey", t(3, 8), t(3, 8, 5)),
        thing("cat", "grey", t(4, 14), t(4, 14, 5)),
        # Merged: five dogs on Monday, of which the times of three are known.
        percept("object", "brown dog", t(0, 9), t(0, 15, 2), label="dog", colour="brown",
                merged=5, total_s=400.0, peak=2, spans=spans),
        thing("dog", "brown", t(2, 9), t(2, 9, 1)),
    )  # fmt: skip
    yield store
    store.close()


def ask(store: Store, question: str) -> Answer:
    mind = Mind(FAKE_CONFIG)
    try:
        now_t = (NOW - START).total_seconds()
        return asyncio.run(mind.answer(store, "s", question, now_t))
    finally:
        mind.close()


@pytest.mark.parametrize(
    ("question", "euros"),
    [
        ("What was said about the boiler on Tuesday?", "100"),
        ("What was said about the boiler on Wednesday afternoon?", "200"),
        ("What was said about the boiler yesterday?", "300"),
        ("What was said about the boiler yesterday at six?", "300"),
        ("What was said about the boiler two days ago?", "200"),
        ("What was said about the boiler on January 6?", "100"),
        ("What was said about the boiler the first time?", "100"),
        ("What was said about the boiler the second time?", "200"),
        ("What was said about the boiler the last time?", "300"),
        ("What was said about the boiler before the doorbell rang?", "100"),
        ("After the doorbell rang, what was said about the boiler?", "200"),
    ],
)
def test_the_time_that_is_meant(store: Store, question: str, euros: str) -> None:
    answer = ask(store, question)
    assert answer.supported and euros in answer.text, answer.text
    assert euros in answer.evidence[0].text


def test_what_was_not_then_is_told_from_another_time(store: Store) -> None:
    answer = ask(store, "What was said about the boiler today?")
    assert "no record of that today" in answer.text and answer.evidence


def test_times_are_told_by_the_day(store: Store) -> None:
    assert "10:00 on Tuesday" in ask(store, "What was said about the boiler first?").text
    assert "14:00 today" in ask(store, "When did the cat come the last time?").text
    assert "08:00 yesterday" in ask(store, "When did the cat come?").text
    assert ask(store, "How long was the cat there?").text == "10 min in 2 stretches."


@pytest.mark.parametrize(
    ("question", "said_so"),
    [
        ("How many dogs were there in total?", "Six (6) dogs"),
        ("How often did the dog come on Monday?", "Five (5) times, on Monday"),
        ("How often did the dog come on Wednesday?", "One (1) time, on Wednesday"),
        ("How often did the dog come on Monday morning?",
         "At least two (2) times, on Monday morning, and perhaps 2 more"),
        ("How many dogs were there at the same time?", "Two (2) dogs"),
        ("When did the dog come the last time?", "09:00 on Wednesday"),
    ],
)  # fmt: skip
def test_what_was_merged_is_counted(store: Store, question: str, said_so: str) -> None:
    answer = ask(store, question)
    assert answer.supported and said_so in answer.text, answer.text


def test_what_happened_at_a_time(store: Store) -> None:
    answer = ask(store, "What happened on Wednesday?")
    assert "1 dog" in answer.text and "200 euros" in answer.text and answer.evidence


def test_tallies_are_taken_apart(store: Store) -> None:
    dogs = [f for f in store.facts(kinds=("object",)) if f.data.get("label") == "dog"]
    every = seen(dogs)
    assert (every.count, len(every.facts), every.more, every.maybe) == (6, 4, 2, 0)
    assert every.rest_s == pytest.approx(400 - 60 - 60 - 120)
    some = seen(dogs, [Span(t(0, 8), t(0, 12))])
    assert (some.count, some.more, some.maybe) == (2, 0, 2)


def test_counts_in_one_sweep(store: Store) -> None:
    cats = [f for f in store.facts(kinds=("object",)) if f.data.get("label") == "cat"]
    assert counts_at(cats, [t(3, 8, 1), t(3, 9), t(4, 14)]) == {
        t(3, 8, 1): 1, t(3, 9): 0, t(4, 14): 1,
    }  # fmt: skip


def test_a_search_takes_time_words_and_finds_nothing_where_nothing_was(store: Store) -> None:
    mind = Mind(FAKE_CONFIG)
    found = mind.search(store, "boiler on Wednesday", 5)
    assert [hit.text for hit in found] == ["The boiler costs 200 euros."]
    assert mind.search(store, "submarine volcano") == []
    for query in ("x " * 10_000, "'; DROP TABLE fact; --", '"NEAR(" AND * ^', "\x00"):
        mind.search(store, query, 3)
    mind.close()


def test_several_sessions(store: Store, tmp_path: Path) -> None:
    other = begun(tmp_path / "o")
    put(
        other,
        thing("dog", "white", t(1, 9), t(1, 9, 1)),
        said("The keys are on the shelf.", t(1, 12)),
        said("Lovely weather in the garden.", t(2, 12)),
    )
    mind, wall = Mind(FAKE_CONFIG), NOW.timestamp()
    stores = {"hall": store, "garden": other}

    def answer(question: str) -> Answer:
        return asyncio.run(mind.answer_all(stores, question, wall))

    keys = answer("What was said about the keys?")
    assert keys.session == "garden" and keys.supported and "shelf" in keys.text
    assert [item.session for item in keys.evidence] == ["garden"]
    told = keys.as_json()
    assert told["sessions"] == ["hall", "garden"] and told["evidence"][0]["session"] == "garden"
    assert answer("How many dogs were there in total?").text.startswith("Seven (7) in all")
    assert answer("When did the dog come the last time?").session == "hall"
    assert not answer("What was said about the submarine?").supported
    found = mind.search_all(stores, "keys", 5, wall)
    assert (found[0].session, found[0].evidence.session) == ("garden", "garden")
    assert found[0].wall_s == pytest.approx(START.timestamp() + t(1, 12))
    mind.close()
    other.close()


def test_what_only_an_episode_tells_of_is_found_coarsely(tmp_path: Path) -> None:
    store = begun(tmp_path / "c")
    put(store, said("Dinner is ready.", t(1, 10)))
    id = store.put_moment(t(1, 9), t(1, 13), "said: Dinner is ready.; said: The zeppelin landed.")
    store.execute("UPDATE moment SET level = 1, size = 900 WHERE id = ?", id)
    answer = ask(store, "What was said about the zeppelin?")
    assert answer.supported and "to within 4 h" in answer.text and "zeppelin landed" in answer.text
    (item,) = answer.evidence
    assert (item.kind, item.id, item.coarse_s) == ("moment", id, 4 * 3600)
    assert answer.as_json()["evidence"][0]["coarse_s"] == 14400
    dinner = ask(store, "What was said about dinner?")
    assert dinner.evidence[0].kind == "speech" and not dinner.evidence[0].coarse_s
    store.close()
