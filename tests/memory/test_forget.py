"""The proof: what was forgotten is in no byte of the session's folder."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from omnilive.core.errors import ConfigError
from omnilive.core.events import Keyframe
from omnilive.memory.base import Ref
from omnilive.memory.control.forget import forget
from omnilive.memory.ledger import Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.search.sketches import quantise
from omnilive.memory.spans import Span, left_of, merged, overlaps, rest
from omnilive.memory.store import Store
from tests.fakes import FakeEmbedder
from tests.made import a_file, percept, said, thing

PHRASE, WORD = "the vault opens with zanzibar", "zanzibar"
PATCH = np.random.default_rng(7).bytes(4096)  # what a face would be in the bytes of a picture
FORGET = "from omnilive.memory.control.forget import forget"


def begin(store: Store) -> Ledger:
    source = store.put_source(a_file(duration_s=100.0))
    return Ledger.begin(store, source, 0.0, 0.0, MomentConfig(max_s=10.0), FakeEmbedder())


def live(store: Store) -> Ledger:
    """A hundred seconds: a car in view from 10 to 80, a sentence every 10 s, the secret at 42 s."""
    ledger = begin(store)
    ledger.write([thing("car", "red", 10, 10, final=False, id="object0")], 10, 10)
    for i in range(10):
        at_s = i * 10.0
        picture = PATCH if i == 4 else bytes([i]) * 4096
        ledger.write(
            [Keyframe(t=at_s + 2.5, jpeg=picture, is_cut=False),
             said(PHRASE if i == 4 else f"sentence number {i}", at_s + 2, id=f"speech{i}")],
            at_s + 9.9, at_s + 9.9,
        )  # fmt: skip
    ledger.write([thing("car", "red", 10, 80, event="left", id="object0")], 100, 100)
    ledger.finish(100)
    return ledger


def files_with(folder: Path, needle: bytes) -> list[str]:
    return [p.name for p in folder.rglob("*") if p.is_file() and needle in p.read_bytes()]


def assert_gone(folder: Path) -> None:
    for needle in (WORD.encode(), WORD.upper().encode(), WORD.encode("utf-16-le"), b"zanzib"):
        assert files_with(folder, needle) == []
    for start in range(0, len(PATCH) - 16, 512):
        assert files_with(folder, PATCH[start : start + 16]) == []


def test_a_phrase_and_a_patch_are_gone_from_every_byte(store: Store) -> None:
    live(store)
    assert files_with(store.folder, WORD.encode()) and files_with(store.folder, PATCH[:16])
    vectors = store.rows("SELECT vec FROM wording")
    done = forget(store, 40.0, 50.0)
    assert (done.facts, done.moments, done.keyframes, done.is_wiped) == (2, 1, 1, True)
    assert_gone(store.folder)
    (secret,) = quantise(FakeEmbedder().embed([PHRASE]))
    assert (secret,) in vectors and files_with(store.folder, secret) == []
    assert store.check() == "ok"
    assert store.search_text([WORD], 1e9, 10) == []
    texts = [fact.text for fact in store.facts(kinds=["speech"])]
    assert texts == [f"sentence number {i}" for i in range(10) if i != 4]
    assert len(store.search_text(["sentence"], 1e9, 50)) == 9 + 8  # the first moment was empty
    assert {ref.id for ref in found_by_meaning(store)} == {fact.id for fact in store.facts()}


def found_by_meaning(store: Store) -> list[Ref]:
    """Return every fact that a search by meaning can still find."""
    found = store.search_vector(FakeEmbedder().embed(["sentence"])[0], 1e9, 100)
    return [ref for ref in found if ref.table == "fact"]


def test_what_lasted_longer_is_cut(store: Store) -> None:
    live(store)
    forget(store, 40.0, 50.0)
    cars = [(f.start_s, f.end_s) for f in store.facts(kinds=["object"])]
    assert cars == [(10, 40), (50, 80)]
    assert len(store.search_text(["car"], 1e9, 50)) >= 2
    lines = [e.body for e in store.log_after(0) if e.body.get("kind") == "object"]
    assert [(b["start_s"], b["end_s"]) for b in lines] == [(10, 10), (50, 80)]
    moments = [(m.start_s, m.end_s) for m in store.moments()]
    assert not any(overlaps(Span(*moment), Span(40, 50)) for moment in moments)
    assert all(m.keyframe is None or (store.folder / m.keyframe).exists() for m in store.moments())


def test_answers_and_turns_about_the_span_go_too(store: Store) -> None:
    live(store)
    evidence = [{"id": 1, "kind": "speech", "start_s": 42.0, "end_s": 43.0, "text": PHRASE}]
    answer = store.append(90.0, "answer", {"text": f'"{PHRASE}"', "evidence": evidence})
    store.append(90.0, "turn", {"role": "assistant", "text": f"It is {WORD}", "answer": answer})
    store.append(91.0, "alert", {"text": WORD, "start_s": 42.0, "end_s": 43.0})
    kept = store.append(92.0, "answer", {"text": "A car.", "evidence": []})
    watch = "INSERT INTO watch VALUES ('w', '{}', 1, 'armed', 0, ?)"
    memory = json.dumps({"number": 3, "gate": {"said": [PHRASE]}})
    store.execute(watch, memory)
    car = {"kind": "object", "start_s": 10.0, "end_s": 60.0, "open": True, "text": "red car"}
    sign = {"kind": "text", "start_s": 42.0, "end_s": 43.0, "open": True, "text": WORD}
    world = {"here": [car, sign], "past": [{**sign, "kind": "speech"}]}
    store.set_meta("watch_world", json.dumps(world))
    forget(store, 41.0, 44.0)
    assert_gone(store.folder)
    assert [e.seq for e in store.log_of("answer")] == [kept]
    (line,) = store.log_of("forgotten")
    assert line.body == {"start_s": 41.0, "end_s": 44.0} and line.seq == store.last_seq()
    ((text,),) = store.rows("SELECT memory FROM watch")
    assert json.loads(text) == {"number": 3, "gate": None, "error": ""}
    world = json.loads(store.meta()["watch_world"])
    assert world["past"] == [] and [thing["kind"] for thing in world["here"]] == ["object"]
    assert store.meta()["watch_edits"] == "1"


def test_what_comes_late_of_a_forgotten_span_is_not_stored(store: Store) -> None:
    ledger = begin(store)
    ledger.write([thing("car", "red", 1, 1, final=False, id="object0"),
                  said("wait", 5, id="speech0", final=False)], 10, 5)  # fmt: skip
    done = forget(store, 2.0, 60.0, now_s=12.0)
    assert done.end_s == pytest.approx(12.0, abs=0.1)
    late = [
        said(PHRASE, 8, id="speech0"), Keyframe(t=9.0, jpeg=PATCH, is_cut=True),
        percept("text", PHRASE, 9, 11, id="text0"), said("afterwards", 14, id="speech1"),
        thing("car", "red", 1, 20, event="left", id="object0"),
    ]  # fmt: skip
    lines = ledger.write(late, 21, 21)
    ledger.finish(25)
    assert_gone(store.folder)
    assert [line["text"] for line in lines if line["type"] == "percept"] == [
        "afterwards", "red car",
    ]  # fmt: skip
    spans = [(round(f.start_s), f.end_s) for f in store.facts(kinds=["object"])]
    assert spans == [(1, 2), (12, 20)]
    assert [round(m.start_s) for m in store.moments()][:2] == [0, 12]


def test_another_process_forgets_while_this_one_watches(store: Store) -> None:
    ledger = live(store)
    store.search_vector(FakeEmbedder().embed([PHRASE])[0], 1e9, 5)  # fills the mirror in memory
    code = (
        f"{FORGET}\nfrom pathlib import Path\nfrom omnilive.memory.store import Store\n"
        f"assert forget(Store(Path({str(store.folder)!r})), 40, 50).is_wiped"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert_gone(store.folder)
    ledger.write([said(PHRASE, 45, id="speech99"), said("new", 101, id="speech100")], 102, 102)
    assert_gone(store.folder)
    assert [f.text for f in store.facts(kinds=["speech"])][-1] == "new"
    found = store.search_vector(FakeEmbedder().embed([PHRASE])[0], 1e9, 100)
    assert all(store.fact(ref.id) for ref in found if ref.table == "fact")


def test_a_crash_before_the_bytes_are_gone_is_made_good(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(store)
    with monkeypatch.context() as patch:
        patch.setattr("omnilive.memory.store.Store.wipe", lambda _: False)
        assert not forget(store, 40, 50).is_wiped
    store.close()
    again = Store(store.folder)
    assert_gone(store.folder)
    assert again.rows("SELECT 1 FROM meta WHERE key = 'wipe_due'") == []
    again.close()


def test_a_reader_in_mid_read_delays_only_the_bytes(store: Store) -> None:
    live(store)
    reader = sqlite3.connect(store.folder / "memory.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM fact").fetchone()
    store.rows("PRAGMA busy_timeout = 100")
    assert not forget(store, 40, 50).is_wiped
    assert store.search_text([WORD], 1e9, 10) == []
    reader.close()
    store.close()
    Store(store.folder).close()
    assert_gone(store.folder)


def test_uploads_go_when_all_of_them_is_forgotten(store: Store) -> None:
    (store.folder / "uploads").mkdir()
    paths = [store.folder / "uploads" / name for name in ("a.mp4", "b.mp4")]
    for i, path in enumerate(paths):
        path.write_bytes(PATCH)
        id = store.put_source(a_file(url=str(path), offset_s=i * 10.0, duration_s=10.0))
        store.update_source(id, state="ended", video_s=10.0, audio_s=10.0)
        store.append(i * 10.0, "source", {"source": id, "url": str(path), "state": "began"})
    assert forget(store, 2.0, 5.0).kept == ["a.mp4"]
    assert paths[0].exists()
    done = forget(store, 0.0, 15.0)
    assert (done.deleted, done.kept) == (["a.mp4"], ["b.mp4"])
    assert [path.exists() for path in paths] == [False, True]
    assert [row.url for row in store.sources()] == ["forgotten", str(paths[1])]
    assert files_with(store.folder, b"a.mp4") == []
    assert forget(store, 12.0, 13.0, delete_uploads=True).deleted == ["b.mp4"]
    assert not paths[1].exists() and store.end_s() == 20.0


@pytest.mark.parametrize("span", [(5.0, 5.0), (6.0, 5.0), (-1.0, 5.0), (200.0, 300.0)])
def test_what_is_no_span_is_refused(store: Store, span: tuple[float, float]) -> None:
    live(store)
    before = store.counts()
    with pytest.raises(ConfigError, match="nothing to forget"):
        forget(store, *span)
    assert store.counts() == before


def test_everything_can_be_forgotten(store: Store) -> None:
    live(store)
    forget(store, 0.0, 1e12)
    counts = store.counts()
    assert (counts["fact"], counts["moment"], counts["keyframe"]) == (0, 0, 0)
    assert list((store.folder / "keyframes").iterdir()) == []
    assert store.end_s() == 100.0  # the clock does not go back
    ledger = Ledger.begin(store, 1, 100.0, 100.0, MomentConfig(), FakeEmbedder())
    ledger.write([said("hello again", 101, id="speech0")], 103, 103)
    assert [f.text for f in store.facts()] == ["hello again"]


def test_spans() -> None:
    assert rest(Span(0, 10), Span(3, 5)) == [(0, 3), (5, 10)]
    assert rest(Span(0, 10), Span(-1, 5)) == [(5, 10)] and rest(Span(2, 3), Span(0, 9)) == []
    assert rest(Span(0, 3), Span(3, 5)) == [(0, 3)] and rest(Span(4, 4), Span(3, 5)) == []
    assert merged([Span(5, 6), Span(1, 3), Span(2, 4)]) == [(1, 4), (5, 6)]
    assert left_of(Span(0, 10), [Span(1, 2), Span(4, 5)]) == [(0, 1), (2, 4), (5, 10)]
