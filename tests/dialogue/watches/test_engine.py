"""The state machines of watches, fed by hand. Times are stream seconds."""

from typing import Any

import pytest

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.engine import Engine, Watch
from omnilive.dialogue.watches.gate import Times
from omnilive.dialogue.watches.matching import Likeness, written
from tests.dialogue.watches.feed import CAR, CAR_HERE, DOG, Feed, percept
from tests.fakes import FakeEmbedder


def test_each_new_object_fires_once() -> None:
    feed = Feed(CAR)
    feed.thing("car", 3.0, t=3.1)
    feed.thing("dog", 4.0, t=4.1)
    feed.thing("car", 5.0, at=0.7, t=5.1)
    feed.until(60.0)
    assert feed.times() == [3.0, 5.0]
    first = feed.fired[0]
    assert (first.number, first.confidence, first.things[0].text) == (1, 0.9, "red car")


def test_a_colour_that_is_settled_later_counts_from_when_the_object_came() -> None:
    feed = Feed(r.Object(labels=("car",), colour="red"))
    car = feed.thing("car", 3.0, colour="grey", t=3.1)
    assert not feed.fired
    feed.object(car, "car", 3.0, 6.0, colour="red")
    feed.until(6.0)
    feed.object(car, "car", 3.0, 8.0, colour="red", final=True)
    feed.until(20.0)
    assert feed.times() == [3.0] and feed.fired[0].first_s == 3.0


def test_a_track_that_breaks_off_and_goes_on_nearby_is_the_same_thing() -> None:
    feed = Feed(CAR)
    car = feed.thing("car", 3.0, at=0.10, t=3.1)
    feed.object(car, "car", 3.0, 6.0, final=True, at=0.2)
    feed.thing("car", 7.0, at=0.25, t=7.1)  # a second of missed looks
    assert feed.times() == [3.0]
    feed.thing("car", 7.5, at=0.7, t=7.6)  # this one is elsewhere
    assert feed.times() == [3.0, 7.5]


def test_an_object_found_twice_in_one_place_is_one() -> None:
    feed = Feed(CAR, r.Count(of=CAR, n=2))
    feed.thing("car", 3.0, t=3.1)
    feed._fact += 1
    part = percept("object", "red car", 9, 4.0, 4.0, final=False, label="car", colour="red")
    part["data"]["box"] = [0.12, 0.12, 0.2, 0.4]
    feed.lines(part, t=5.0)
    assert feed.times() == [3.0]


def test_after_a_scene_cut_it_is_another_thing() -> None:
    feed = Feed(CAR)
    car = feed.thing("car", 3.0, t=3.1)
    cut = percept("scene", "picture in blue", 50, 6.0, 6.0, final=False, cut=True)
    feed.object(car, "car", 3.0, 6.0, final=True)
    feed.lines(cut)
    feed.thing("car", 6.0, t=6.1)
    assert feed.times() == [3.0, 6.0]


def test_what_is_there_when_the_watch_is_armed_has_not_appeared() -> None:
    feed = Feed(CAR)
    feed.thing("car", 3.0, t=3.1)
    feed.engine.put(Watch("late", r.Rule(what=CAR), armed_t=5.0))
    feed.engine.put(Watch("here", r.Rule(what=CAR_HERE), armed_t=5.0))
    assert [(f.watch, f.t) for f in feed.until(5.2)] == [("here", 5.0)]


def test_an_object_seen_too_unsurely_does_not_count() -> None:
    feed = Feed(CAR, min_confidence=0.8)
    car = feed.thing("car", 3.0, confidence=0.6, t=3.1)
    assert not feed.fired
    feed.object(car, "car", 3.0, 5.0, confidence=0.85, hidden=True)
    feed.object(car, "car", 3.0, 5.5, confidence=0.85)
    feed.until(5.5)
    assert feed.times() == [3.0]


def test_leaving_is_told_a_moment_later_and_not_when_the_stream_breaks_off() -> None:
    feed = Feed(r.Object(labels=("car",), event="leaves"))
    car = feed.thing("car", 3.0, t=3.1)
    feed.object(car, "car", 3.0, 8.0, final=True)
    feed.until(10.0)
    assert feed.times() == [8.0]
    car = feed.thing("car", 12.0, t=12.1)
    feed.lines({"seq": 9, "type": "gap", "t": 15, "start_s": 15.0, "end_s": 40.0, "source": 1})
    feed.object(car, "car", 12.0, 15.0, final=True)
    feed.until(60.0)
    assert feed.times() == [8.0]


