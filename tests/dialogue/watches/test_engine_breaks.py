"""The engine over restarts, broken sources, late news and weeks: nothing is lost or kept."""

import time
from typing import Any

import pytest

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.gate import Times
from tests.dialogue.watches.feed import CAR, CAR_HERE, DOG, Feed

RULES = {
    "appears": CAR, "leaves": r.Object(labels=("car",), event="leaves"), "here": CAR_HERE,
    "lasts": r.Lasts(of=CAR_HERE, for_s=5.0), "absent": r.Absent(of=CAR, for_s=4.0),
    "view": r.Count(of=CAR, n=2), "few": r.Count(of=CAR, op="<=", n=0),
    "total": r.Count(of=CAR, n=2, scope="total", window_s=20.0),
    "order": r.Sequence(first=CAR, then=DOG), "speech": r.Speech(any_of=("go",)),
    "all": r.All(of=(CAR_HERE, r.Not(of=r.Object(labels=("dog",), event="present")))),
    "both": r.All(of=(CAR_HERE, r.Speech(any_of=("go",)))),
    "any": r.Any_(of=(CAR, DOG)), "every": r.Every(every_s=7.0), "text": r.Text(),
}  # fmt: skip


def story(feed: Feed) -> Any:
    """Half a minute in which each rule has something to do; yields after each step."""
    car = feed.thing("car", 1.0, t=1.2)
    yield
    feed.text("WELCOME ABOARD", 2.0, 3.0)
    yield
    other = feed.thing("car", 3.0, at=0.6, t=3.1)
    yield
    feed.said("ready and go now", 4.0, 5.0)
    feed.until(5.2)
    yield
    feed.thing("dog", 6.0, at=0.4, t=6.1)
    yield
    feed.object(car, "car", 1.0, 9.0, final=True)
    feed.until(9.5)
    yield
    feed.object(other, "car", 3.0, 10.0, hidden=True, at=0.6)
    feed.until(10.5)
    yield
    feed.object(other, "car", 3.0, 10.0, final=True, at=0.6)
    feed.until(12.0)
    yield
    feed.thing("car", 15.0, at=0.2, t=16.0)
    yield
    feed.until(30.0)
    yield


def test_every_rule_of_the_story_fires() -> None:
    feed = Feed(*RULES.values())
    list(story(feed))
    assert {f.watch for f in feed.fired} == {f"w{i}" for i in range(len(RULES))}


@pytest.mark.parametrize("name", RULES)
def test_a_restart_between_any_two_steps_changes_nothing(name: str) -> None:
    whole = Feed(RULES[name])
    list(story(whole))
    feed = Feed(RULES[name])
    for _ in story(feed):
        feed.restart()
        feed.engine.world.stale.clear()
    assert [(f.t, f.number, f.count) for f in feed.fired] == [
        (f.t, f.number, f.count) for f in whole.fired
    ]


def test_after_a_broken_off_file_goes_on_nothing_is_told_twice() -> None:
    feed = Feed(CAR, r.Text(), r.Speech(any_of=("go",)))
    feed.thing("car", 1.0, t=1.1)
    feed.text("WELCOME", 2.0)
    feed.said("ready steady go", 3.0, 4.0)
    feed.thing("car", 4.0, at=0.7, t=4.2)
    assert len(feed.fired) == 4
    feed.restart()
    resumed = {"seq": 9, "type": "source", "t": 2.5, "source": 1, "state": "resumed"}
    feed.lines(resumed)
    feed._fact = 100
    feed.text("WELCOME", 2.5)  # texts begin anew where it broke
    feed.said("ready steady go", 3.0, 4.0)
    feed.thing("car", 4.0, at=0.7)
    feed.until(6.0)
    assert len(feed.fired) == 4
    feed.thing("car", 9.0, at=0.4, t=9.1)
    assert len(feed.fired) == 5


def test_an_utterance_cut_off_by_the_break_counts_once_and_is_heard_whole() -> None:
    feed = Feed(r.Speech(), r.Speech(any_of=("go",)))
    feed.said("ready steady", 3.0, 4.0, fact=7, final=False)
    feed.restart()
    feed.lines({"seq": 9, "type": "source", "t": 2.5, "source": 1, "state": "resumed"})
    feed.said("ready steady go now", 3.1, 5.0, fact=90)
    assert [f.watch for f in feed.fired] == ["w0", "w1"]


def test_a_source_that_broke_off_holds_up_no_other() -> None:
    feed = Feed(r.Absent(of=CAR_HERE, for_s=5.0))
    feed.thing("car", 1.0, t=2.0)
    feed.lines(source_line(1, "interrupted"))
    fired = feed.engine.step([source_line(2, "began")], {2: Times(4.0, 4.0)})
    fired += feed.engine.step([], {2: Times(30.0, 30.0)})
    assert [firing.t for firing in fired] == [6.0]  # the car was seen last at 1.0


def test_a_camera_that_is_offline_holds_up_no_other_for_long() -> None:
    feed = Feed(r.Lasts(of=CAR_HERE, for_s=10.0))
    feed.engine.step([], {1: Times(5.0, 5.0), 2: Times(5.0, 5.0)})
    feed.thing("car", 5.0)
    assert feed.engine.step([], {1: Times(60.0, 60.0)}) == []
    (fired,) = feed.engine.step([], {1: Times(70.0, 70.0)})
    assert fired.t == 15.0


