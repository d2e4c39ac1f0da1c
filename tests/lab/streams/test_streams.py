"""Made-up streams: deterministic, in order, as perception tells it, and needles that are there."""

import itertools
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from omnilive.core.errors import ConfigError
from omnilive.core.events import Event, Keyframe, Percept
from omnilive.memory.ledger import Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.search.words import content_words
from omnilive.memory.store import Store
from omnilive_lab.streams import plant, stream
from omnilive_lab.streams.places import PLACES
from omnilive_lab.streams.times import namings
from tests.made import a_file

MONDAY = datetime(2026, 1, 5, 6, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
BERLIN = "Europe/Berlin"


def percepts(events: list[Event]) -> list[Percept]:
    return [event for event in events if isinstance(event, Percept)]


def told(events: list[Event]) -> list[tuple[object, ...]]:
    return [(type(e), e.t, getattr(e, "text", ""), getattr(e, "data", None)) for e in events]


def test_the_same_seed_gives_the_same_stream() -> None:
    runs = [list(stream(s, 6, MONDAY, zone=BERLIN)) for s in (1, 1, 2)]
    assert told(runs[0]) == told(runs[1]) != told(runs[2])
    assert plant(3, 48, MONDAY)[0].questions == plant(3, 48, MONDAY)[0].questions
    assert plant(3, 48, MONDAY)[0].questions != plant(4, 48, MONDAY)[0].questions


@pytest.mark.parametrize("place", PLACES)
def test_a_day_is_in_order_and_quiet_at_night(place: str) -> None:
    events = list(stream(5, 30, MONDAY, place=place, zone=BERLIN))
    assert all(one.t <= two.t for one, two in itertools.pairwise(events))
    found = percepts(events)
    kinds = Counter(p.kind for p in found)
    assert set(kinds) == {"speech", "object", "scene", "text", "sound"} and kinds["speech"] > 100
    night = [p for p in found if 20 * 3600 < p.t < 21 * 3600 and p.kind == "speech"]  # 2 am
    noon = [p for p in found if 6 * 3600 < p.t < 7 * 3600 and p.kind == "speech"]
    assert len(night) < len(noon)


def test_what_comes_also_goes() -> None:
    latest: dict[str, Percept] = {}
    for p in percepts(list(stream(6, 12, MONDAY))):
        assert p.start_s <= p.end_s <= p.t + 1e-6
        before = latest.get(p.data["id"])
        assert before is None or (not before.final and before.text == p.text)
        latest[p.data["id"]] = p
    assert all(p.final for p in latest.values())


def test_keyframes_are_pictures_and_optional() -> None:
    plain = [e for e in stream(7, 8, MONDAY) if isinstance(e, Keyframe)]
    assert plain and all(e.is_cut and not e.jpeg for e in plain)
    shown = [e for e in stream(7, 8, MONDAY, keyframes=True) if isinstance(e, Keyframe)]
    assert len(shown) > len(plain) and all(e.jpeg.startswith(b"\xff\xd8") for e in shown)


def test_an_unknown_place_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="workshop"):
        next(stream(1, 1, MONDAY, place="moon"))


@pytest.mark.parametrize("hours", [1, 72])
def test_needles_are_in_the_stream_where_the_questions_say(hours: float) -> None:
    needles = plant(8, hours, MONDAY, zone=BERLIN)
    events = list(stream(8, hours, MONDAY, zone=BERLIN, needles=needles))
    known = {id(e) for e in events}
    assert all(id(e) in known for needle in needles for e in needle.events)
    assert all(one.t <= two.t for one, two in itertools.pairwise(events))
    questions = [q for needle in needles for q in needle.questions]
    assert {q.kind for q in questions} == {
        "what", "when", "order", "count", "duration", "implicit", "reference", "unanswerable",
    }  # fmt: skip
    for needle in needles:
        spans = [(p.start_s, p.end_s) for p in needle.events if isinstance(p, Percept) and p.final]
        for question in needle.questions:
            assert bool(question.spans) == (question.kind != "unanswerable")
            for start_s, end_s in question.spans:
                assert any(abs(a - start_s) < 0.02 and abs(b - end_s) < 0.02 for a, b in spans)
                assert 0 < start_s < end_s < hours * 3600


def test_the_families_share_no_wording() -> None:
    asked: dict[str, set[str]] = {"train": set(), "held-out": set()}
    for seed in range(6):
        for needle in plant(seed, 72, MONDAY):
            for question in needle.questions:
                asked[question.family].add(question.text)
    assert len(asked["train"]) > 200 and not asked["train"] & asked["held-out"]


def test_life_never_speaks_of_a_needle() -> None:
    """What life says shares few words with any needle."""
    for seed, place in enumerate(PLACES):
        life = [set(content_words(p.text)) for p in percepts(list(stream(seed, 48, MONDAY,
                place=place))) if p.kind in ("speech", "text")]  # fmt: skip
        for needle in plant(seed, 48, MONDAY):
            asked = [q for q in needle.questions if q.kind == "what" and q.language == "en"]
            for event in needle.events if asked else ():
                if isinstance(event, Percept) and len(event.text.split()) > 5:
                    wanted = set(content_words(event.text))
                    assert all(len(wanted & words) <= 0.5 * len(wanted) for words in life)


@pytest.mark.parametrize("zone", ["UTC", BERLIN, "America/New_York"])
def test_times_mean_what_they_name(zone: str) -> None:
    ask = datetime(2026, 4, 2, 15, 30, tzinfo=ZoneInfo(zone))  # clocks went forward on 29 March
    for hours_ago in (0.3, 1, 5, 23, 30, 47, 80, 130, 400):
        then = ask - timedelta(hours=hours_ago)
        for family in ("train", "held-out"):
            for naming in namings(then.timestamp(), ask.timestamp(), zone, family):
                assert naming.means(then.timestamp()), naming
    words = {n.text for n in namings((ask - timedelta(hours=26)).timestamp(), ask.timestamp(),
                                     zone, "train")}  # fmt: skip
    assert {"yesterday", "yesterday afternoon", "yesterday between 1 and 2 pm"} <= words


def test_the_ledger_takes_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", create=True)
    ledger = Ledger.begin(store, store.put_source(a_file()), 0.0, 0.0, MomentConfig(), None)
    events = list(stream(9, 2, MONDAY + 7200, needles=plant(9, 2, MONDAY + 7200)))
    ledger.write(events, 7200.0, 7200.0)
    ledger.finish(7200.0)
    counts = store.counts()
    assert counts["moment"] > 300 and counts["fact"] > 200
    assert not [f for f in store.facts() if f.open]
    store.close()
