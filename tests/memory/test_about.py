"""What is about something is in no byte of the session's folder once that is forgotten."""

import json
from pathlib import Path

import numpy as np
import pytest

from omnilive.core.errors import ConfigError
from omnilive.core.events import AudioChunk, Keyframe, VideoFrame
from omnilive.memory.control.about import About, forget_about, found_about
from omnilive.memory.control.pins import pin
from omnilive.memory.control.recordings import Recorder, RecordingConfig, segments
from omnilive.memory.ledger import Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.search.sketches import quantise
from omnilive.memory.store import Store
from tests.fakes import FakeEmbedder
from tests.made import a_file, percept, said, thing
from tests.memory.test_recordings import greys

SECRET = "my PIN is zanzibar forty"
FACES = np.random.default_rng(6)
FACE = np.random.default_rng(5).bytes(4096)  # what a face would be in the bytes of a picture
WHITE, GREY = 21, 10  # the greys (see test_recordings) of a picture with the face, and without


def begin(store: Store) -> Ledger:
    source = store.put_source(a_file(url="rtsp://hall/1", kind="network", duration_s=None))
    return Ledger.begin(store, source, 0.0, 0.0, MomentConfig(max_s=10.0), FakeEmbedder())


def live(store: Store) -> Ledger:
    """A minute: a car all the time, a person from 20 to 30 s and from 52 s on; the PIN at 42 s."""
    ledger = begin(store)
    ledger.write([thing("car", "red", 0, 1, final=False, id="object0")], 1, 1)
    for i in range(6):
        at_s = i * 10.0
        seen = [Keyframe(t=at_s + 5, jpeg=FACE if i == 2 else bytes([i]) * 4096, is_cut=False)]
        heard = [said(SECRET if i == 4 else f"sentence number {i}", at_s + 2, id=f"speech{i}")]
        ledger.write([*seen, *heard], at_s + 9.9, at_s + 9.9)
        if i == 2:
            person = thing("person", "blue", 20, 30, id="object1", names=["visitor"])
            ledger.write([person, percept("sound", "doorbell", 21, 22, id="sound0")], 30, 30)
    late = thing("person", "green", 52, 52, final=False, id="object2")
    ledger.write([late], 59, 59)
    return ledger


def record(store: Store) -> None:
    """The minute as pictures: white while the (first) person is there, else grey."""
    config = RecordingConfig(enabled=True, segment_s=40.0)
    recorder = Recorder(store, 1, config, 16000, has_video=True, has_audio=True)
    for i in range(120):
        t = i / 2
        noise = FACES.integers(-20, 21, (48, 64, 3)) if 20 <= t < 30 else 0
        level = 20 + 10 * (WHITE if 20 <= t < 30 else GREY)
        rgb = np.full((48, 64, 3), level) + noise
        frame = VideoFrame(t=t, rgb=rgb.astype(np.uint8))
        sound = AudioChunk(t=t, pcm=np.zeros(8000, np.float32), rate_hz=16000)
        list(recorder.tee(iter([frame, sound])))
        recorder.settle_queue()
    recorder.close()


def holds(folder: Path, needle: bytes) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if needle.lower() in path.read_bytes().lower()]