def test_lasting_needs_the_whole_time_and_forgives_a_missed_look() -> None:
    feed = Feed(r.Lasts(of=CAR_HERE, for_s=10.0))
    car = feed.thing("car", 3.0, t=3.1)
    feed.object(car, "car", 3.0, 7.0, hidden=True)
    feed.until(8.0)
    feed.object(car, "car", 3.0, 8.0)  # back
    feed.until(12.9)
    assert not feed.fired
    feed.until(13.1)
    assert feed.times() == [13.0]
    feed.until(60.0)
    assert len(feed.fired) == 1


def test_what_went_just_before_its_time_was_up_did_not_last() -> None:
    feed = Feed(r.Lasts(of=CAR_HERE, for_s=10.0))
    car = feed.thing("car", 3.0, t=3.1)
    feed.object(car, "car", 3.0, 12.5, hidden=True)
    feed.until(14.0)
    feed.object(car, "car", 3.0, 12.5, final=True)
    feed.until(60.0)
    assert not feed.fired


def test_what_lasted_long_enough_though_that_is_known_only_after_it_left() -> None:
    feed = Feed(r.Lasts(of=CAR_HERE, for_s=10.0))
    car = feed.thing("car", 3.0)
    feed.object(car, "car", 3.0, 13.5, final=True)
    feed.until(20.0)
    assert feed.times() == [13.0]


def test_absence_counts_from_arming_and_from_each_last_sight() -> None:
    feed = Feed(r.Absent(of=CAR, for_s=10.0))
    feed.until(9.9)
    assert not feed.fired
    feed.until(12.0)
    car = feed.thing("car", 15.0, t=15.0)
    feed.object(car, "car", 15.0, 20.0, final=True)
    feed.until(29.9)
    assert feed.times() == [10.0]
    feed.until(31.0)
    assert feed.times() == [10.0, 30.0]


def test_absence_of_speech_waits_for_the_ears() -> None:
    feed = Feed(r.Absent(of=r.Speech(), for_s=10.0))
    feed.until(12.0, audio=8.0)
    assert not feed.fired
    feed.said("hello", 7.0, 9.0)
    feed.until(20.0, audio=16.9)
    assert not feed.fired
    feed.until(30.0, audio=17.1)
    assert feed.times() == [17.0]


def test_nothing_is_absent_from_what_nobody_perceives() -> None:
    feed = Feed(r.Absent(of=CAR, for_s=10.0))
    feed.lines({"seq": 1, "type": "gap", "t": 5, "start_s": 5.0, "end_s": 50.0, "source": 1})
    feed.until(55.0)
    assert not feed.fired
    feed.until(60.1)
    assert feed.times() == [60.0]
    blind = Feed(r.Absent(of=CAR, for_s=10.0))
    blind.until(1e12, audio=100.0)
    assert not blind.fired


def test_a_count_in_view_rises_falls_and_rises_again() -> None:
    feed = Feed(r.Count(of=CAR, n=2))
    feed.thing("car", 1.0, at=0.1, t=1.1)
    b = feed.thing("car", 4.0, at=0.5, t=4.1)
    feed.object(b, "car", 4.0, 8.0, at=0.5, final=True)
    feed.until(12.0)
    feed.thing("car", 15.0, at=0.75, t=15.1)
    assert feed.times() == [4.0, 15.0]
    assert [f.count for f in feed.fired] == [2, 2]


def test_an_exact_count_must_settle() -> None:
    feed = Feed(r.Count(of=CAR, op="==", n=1))
    feed.thing("car", 1.0, at=0.1)
    feed.thing("car", 1.5, at=0.5, t=1.6)
    feed.until(10.0)
    assert not feed.fired


def test_a_total_counts_each_and_tells_each_multiple() -> None:
    whats = (
        r.Count(of=CAR, n=3, scope="total"), r.Count(of=CAR, n=2, scope="total", each=True),
        r.Count(of=CAR, n=2, scope="total", window_s=5.0),
    )  # fmt: skip
    feed = Feed(*whats)
    for i in range(5):
        feed.thing("car", 4.0 * i, at=0.16 * i, t=4.0 * i)
    told = [(f.watch, f.t, f.count) for f in feed.fired]
    assert [x for x in told if x[0] == "w0"] == [("w0", 8.0, 3)]
    assert [x for x in told if x[0] == "w1"] == [("w1", 4.0, 2), ("w1", 12.0, 4)]
    assert [x for x in told if x[0] == "w2"] == [("w2", 4.0, 2)]  # stays true: 2 in any 5 s


