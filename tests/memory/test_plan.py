"""Words of time in questions, and what they mean on the clock on the wall."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from omnilive.core.errors import ConfigError
from omnilive.memory.plan import Plan, before_or_after, plan, times_meant
from omnilive.memory.spans import Span
from omnilive.memory.store import Store
from omnilive.memory.wall import (
    CREATED,
    ZONE,
    WallClock,
    WallMarks,
    note_wall,
    now_in,
    zone_called,
)
from tests.made import a_file

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 1, 5, 6, tzinfo=BERLIN)  # a Monday
CLOCK = WallClock(((0.0, START.timestamp()),), BERLIN)
NOW = datetime(2026, 1, 16, 15, 30, tzinfo=BERLIN)  # the Friday of the week after


def at(clock: WallClock, wall: datetime) -> float:
    return clock.session_time(wall.timestamp())


def asked(question: str, now: datetime = NOW, clock: WallClock = CLOCK) -> Plan:
    return plan(question, clock, at(clock, now))


def only(found: Plan) -> Span:
    assert found.within is not None
    (span,) = found.within
    return span


def told(found: Plan, clock: WallClock = CLOCK) -> list[str]:
    return [
        f"{clock.local(a):%d %H:%M}-{clock.local(b):%d %H:%M}" for a, b in found.within or ()
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "text", "spans"),
    [
        ("What was said about tea yesterday?", "What was said about tea?", ["15 00:00-16 00:00"]),
        ("What did he say this morning?", "What did he say?", ["16 04:00-16 12:00"]),
        ("Who came on Tuesday afternoon?", "Who came?", ["13 12:00-13 18:00"]),
        ("In the evening on Monday, who came?", "who came?", ["12 17:00-13 00:00"]),
        ("Who came last Friday?", "Who came?", ["09 00:00-10 00:00"]),
        ("Who came on Friday?", "Who came?", ["16 00:00-17 00:00"]),
        ("What was said about tea yesterday between 2 and 3 pm?", "What was said about tea?",
         ["15 14:00-15 15:00"]),
        ("Yesterday from 12 to 1 pm, who came?", "who came?", ["15 12:00-15 13:00"]),
        ("Who came an hour ago?", "Who came?", ["16 14:10-16 14:50"]),
        ("Who came in the last ten minutes?", "Who came?", ["16 15:20-16 15:30"]),
        ("Who came on the 7th of January?", "Who came?", ["07 00:00-08 00:00"]),
        ("Who came on January 7, 2026?", "Who came?", ["07 00:00-08 00:00"]),
        ("Who came three days ago?", "Who came?", ["13 00:00-14 00:00"]),
        ("Who came the day before yesterday?", "Who came?", ["14 00:00-15 00:00"]),
        ("Who came last night?", "Who came?", ["15 18:00-16 06:00"]),
        ("Who came at half past two?", "Who came?",
         ["16 02:25-16 02:35", "16 14:25-16 14:35"]),
        ("Who came before noon?", "Who came?", ["16 00:00-16 12:00"]),
        ("Who came at 4 pm?", "Who came?", ["15 15:30-15 16:30"]),  # today it is not yet 4 pm
        ("Who came last week?", "Who came?", ["05 00:00-12 00:00"]),
        ("昨天下午两点半说了什么?", "说了什么?", ["15 14:25-15 14:35"]),
        ("星期二上午有谁来过?", "有谁来过?", ["13 04:00-13 12:00"]),
        ("三天前有人说了什么?", "有人说了什么?", ["13 00:00-14 00:00"]),
        ("下午两点到三点之间发生了什么?", "发生了什么?", ["16 14:00-16 15:00"]),
        ("어제 오후 3시에 누가 왔어?", "누가 왔어?", ["15 14:30-15 15:30"]),
    ],
)  # fmt: skip
def test_when(question: str, text: str, spans: list[str]) -> None:
    found = asked(question)
    assert found.text == text and told(found) == spans


@pytest.mark.parametrize(
    "question",
    [
        "What did he say about Monday?", "When is the invoice due?", "How long was the dog there?",
        "Did the dog come before or after the cat?", "What happened before the car came?",
        "From what platform does the train leave?", "Is anybody at the door?",
        "What did the second speaker say?", "Across which river do they build?", "", "昨", "??",
        "What is planned for next Monday?", "How many are there at two tables?",
    ],
)  # fmt: skip
def test_what_is_no_time_stays(question: str) -> None:
    assert asked(question) == Plan(text=question)


@pytest.mark.parametrize(
    ("question", "text", "order"),
    [
        ("When did the dog come the last time?", "When did the dog come?", -1),
        ("What was said about tea for the first time?", "What was said about tea?", 0),
        ("What was said about tea the second time?", "What was said about tea?", 1),
        ("最后一次看到狗是什么时候?", "看到狗是什么时候?", -1),
    ],
)
def test_which_time(question: str, text: str, order: int) -> None:
    found = asked(question)
    assert (found.text, found.order, found.within) == (text, order, None)


@pytest.mark.parametrize(
    ("question", "text", "relation", "anchor"),
    [
        ("What was said about tea before the bell rang?", "What was said about tea?", "before",
         "the bell rang"),
        ("After the bell rang, what was said about tea?", "what was said about tea?", "after",
         "the bell rang"),
        ("What did she say about tea while the dog barked?", "What did she say about tea?",
         "during", "the dog barked"),
        ("门铃响之前有人说了什么关于火锅?", "有人说了什么关于火锅?", "before", "门铃响"),
    ],
)  # fmt: skip
def test_before_and_after(question: str, text: str, relation: str, anchor: str) -> None:
    found = asked(question)
    assert (found.text, found.relation, found.anchor) == (text, relation, anchor)
    assert before_or_after("before", Span(50, 60), 100).end_s == 50
    assert before_or_after("after", Span(50, 60), 100) == Span(60, 100)


def test_a_minute_and_second_of_a_short_stream() -> None:
    short = plan("What was said at 0:15?", CLOCK, 60.0)
    assert short.within is not None and any(a <= 15.0 <= b for a, b in short.within)
    long = asked("What was said at 14:20?")
    assert told(long) == ["16 14:15-16 14:25"]


def test_what_is_said_now_about_a_stream_that_ended_long_ago() -> None:
    now_s = at(CLOCK, NOW)
    found = plan("Who came yesterday?", CLOCK, now_s - 86400, now_s)
    assert told(found) == ["15 00:00-16 00:00"]


def test_summer_begins_and_ends() -> None:
    spring = WallClock(((0.0, datetime(2026, 3, 27, 12, tzinfo=BERLIN).timestamp()),), BERLIN)
    monday = datetime(2026, 3, 30, 12, tzinfo=BERLIN)
    day = only(asked("Who came yesterday?", monday, spring))
    assert day.end_s - day.start_s == 23 * 3600
    span = only(asked("Who came yesterday at 14:00?", monday, spring))
    assert f"{spring.local(span.start_s):%H:%M}" == "13:55"
    autumn = WallClock(((0.0, datetime(2026, 10, 23, 12, tzinfo=BERLIN).timestamp()),), BERLIN)
    later = datetime(2026, 10, 26, 12, tzinfo=BERLIN)
    day = only(asked("Who came yesterday?", later, autumn))
    assert day.end_s - day.start_s == 25 * 3600
    twice = only(asked("Who came yesterday between 2 and 3 am?", later, autumn))
    assert twice.end_s - twice.start_s == 2 * 3600  # the clock showed that hour twice


def test_the_clock_on_the_wall_may_jump(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", create=True)
    store.set_meta(CREATED, str(START.timestamp()))
    store.set_meta(ZONE, "Europe/Berlin")
    assert not note_wall(store, 100.0, START.timestamp() + 101)  # no jump
    assert note_wall(store, 1000.0, START.timestamp() + 8200)  # slept for two hours
    clock = WallClock.of(store)
    assert f"{clock.local(999):%H:%M}" == "06:16" and f"{clock.local(1000):%H:%M}" == "08:16"
    assert clock.times(START.timestamp(), START.timestamp() + 7200) == [Span(0.0, 1000.0)]
    assert note_wall(store, 2000.0, START.timestamp() + 1000)  # set back: the hour comes twice
    clock = WallClock.of(store)
    found = clock.times(START.timestamp() + 900, START.timestamp() + 1100)
    assert found == [Span(900.0, 1000.0), Span(2000.0, 2100.0)]
    assert now_in(store, 5.0) is None  # nothing watched yet
    wall = clock.wall(3000.0) + 60.0
    looks = WallMarks(store, lambda: 3000.0, lambda: wall)
    assert looks.observe(None) == [] and WallClock.of(store).wall(3000.0) == wall
    wall += 60.0
    assert looks.observe(None) == []  # not looked at again so soon
    assert WallClock.of(store).wall(3000.0) == wall - 60.0
    store.put_source(a_file(kind="network"))
    assert now_in(store, 5.0) == 5.0
    store.put_source(a_file())
    assert now_in(store, 5.0) is None  # a file's time stands still
    store.close()


def test_zones_and_times_that_are_none() -> None:
    with pytest.raises(ConfigError, match="Atlantis"):
        zone_called("Atlantis/Capital")
    with pytest.raises(ConfigError, match="no time in"):
        times_meant("the red car", CLOCK, 1000.0)
    assert times_meant("in the last minute", CLOCK, 1000.0) == (Span(940.0, 1000.0),)
    for question in ("x" * 10_000, "yesterday " * 2000, "'; DROP TABLE fact; -- \" * ()", "İİ ago"):
        asked(question)
