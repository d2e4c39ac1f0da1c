import numpy as np
import pytest

from omnilive.core.events import Event, Gap, Keyframe, SourceHealth
from omnilive.memory.ledger import Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.store import Store
from tests.fakes import FakeEmbedder
from tests.made import a_file, percept, said, thing

EMBEDDER = FakeEmbedder()


class Breaking(FakeEmbedder):
    def embed(self, texts: list[str]) -> np.ndarray:
        raise RuntimeError("no power")


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return begin(store)


def begin(store: Store, offset_s: float = 0.0, embedder: FakeEmbedder = EMBEDDER) -> Ledger:
    source = store.put_source(a_file(offset_s=offset_s))
    return Ledger.begin(store, source, offset_s, offset_s, MomentConfig(), embedder)


def types(store: Store) -> list[str]:
    return [entry.type for entry in store.log_after(0)]


def test_a_partial_is_kept_but_is_no_line_of_the_log(store: Store, ledger: Ledger) -> None:
    (line,) = ledger.write([percept("speech", "hel", 1, 2, final=False, id="speech0")], 2, 1)
    assert (line["seq"], line["text"], line["final"]) == (None, "hel", False)
    assert [(f.text, f.open) for f in store.facts()] == [("hel", True)]
    (line,) = ledger.write([percept("speech", "hello", 1, 2, id="speech0")], 2, 2)
    assert line["seq"] == 1 and line["id"] == store.facts()[0].id
    assert [(f.text, f.open) for f in store.facts()] == [("hello", False)]
    assert [e.body["text"] for e in store.log_after(0)] == ["hello"]


def test_a_partial_that_came_to_nothing_goes(store: Store, ledger: Ledger) -> None:
    ledger.write([percept("speech", "hm", 1, 2, final=False, id="speech0")], 2, 1)
    assert ledger.write([percept("speech", "", 1, 2, id="speech0")], 2, 2) == []
    assert store.facts() == [] and store.last_seq() == 0


def test_two_sources_do_not_mix_their_numbers(store: Store) -> None:
    for ledger in (begin(store), begin(store, offset_s=100.0)):
        start_s = ledger.offset_s
        ledger.write([said("hello", start_s, id="speech0")], start_s, start_s)
    assert len(store.facts()) == 2


def test_open_objects_last_while_the_stream_goes_on(store: Store, ledger: Ledger) -> None:
    ledger.write([thing("car", "red", 1, 1, final=False, id="object0")], 1, 1)
    ledger.write([], 6, 5)  # someone has been speaking since 5
    assert store.facts()[0].end_s == 6
    ledger.write([thing("car", "red", 1, 6.5, id="object0")], 8, 8)
    assert (store.facts()[0].end_s, store.facts()[0].open) == (6.5, False)


def test_gaps_and_health_are_lines(store: Store, ledger: Ledger) -> None:
    events: list[Event] = [
        SourceHealth(t=3.0, state="stalled", detail="no data"),
        Gap(t=3.0, end_t=9.0, reason="connection lost"),
    ]
    ledger.write(events, 9, 9)
    health, gap = store.log_after(0)
    assert (health.type, health.body["state"]) == ("health", "stalled")
    assert gap.body == {"start_s": 3.0, "end_s": 9.0, "reason": "connection lost", "source": 1}
    assert (store.sources()[0].state, store.sources()[0].detail) == ("stalled", "no data")


def test_moments_follow_scene_cuts_and_are_searchable(store: Store, ledger: Ledger) -> None:
    ledger.write([Keyframe(t=0.0, jpeg=b"one", is_cut=True), thing("car", "red", 0, 6)], 3, 3)
    ledger.write([Keyframe(t=6.0, jpeg=b"two", is_cut=True), thing("bus", "blue", 6, 12)], 7, 7)
    (first,) = store.moments()
    assert (first.start_s, first.end_s, first.text) == (0.0, 6.0, "red car")
    lines = ledger.finish(12.0)
    second = store.moments()[-1]
    assert (second.text, second.keyframe) == ("blue bus", "keyframes/2.jpg")
    assert lines[-1]["type"] == "moment" and lines[-1]["id"] == second.id
    best = store.search_vector(EMBEDDER.embed(["blue bus"])[0], 1e9, 9)
    assert ("moment", second.id) in [(ref.table, ref.id) for ref in best[:2]]


def test_an_empty_stretch_is_no_moment(store: Store, ledger: Ledger) -> None:
    ledger.write([], 40, 40)
    assert ledger.finish(50.0) == [] and store.moments() == []


def test_progress_is_that_of_each_medium_from_the_sources_start(store: Store) -> None:
    ledger = begin(store, offset_s=100.0)
    ledger.write([], 103.5, 102.25)
    assert (store.sources()[0].video_s, store.sources()[0].audio_s) == (3.5, 2.25)
    ledger.write([], 1e12, 1e12)  # the end: no medium is waited for any more
    assert (store.sources()[0].video_s, store.sources()[0].audio_s) == (3.5, 2.25)


def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    ledger = begin(store, embedder=Breaking())
    with pytest.raises(RuntimeError, match="no power"):
        ledger.write([Gap(t=0, end_t=1, reason="x"), said("hello", 1, id="speech0")], 5, 5)
    assert types(store) == [] and store.facts() == []
    assert store.sources()[0].video_s == 0


def test_numbers_of_the_log_grow_without_a_hole(store: Store, ledger: Ledger) -> None:
    for i in range(20):
        ledger.write([said(f"word{i}", i, id=f"speech{i}"), Gap(t=i, end_t=i, reason="")], i, i)
    assert [e.seq for e in store.log_after(0)] == list(range(1, store.last_seq() + 1))
