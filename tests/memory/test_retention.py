"""What is too old goes bit by bit, down to the bytes, whether or not anybody watches."""

from pathlib import Path

import pytest

from omnilive.core.events import Keyframe
from omnilive.memory.consolidation.budget import BudgetConfig
from omnilive.memory.consolidation.compaction import Compactor
from omnilive.memory.control import retention
from omnilive.memory.control.edit import edit_fact
from omnilive.memory.control.keeping import RetentionConfig
from omnilive.memory.control.pins import pin, unpin
from omnilive.memory.control.recordings import RECORDINGS, add_segment, segments
from omnilive.memory.control.retention import REST_S, STEP_S, Retention, cutoff
from omnilive.memory.ledger import Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.spans import Span
from omnilive.memory.store import Store
from omnilive.memory.wall import WallClock
from tests.fakes import FakeEmbedder
from tests.made import a_file, percept, said, thing

DAY_S = 86400.0
BEGAN = 1_700_000_000.0


@pytest.fixture
def month(store: Store) -> Store:
    """Thirty days, with three things each day: words, a car, a picture; a segment every other."""
    store.set_meta("created_wall_s", str(BEGAN))
    source = store.put_source(a_file(url="rtsp://hall/1", kind="network", duration_s=None))
    ledger = Ledger.begin(store, source, 0.0, 0.0, MomentConfig(max_s=10.0), FakeEmbedder())
    (store.folder / RECORDINGS).mkdir()
    for day in range(30):
        t = day * DAY_S + 100
        ledger.cutter.skip(t)
        ledger.write(
            [said(f"morning dayword{day:02}", t, id=f"speech{day}"),
             thing("car", "red", t + 1, t + 4, id=f"object{day}", event="left"),
             percept("sound", "bell", t + 1, t + 2, id=f"sound{day}"),
             Keyframe(t=t + 2, jpeg=b"picture of day %02d" % day * 50, is_cut=False)],
            t + 10, t + 10,
        )  # fmt: skip
        evidence = [{"id": 1, "kind": "speech", "start_s": t, "end_s": t + 1, "text": "..."}]
        store.append(t + 9, "answer", {"text": f"It was dayword{day:02}", "evidence": evidence})
        if day % 2:
            path = store.folder / RECORDINGS / f"1-{day}.mp4"
            path.write_bytes(b"recorded")
            with store.transaction():
                add_segment(store, source, Span(t, t + 10), path)
    return store