def test_order_matters_in_a_sequence_and_so_does_time() -> None:
    feed = Feed(r.Sequence(first=CAR, then=DOG, within_s=5.0))
    feed.thing("dog", 1.0)
    feed.thing("car", 2.0, t=2.1)
    feed.until(8.0)
    feed.thing("dog", 8.5, at=0.6, t=8.6)
    assert not feed.fired
    feed.thing("car", 10.0, at=0.4)
    feed.thing("dog", 12.0, at=0.8, t=12.1)
    assert feed.times() == [12.0]
    assert [t.label for t in feed.fired[0].things] == ["car", "dog"]


def test_a_sequence_across_eye_and_ear_is_told_in_stream_time() -> None:
    feed = Feed(r.Sequence(first=r.Speech(any_of=("go",)), then=CAR, within_s=5.0))
    feed.thing("car", 6.0, t=6.0)  # the ear is slower: what was said before is known later
    feed.said("ready steady go", 3.0, 5.0)
    feed.until(7.0)
    assert feed.times() == [6.0]


def test_all_needs_them_at_the_same_time() -> None:
    feed = Feed(r.All(of=(CAR_HERE, r.Speech(any_of=("budget",)))))
    feed.said("the budget is late", 1.0, 2.0)
    feed.until(30.0)
    feed.thing("car", 40.0, t=41.0)
    assert not feed.fired
    feed.said("again the budget", 50.0, 51.0)
    feed.until(52.0)
    assert len(feed.fired) == 1 and feed.fired[0].t == pytest.approx(50.67, abs=0.5)
    assert {t.kind for t in feed.fired[0].things} == {"object", "speech"}


def test_not_inside_all_waits_until_it_can_no_longer_be_denied() -> None:
    rule = r.All(of=(r.Speech(any_of=("hello",)), r.Not(of=CAR_HERE)))
    feed = Feed(rule)
    feed.said("hello", 10.0, 10.4)
    feed.until(9.0, audio=10.5)  # the eye has not seen second 10 yet
    assert not feed.fired
    feed.thing("car", 9.5)
    feed.until(11.0)
    assert not feed.fired
    feed = Feed(rule)
    feed.said("hello", 10.0, 10.4)
    feed.until(10.5)
    assert feed.times() == [10.0]


def test_any_fires_for_each_of_them() -> None:
    feed = Feed(r.Any_(of=(CAR, DOG)))
    feed.thing("car", 3.0, t=3.1)
    feed.thing("dog", 6.0, t=6.1)
    assert feed.times() == [3.0, 6.0]


def test_a_periodic_watch_skips_what_nobody_saw() -> None:
    feed = Feed(r.Every(every_s=10.0))
    for t in (9.0, 10.5, 19.0, 20.1):
        feed.until(t)
    feed.lines({"seq": 1, "type": "gap", "t": 21, "start_s": 21.0, "end_s": 105.0, "source": 1})
    feed.until(109.0)
    feed.until(110.1)
    assert feed.times() == [10.0, 20.0, 110.0]


def test_text_is_found_though_it_was_misread() -> None:
    assert written("exit", "EXIT ON THE LEFT") == 1.0
    assert written("exit", "EXISTING ROUTES") == 0.0
    assert written("harbour workshop", "HARBOURWORKSHOP TODAY") > 0.9
    assert written("welcome", "WELC0ME ABOARD") > 0.82
    assert written("room 42", "ROOM 43 OPENS") == 0.0
    assert written("欢迎", "欢迎光临") == 1.0


def test_text_that_flickers_is_one_text() -> None:
    feed = Feed(r.Text(contains=("welcome",)))
    feed.text("WELCOME ABOARD", 3.0, 6.0)
    feed.text("WELCOME ABOARD", 7.5)
    feed.text("WELCOME ABOARD", 30.0)
    feed.until(31.0)
    assert feed.times() == [3.0, 30.0]


def test_speech_fires_from_a_partial_but_not_on_half_a_word() -> None:
    feed = Feed(r.Speech(any_of=("car",)))
    feed.said("look at the car", 1.0, 3.0, fact=7, final=False)
    assert not feed.fired  # it may become "carpet"
    feed.said("look at the carpet in the", 1.0, 4.0, fact=7, final=False)
    feed.said("look at the carpet in the car", 1.0, 5.0, fact=7)
    assert len(feed.fired) == 1
    feed = Feed(r.Speech(any_of=("car",)))
    feed.said("the car is", 1.0, 3.0, fact=7, final=False)
    feed.said("the car is here", 1.0, 4.0, fact=7)
    assert len(feed.fired) == 1