def telling(old: bytes) -> list[bytes]:
    """Return pieces of a recording that only the pictures with the face can have left there."""
    parts = [old[at : at + 32] for at in range(len(old) // 3, len(old) * 3 // 4, 997)]
    return [part for part in parts if len(set(part)) > 24]


def test_a_phrase_and_all_that_was_made_of_it(store: Store) -> None:
    ledger = live(store)
    pin(store, 40, 45, note="remember the zanzibar code")
    evidence = [{"id": 1, "kind": "moment", "start_s": 1.0, "end_s": 2.0, "text": "..."}]
    answer = store.append(58, "answer", {"text": f'"{SECRET}"', "evidence": evidence})
    store.append(58, "turn", {"role": "assistant", "text": "I told you", "answer": answer})
    store.append(58, "alert", {"text": "ZANZIBAR was said"})
    kept = store.append(58, "answer", {"text": "A red car.", "evidence": []})
    memory = json.dumps({"number": 3, "gate": {"said": [SECRET]}})
    store.execute("INSERT INTO watch VALUES ('w', '{}', 1, 'armed', 0, ?)", memory)
    sign = {"kind": "text", "start_s": 42.0, "end_s": 43.0, "open": True, "text": SECRET}
    store.set_meta("watch_world", json.dumps({"here": [sign], "past": []}))
    (vector,) = quantise(FakeEmbedder().embed([SECRET]))
    assert holds(store.folder, b"zanzibar") and holds(store.folder, vector)

    done = forget_about(store, About(phrase="zanzibar"))
    assert (done.facts, done.is_wiped, done.coarse) == (1, True, 0)
    for needle in (b"zanzibar", b"zanzib", "zanzibar".encode("utf-16-le"), vector):
        assert holds(store.folder, needle) == []
    assert store.check() == "ok"
    said_still = [fact.text for fact in store.facts(kinds=["speech"])]
    assert said_still == [f"sentence number {i}" for i in range(6) if i != 4]
    moment = next(m for m in store.moments() if m.start_s == 40)
    assert moment.text == "red car"  # the moment stays, told without it
    lines = [e.body for e in store.log_of("moment") if e.body["id"] == moment.id]
    assert [line["text"] for line in lines] == ["red car"]
    assert [e.seq for e in store.log_of("answer")] == [kept]
    assert store.log_of("turn") == [] and store.log_of("alert") == []
    assert store.counts()["keyframe"] == 6  # what was said is in no picture
    (line,) = store.log_of("forgotten")
    assert line.body["what"] == "phrase"
    assert store.search_text(["zanzibar"], 1e9, 10) == []
    ledger.write([said(SECRET, 42, id="speech4")], 60, 60)  # the past cannot come again
    assert len(found_about(store, About(phrase="zanzibar"))) == 1  # but what is said anew can


def test_a_person_goes_from_pictures_and_recordings_too(store: Store) -> None:
    ledger = live(store)
    record(store)
    old = [(store.folder / s.path).read_bytes() for s in segments(store)]
    assert WHITE in set().union(*(greys(store.folder / s.path) for s in segments(store)))
    assert holds(store.folder, FACE[:64]) and holds(store.folder, b"visitor")

    done = forget_about(store, About(label="People"), now_s=59.5)
    assert (done.facts, done.keyframes, done.recordings, done.is_wiped) == (2, 2, 2, True)
    for needle in (FACE[:64], FACE[2000:2064], b"visitor", b"person", b"object1"):
        assert holds(store.folder, needle) == []
    assert {fact.kind for fact in store.facts()} == {"object", "speech", "sound"}
    assert {f.data["label"] for f in store.facts(kinds=["object"])} == {"car"}
    assert all("person" not in m.text for m in store.moments())
    seen = set().union(*(greys(store.folder / s.path) for s in segments(store)))
    assert seen == {GREY}
    spans = [(round(s.start_s), round(s.end_s)) for s in segments(store)]
    assert spans == [(0, 20), (30, 40), (40, 52)]
    assert telling(old[0]) and not any(holds(store.folder, part) for part in telling(old[0]))
    # Who is still in view was seen from now on.
    gone = thing("person", "green", 52, 66, event="left", id="object2")
    ledger.write([gone], 70, 70)
    (fact,) = store.facts(kinds=["object"], start_s=52)[-1:]
    assert (fact.data["label"], fact.start_s, fact.end_s) == ("person", 59.9, 66)


def test_the_test_can_fail(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the wipe the bytes are still there: the proof above proves something."""
    live(store)
    monkeypatch.setattr(Store, "wipe", lambda _: True)
    monkeypatch.setattr(Store, "note_wipe_due", lambda _: None)
    forget_about(store, About(phrase="zanzibar"))
    assert store.search_text(["zanzibar"], 1e9, 10) == []
    assert holds(store.folder, b"zanzibar")


def test_what_is_around_a_phrase(store: Store) -> None:
    live(store)
    texts = [f.text for f in found_about(store, About(phrase="my pin is"))]
    assert texts == [SECRET]
    around = About(phrase="my pin is", around_s=9.0)
    assert [f.text for f in found_about(store, around)] == [
        "sentence number 3", SECRET, "sentence number 5",
    ]  # fmt: skip
    assert found_about(store, About(phrase="sentence", start_s=30, end_s=50))[0].start_s == 32


@pytest.mark.parametrize(
    ("phrase", "text", "is_found"),
    [("pin", "My PIN.", True), ("pin", "a spinning top", False), ("red car", "the red, car", True),
     ("密码", "我的密码是", True), ("don't", "I don’t know", True), ("a%b_c", "a b c", True),
     ("'; DROP TABLE fact", "drop table fact", True), ("red car", "car red", False)],
)  # fmt: skip
def test_what_holds_a_phrase(store: Store, phrase: str, text: str, is_found: bool) -> None:
    store.put_fact("1:0.00:x", said(text, 1.0))
    assert bool(found_about(store, About(phrase=phrase))) is is_found


def test_an_episode_is_told_without_it(store: Store) -> None:
    ledger = live(store)
    ledger.finish(60)
    tally = thing("person", "", 5, 50, names=["visitor"], merged=40, total_s=30.0, spans=[[5, 6]])
    store.put_fact("m:1:object:person", tally)
    text = f"said: {SECRET}; said: hello; person; red car"
    id = store.put_moment(5, 50, text)
    store.execute(
        'UPDATE moment SET level = 1, data = \'{"activity": ["person"]}\' WHERE id = ?', id
    )
    done = forget_about(store, About(label="person"), now_s=60)
    moment = store.moment(id)
    assert moment is not None and moment.text == f"said: {SECRET}; said: hello; red car"
    assert moment.data == {} and done.coarse == 1
    forget_about(store, About(phrase="zanzibar"), now_s=60)
    moment = store.moment(id)
    assert moment is not None and moment.text == "said: hello; red car"
    assert holds(store.folder, b"person") == [] and holds(store.folder, b"zanzibar") == []


def test_uploads_that_hold_it_are_named_or_deleted(store: Store) -> None:
    (store.folder / "uploads").mkdir()
    path = store.folder / "uploads" / "a.mp4"
    path.write_bytes(FACE)
    id = store.put_source(a_file(url=str(path)))
    store.update_source(id, state="ended")
    store.put_fact(f"{id}:0.00:x", thing("person", "red", 5, 8))
    store.put_fact(f"{id}:0.00:y", thing("person", "red", 15, 18))
    assert forget_about(store, About(label="person", end_s=10)).kept == ["a.mp4"]
    assert path.exists()
    assert forget_about(store, About(label="person"), delete_uploads=True).deleted == ["a.mp4"]
    assert not path.exists() and holds(store.folder, b"a.mp4") == []


@pytest.mark.parametrize(
    "wrong",
    [{}, {"label": "a", "phrase": "b"}, {"phrase": "  "}, {"phrase": "?!"},
     {"label": "x", "start_s": 5, "end_s": 5}],
)  # fmt: skip
def test_what_is_unclear_is_refused(wrong: dict[str, float | str]) -> None:
    with pytest.raises(ConfigError):
        About(**wrong)  # pyright: ignore[reportArgumentType]


def test_nothing_found_changes_nothing(store: Store) -> None:
    live(store)
    before = store.counts()
    done = forget_about(store, About(phrase="nobody said this"))
    assert (done.facts, done.moments, done.lines, done.keyframes) == (0, 0, 0, 0)
    assert store.counts() == {**before, "log": before["log"] + 1}


def test_who_only_speaks_of_a_thing_is_still_told_of(store: Store) -> None:
    ledger = begin(store)
    words = said("the person at the door waits", 2, id="speech0")
    ledger.write([words, thing("person", "blue", 3, 5, id="object0")], 9.9, 9.9)
    ledger.finish(10)
    forget_about(store, About(label="person"))
    assert [fact.text for fact in store.facts()] == [words.text]
    assert {moment.text for moment in store.moments()} == {f"said: {words.text}"}
    told = [line.body["text"] for line in store.log_after(0) if line.type != "forgotten"]
    assert told == [words.text, f"said: {words.text}"]


def test_the_mean_of_an_episode_goes_with_what_had_a_share_in_it(store: Store) -> None:
    live(store)
    id = store.put_moment(30, 60, "said: something longer")  # there was no room for the rest
    store.execute("UPDATE moment SET level = 1, size = 3 WHERE id = ?", id)
    both = FakeEmbedder().embed([SECRET, "something longer"]).sum(axis=0)
    store.put_vectors("moment", id, 30, both[None] / np.linalg.norm(both))
    (vector,) = quantise(both[None] / np.linalg.norm(both))
    assert holds(store.folder, vector)
    forget_about(store, About(phrase="zanzibar"))
    assert not holds(store.folder, vector)
    assert store.moment(id) is not None