def days_of(store: Store, kind: str) -> list[int]:
    return [int(f.start_s // DAY_S) for f in store.facts(kinds=[kind])]  # pyright: ignore


def days_in_files(folder: Path, word: bytes) -> list[int]:
    held = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    return [day for day in range(30) if b"%s%02d" % (word, day) in held]


def test_each_kind_has_its_own_age(month: Store) -> None:
    rules = RetentionConfig(speech_days=20, pictures_days=10, recordings_days=5)
    gone = Retention(month, rules).run(BEGAN + 30 * DAY_S, 30.0)
    assert days_of(month, "speech") == list(range(10, 30))
    assert days_of(month, "object") == days_of(month, "sound") == list(range(30))
    assert days_in_files(month.folder, b"dayword") == list(range(10, 30))
    assert days_in_files(month.folder, b"picture of day ") == list(range(20, 30))
    assert [int(s.start_s // DAY_S) for s in segments(month)] == [25, 27, 29]
    assert len(list((month.folder / RECORDINGS).iterdir())) == 3
    assert (gone.facts, gone.keyframes, gone.recordings) == (10, 20, 12)
    texts = [m.text for m in month.moments()]
    assert texts[0] == "red car; sound: bell" and "said: morning dayword10" in texts[10]
    assert len(month.log_of("answer")) == 20  # those that quote what was said go with it
    assert month.search_text(["dayword03"], 1e9, 10) == [] and month.check() == "ok"


def test_everything(month: Store) -> None:
    rules = RetentionConfig(everything_days=3, speech_days=7)
    Retention(month, rules).run(BEGAN + 30 * DAY_S, 30.0)
    assert days_of(month, "speech") == days_of(month, "object") == [27, 28, 29]
    assert month.counts()["moment"] == month.counts()["keyframe"] == 3
    assert {int(line.t // DAY_S) for line in month.log_after(0)} == {27, 28, 29}
    assert days_in_files(month.folder, b"dayword") == [27, 28, 29]


def test_what_is_pinned_stays_until_it_is_not(month: Store) -> None:
    kept = pin(month, 3 * DAY_S, 3 * DAY_S + 200, note="birthday")
    rules = RetentionConfig(everything_days=10)
    keeper = Retention(month, rules)
    keeper.run(BEGAN + 30 * DAY_S, 30.0)
    assert days_of(month, "speech") == [3, *range(20, 30)]
    assert days_in_files(month.folder, b"picture of day ") == [3, *range(20, 30)]
    assert segments(month)[0].start_s == 3 * DAY_S + 100
    moment = month.moments()[0]
    assert "dayword03" in moment.text
    unpin(month, kept.id)
    keeper.run(BEGAN + 30 * DAY_S, 30.0)
    assert days_of(month, "speech") == list(range(20, 30))
    assert days_in_files(month.folder, b"dayword") == list(range(20, 30))


def test_a_step_is_bounded_and_goes_on_after_a_crash(
    month: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS", 4)
    monkeypatch.setattr(retention, "LINES", 10)
    rules = RetentionConfig(speech_days=10)
    now_s = BEGAN + 30 * DAY_S
    left = [30]
    while Retention(month, rules).step(now_s) == STEP_S:  # each time a process of its own
        left.append(len(days_of(month, "speech")))
        assert left[-2] - left[-1] <= 4 and len(left) < 60
    assert left[-1] == 10 and days_in_files(month.folder, b"dayword") == list(range(20, 30))
    assert Retention(month, rules).step(now_s) == REST_S


def test_no_rules_no_change(month: Store) -> None:
    before = month.counts()
    assert Retention(month, RetentionConfig()).step(BEGAN + 1e9) == REST_S
    assert month.counts() == before


def test_a_clock_that_jumps_ahead_is_not_believed_at_once(month: Store) -> None:
    keeper = Retention(month, RetentionConfig(everything_days=30))
    assert keeper.step(BEGAN + 30 * DAY_S) == REST_S
    assert keeper.step(BEGAN + 4000 * DAY_S) == REST_S  # as if the year were 2034
    assert keeper.step(BEGAN + 30 * DAY_S) == REST_S
    assert len(days_of(month, "speech")) == 30
    keeper._hold_until = 0.0
    keeper.step(BEGAN - DAY_S)  # back before it began: nothing is that old
    assert len(days_of(month, "speech")) == 30


def test_ages_follow_the_clock_on_the_wall(store: Store) -> None:
    store.set_meta("created_wall_s", "1000")
    store.set_meta("wall_marks", "[[50, 5000], [80, 2000]]")  # it went ahead, then was set back
    clock = WallClock.of(store)
    assert cutoff(clock, 1020.0) == 20.0
    assert cutoff(clock, 3000.0) == 50.0  # while nobody watched
    assert cutoff(clock, 5010.0) == 60.0
    assert cutoff(clock, 5100.0) == 3180.0


def test_what_was_merged_before_it_was_old_goes_too(month: Store) -> None:
    rules = RetentionConfig(speech_days=20)
    Retention(month, rules).run(BEGAN + 22 * DAY_S, 30.0)
    compactor = Compactor(month, BudgetConfig(moments=8, exact_s=0))
    with month.transaction():
        compactor.work(31 * DAY_S)
    compactor.settle()
    merged = month.moments()[0]
    assert merged.start_s < DAY_S and "dayword10" in merged.text
    for day in (25, 60):  # in the middle of it, and after it
        Retention(month, rules).run(BEGAN + day * DAY_S, 30.0)
    assert days_in_files(month.folder, b"dayword") == []
    assert {m.text for m in month.moments()} == {"red car; sound: bell"}
    assert len(month.log_of("moment")) == 30  # of each moment by itself


def test_lines_do_not_overtake_their_moments(month: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ROWS", 2)
    Retention(month, RetentionConfig(speech_days=20)).run(BEGAN + 30 * DAY_S, 30.0)
    assert days_in_files(month.folder, b"dayword") == list(range(10, 30))


def test_an_episode_keeps_what_it_alone_tells_of_another_kind(month: Store) -> None:
    id = month.put_moment(50, 60, "said: dayword31; text: EXIT 5; a tall man; sound: bell")
    month.execute("UPDATE moment SET level = 1, size = 3 WHERE id = ?", id)
    told: list[str] = []
    for rules in ({"speech_days": 20}, {"scenes_days": 20}, {"texts_days": 20}):
        Retention(month, RetentionConfig.model_validate(rules)).run(BEGAN + 30 * DAY_S, 30.0)
        told += [moment.text for moment in month.moments() if moment.id == id]
    assert told == [
        "text: EXIT 5; a tall man; sound: bell",
        "text: EXIT 5; sound: bell",
        "sound: bell",
    ]


def test_what_was_corrected_goes_with_the_line_that_tells_of_it(month: Store) -> None:
    edit_fact(month, month.facts(kinds=["speech"])[0].id, text="evening dayword29")
    assert len(days_in_files(month.folder, b"evening dayword")) == 1
    Retention(month, RetentionConfig(speech_days=20)).run(BEGAN + 30 * DAY_S, 30.0)
    assert month.log_of("edit") == [] and days_in_files(month.folder, b"evening dayword") == []