def test_a_word_is_dated_by_when_it_was_said() -> None:
    feed = Feed(r.Speech(any_of=("budget",)))
    words = [{"w": w, "s": 1.0 + i, "e": 1.5 + i} for i, w in enumerate("so the budget".split())]
    feed.said("so the budget", 1.0, 4.0, words=words)
    feed.until(5.0)
    assert feed.times() == [3.0]


def test_what_is_said_to_or_by_the_assistant_is_not_overheard() -> None:
    feed = Feed(r.Speech(any_of=("budget",)))
    feed.said("tell me about the budget", 1.0, 3.0, to="assistant")
    feed.said("the budget is fine", 4.0, 6.0, by="assistant")
    assert not feed.fired


def test_meaning_is_compared_by_the_embedder() -> None:
    engine = Engine(likeness=Likeness(FakeEmbedder()))
    engine.put(Watch("w", r.Rule(what=r.Speech(meaning="money for the kitchen"))))
    assert not engine.step([percept("speech", "the cat sleeps today", 1, 1.0, 2.0)], {})
    assert engine.step([percept("speech", "the kitchen money is gone", 2, 3.0, 4.0)], {})


def test_repeats_are_merged_and_cool_down_is_counted() -> None:
    feed = Feed(CAR, cooldown_s=10.0)
    for start_s in (1.0, 4.0, 8.0, 12.0):
        feed.thing("car", start_s, at=start_s * 0.06, t=start_s)
    assert feed.times() == [1.0, 12.0]
    assert [f.duplicate for f in feed.fired] == [0, 2]
    feed = Feed(CAR)
    feed.thing("car", 1.0, at=0.1)
    feed.thing("car", 1.0, at=0.6)
    feed.until(1.1)
    assert len(feed.fired) == 1


def test_once_is_once() -> None:
    feed = Feed(CAR, repeat="once")
    feed.thing("car", 1.0, t=1.1)
    feed.thing("car", 9.0, at=0.7, t=9.1)
    assert feed.times() == [1.0] and feed.engine.watches["w0"].state == "done"


def test_a_sleeping_watch_is_silent() -> None:
    when = r.Schedule(start="09:00", end="10:00", timezone="UTC")
    engine = Engine(wall0_s=9 * 3600 + 50 * 60)  # 1970-01-01 09:50 UTC
    engine.put(Watch("w", r.Rule(what=CAR, when=when)))
    early = percept("object", "red car", 1, 300.0, 300.0, final=False, label="car", colour="red")
    late = percept("object", "red car", 2, 700.0, 700.0, final=False, label="car", colour="red")
    assert engine.step([early], {1: Times(300, 300)})
    assert not engine.step([late], {1: Times(700, 700)})


def test_only_the_sources_named_count() -> None:
    engine = Engine()
    engine.put(Watch("w", r.Rule(what=CAR, where=("door.mp4",))))
    for source, name in ((1, "/clips/yard.mp4"), (2, "/clips/door.mp4")):
        engine.step([{"seq": 1, "type": "source", "t": 0, "source": source, "url": name}], {})
    made = [
        percept("object", "red car", n, 3.0, 3.0, final=False, label="car", source=n)
        for n in (1, 2)
    ]
    assert [f.things[0].source for f in engine.step(made, {})] == [2]


def test_more_urgent_watches_come_first() -> None:
    feed = Feed(r.Rule(what=CAR, urgency="low"), r.Rule(what=CAR), r.Rule(what=CAR, urgency="high"))
    feed.thing("car", 1.0)
    assert [f.rule.urgency for f in feed.fired] == ["high", "normal", "low"]


def test_a_gate_that_breaks_takes_only_its_own_watch_out(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = Feed(CAR, DOG)
    broken = feed.engine.watches["w0"].gate
    assert broken is not None

    def break_down(*_: Any) -> Any:
        raise RuntimeError("no power")

    monkeypatch.setattr(broken, "see", break_down)
    feed.thing("car", 1.0)
    feed.thing("dog", 2.0, t=2.1)
    assert [f.watch for f in feed.fired] == ["w1"]
    assert feed.engine.watches["w0"].state == "failed"
    assert "no power" in feed.engine.watches["w0"].error