def test_a_gap_at_one_camera_is_none_at_another() -> None:
    feed = Feed(r.Absent(of=CAR_HERE, for_s=30.0), where=("camera2",))
    feed.engine.step([source_line(1, "began"), source_line(2, "began")], {})
    gap = {"seq": 1, "t": 20.0, "type": "gap", "start_s": 10.0, "end_s": 20.0, "reason": ""}
    feed.engine.step([{**gap, "source": 1}], {1: Times(20.0, 20.0), 2: Times(20.0, 20.0)})
    (fired,) = feed.engine.step([], {1: Times(35.0, 35.0), 2: Times(35.0, 35.0)})
    assert fired.t == 30.0
    assert feed.engine.step([{**gap, "t": 50.0, "end_s": 50.0}], {2: Times(51.0, 51.0)}) == []


def test_what_a_source_left_open_is_not_there_any_more_when_it_is_over() -> None:
    feed = Feed(r.Lasts(of=CAR_HERE, for_s=10.0), r.Absent(of=CAR_HERE, for_s=5.0))
    feed.thing("car", 1.0, t=2.0)
    feed.engine.close(1, 2.0)
    fired = feed.engine.step([source_line(2, "began")], {2: Times(4.0, 4.0)})
    fired += feed.engine.step([], {2: Times(40.0, 40.0)})
    assert [(firing.watch, firing.t) for firing in fired] == [("w1", 6.0)]


@pytest.mark.parametrize("what", [CAR, r.Object(labels=("car",), event="leaves")])
def test_what_stays_for_long_is_not_forgotten_for_what_passes(what: r.Object) -> None:
    feed = Feed(what)
    stays = feed.thing("car", 1.0, at=0.7, t=2.0)
    for n in range(150):
        t = 10.0 + 10 * n
        passing = feed.thing("car", t, at=0.1, t=t + 1)
        feed.object(passing, "car", t, t + 2, final=True)
        feed.until(t + 5)
    before = len(feed.fired)
    feed.object(stays, "car", 1.0, 2000.0, at=0.7, position="right")  # it is moved a little
    feed.until(2001.0)
    assert len(feed.fired) == before
    feed.object(stays, "car", 1.0, 2010.0, at=0.7, final=True)
    feed.until(2020.0)
    assert len(feed.fired) == before + (what.event == "leaves")


def test_a_watch_that_is_done_keeps_nothing_of_what_follows() -> None:
    feed = Feed(CAR, repeat="once")
    for n in range(20):
        fact = feed.thing("car", 1.0 + 10 * n, t=2.0 + 10 * n)
        feed.object(fact, "car", 1.0 + 10 * n, 3.0 + 10 * n, final=True)
    assert feed.times() == [1.0]
    assert feed.engine.watches["w0"].edges == []


def test_a_count_without_a_window_keeps_no_times() -> None:
    feed = Feed(r.Count(of=CAR, n=1000, scope="total"))
    for n in range(60):
        fact = feed.thing("car", 1.0 + 10 * n, t=2.0 + 10 * n)
        feed.object(fact, "car", 1.0 + 10 * n, 3.0 + 10 * n, final=True)
    watch = feed.engine.watches["w0"]
    assert watch.gate is not None
    assert watch.gate.value()["count"] == 60
    assert watch.gate.dump()["times"] == []


def test_what_is_known_late_is_told_though_something_later_was_told_before() -> None:
    feed = Feed(r.Any_(of=(CAR, r.Speech(any_of=("stop",)))))
    feed.thing("car", 10.0, t=10.5)
    feed.said("please stop", 4.0, 9.0)
    feed.until(12.0)
    assert len(feed.fired) == 2 and feed.fired[1].t < 9.0


def test_a_cool_down_also_holds_for_what_is_known_late() -> None:
    feed = Feed(r.Any_(of=(CAR, r.Speech(any_of=("stop",)))), cooldown_s=20.0)
    feed.thing("car", 10.0, t=10.5)
    feed.said("please stop", 4.0, 9.0)
    feed.until(12.0)
    assert feed.times() == [10.0] and feed.engine.watches["w0"].duplicate == 1


def test_a_long_gap_costs_a_periodic_watch_nothing() -> None:
    feed = Feed(r.Every(every_s=1e-6), repeat="once")
    feed.until(1e-7)
    gap = {
        "seq": 1,
        "t": 1e6,
        "type": "gap",
        "start_s": 1.0,
        "end_s": 1e6,
        "reason": "",
        "source": 1,
    }
    began = time.perf_counter()
    feed.lines(gap)
    assert time.perf_counter() - began < 1.0


def source_line(source: int, state: str) -> dict[str, Any]:
    body = {"source": source, "url": f"rtsp://camera{source}", "state": state}
    return {"seq": 1, "t": 0.0, "type": "source", **body}


def test_a_watch_whose_time_zone_is_gone_takes_only_itself_out() -> None:
    nowhere = r.Schedule(start="08:00", end="20:00", timezone="Nowhere/At_All")
    feed = Feed(r.Rule(what=CAR, when=nowhere), CAR)
    feed.thing("car", 1.0, t=2.0)
    assert [firing.watch for firing in feed.fired] == ["w1"]
    assert feed.engine.watches["w0"].state == "failed"
