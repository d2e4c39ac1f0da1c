"""Recordings: playable whatever ends them, inside their quota, cut where something is forgotten."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from omnilive.core.events import AudioChunk, Gap, VideoFrame
from omnilive.media.base import Item, MediaConfig
from omnilive.media.clip import Piece, cut_clip
from omnilive.media.open import open_source
from omnilive.media.record import length_s
from omnilive.memory.control.forget import forget
from omnilive.memory.control.pins import pin
from omnilive.memory.control.recordings import (
    RECORDINGS,
    Recorder,
    RecordingConfig,
    cut,
    keep_quota,
    note_unplayable,
    of_span,
    recover,
    segments,
)
from omnilive.memory.spans import Span
from omnilive.memory.store import Store
from tests.made import a_file

SHORT = RecordingConfig(enabled=True, segment_s=10.0)


def grey(t: float) -> int:
    """The grey that a picture at `t` has."""
    return 20 + int(t) % 22 * 10


def stream(start_s: float, end_s: float, *, fps: float = 4.0) -> Iterator[Item]:
    """Pictures whose grey tells the second, and a tone."""
    for i in range(round((end_s - start_s) * 10)):
        t = start_s + i / 10
        if i % round(10 / fps) == 0:
            yield VideoFrame(t=t, rgb=np.full((48, 64, 3), grey(t), np.uint8))
        pcm = 0.3 * np.sin(2 * np.pi * 440 * (np.arange(1600) / 16000 + t))
        yield AudioChunk(t=t, pcm=pcm.astype(np.float32), rate_hz=16000)


def record(store: Store, items: Iterator[Item], config: RecordingConfig = SHORT) -> None:
    recorder = Recorder(store, 1, config, 16000, has_video=True, has_audio=True)
    for n, _ in enumerate(recorder.tee(items)):
        if n % 100 == 99:
            recorder.settle_queue()
    recorder.close()
    assert recorder.dropped == 0


def greys(path: Path) -> set[int]:
    """Return the greys of a recording's pictures, as far as the code keeps them apart."""
    source = open_source(str(path), MediaConfig(max_fps=100.0))
    return {
        round((float(item.rgb.mean()) - 20) / 10)
        for item in source.items()
        if isinstance(item, VideoFrame)
    }


def test_a_stream_becomes_segments_that_play(store: Store) -> None:
    record(store, stream(5.0, 20.0))
    found = segments(store)
    assert [round(s.start_s) for s in found] == [5, 15]
    assert [round(s.end_s) for s in found] == [15, 20]
    for segment in found:
        path = store.folder / segment.path
        assert path.stat().st_size == segment.bytes
        seconds = set(range(round(segment.start_s), round(segment.end_s)))
        assert greys(path) == seconds
    assert [p.suffix for p in (store.folder / RECORDINGS).iterdir()] == [".mp4"] * 2


def test_a_hole_in_the_stream_ends_a_segment(store: Store) -> None:
    record(store, iter([*stream(0, 3), Gap(t=3.0, end_t=50.0, reason="lost"), *stream(50, 52)]))
    assert [(round(s.start_s), round(s.end_s)) for s in segments(store)] == [(0, 3), (50, 52)]


def test_the_quota_takes_the_oldest_that_is_not_pinned(store: Store) -> None:
    pin(store, 1.0, 2.0)
    record(store, stream(0.0, 40.0))
    one = max(s.bytes for s in segments(store))
    assert keep_quota(store, 2 * one + 100) == 2
    kept = segments(store)
    assert [round(s.start_s) for s in kept] == [0, 30]
    assert {p.name for p in (store.folder / RECORDINGS).iterdir()} == {
        Path(s.path).name for s in kept
    }


def test_the_quota_holds_while_recording(store: Store) -> None:
    record(
        store, stream(0.0, 40.0), RecordingConfig(enabled=True, segment_s=5.0, quota_bytes=40000)
    )
    assert 0 < sum(s.bytes for s in segments(store)) <= 40000
    assert segments(store)[-1].end_s == pytest.approx(40.0, abs=0.3)


def test_spans_are_cut_out_between_fragments(store: Store) -> None:
    record(store, stream(0.0, 20.0))
    assert cut(store, [Span(4.5, 5.5), Span(19.0, 30.0)]) == 2
    found = segments(store)
    assert [(round(s.start_s), round(s.end_s)) for s in found] == [(0, 4), (6, 10), (10, 18)]
    for segment in found:
        seconds = set(range(round(segment.start_s), round(segment.end_s)))
        assert greys(store.folder / segment.path) == seconds
    assert len(list((store.folder / RECORDINGS).iterdir())) == 3


def test_forget_takes_the_recording_too(store: Store) -> None:
    store.put_source(a_file(url="rtsp://camera/1", kind="network", duration_s=None))
    record(store, stream(0.0, 20.0))
    done = forget(store, 2.5, 11.0, now_s=20.0)
    assert done.recordings == 2 and done.is_wiped
    seen = set().union(*(greys(store.folder / s.path) for s in segments(store)))
    assert seen == {0, 1, *range(12, 20)}


def test_what_is_forgotten_while_it_is_recorded_is_not_kept(store: Store) -> None:
    recorder = Recorder(store, 1, SHORT, 16000, has_video=True, has_audio=True)
    list(recorder.tee(stream(0.0, 6.0)))
    recorder.settle_queue()
    assert not forget(store, 2.5, 3.5, now_s=6.0).is_wiped  # it is in the open segment
    list(recorder.tee(stream(6.0, 9.0)))
    recorder.close()
    seen = set().union(*(greys(store.folder / s.path) for s in segments(store)))
    assert seen == {0, 1, 4, 5, 6, 7, 8}
    assert all(path.suffix == ".mp4" for path in (store.folder / RECORDINGS).iterdir())


def test_a_killed_recorder_leaves_what_can_be_played(store: Store) -> None:
    code = f"""
        import os
        from pathlib import Path
        from omnilive.memory.control.recordings import Recorder, RecordingConfig
        from omnilive.memory.store import Store
        from tests.memory.test_recordings import stream
        store = Store(Path({str(store.folder)!r}))
        config = RecordingConfig(enabled=True, segment_s=10.0)
        recorder = Recorder(store, 1, config, 16000, has_video=True, has_audio=True)
        list(recorder.tee(stream(0.0, 18.0)))
        recorder.settle_queue()
        os.kill(os.getpid(), 9)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    folder = store.folder / RECORDINGS
    assert [p.suffix for p in sorted(folder.iterdir())] == [".mp4", ".part"]
    (folder / "1-99000.part").write_bytes(b"nothing that plays")
    (folder / "2-5000-9.cut").write_bytes(b"half a copy")
    note_unplayable(store, [Span(12.5, 13.0)])
    recover(store)
    found = segments(store)
    assert found[0].end_s == pytest.approx(10.0, abs=0.2)
    assert {p.name for p in folder.iterdir()} == {Path(s.path).name for s in found}
    seen = set().union(*(greys(store.folder / s.path) for s in found))
    assert set(range(12)) <= seen and 12 not in seen and 13 not in seen and 14 in seen
    recover(store)
    assert segments(store) == found


def test_rows_whose_file_is_gone_go(store: Store) -> None:
    record(store, stream(0.0, 3.0))
    (store.folder / segments(store)[0].path).unlink()
    recover(store)
    assert segments(store) == []


def test_a_clip_over_two_segments(store: Store, tmp_path: Path) -> None:
    record(store, stream(0.0, 20.0))
    found = of_span(store, Span(8.0, 13.0))
    pieces = [Piece(str(store.folder / s.path), s.start_s) for s in found]
    assert len(pieces) == 2
    assert cut_clip(pieces, 8.0, 13.0, tmp_path / "clip.mp4")
    assert greys(tmp_path / "clip.mp4") == {8, 9, 10, 11, 12}
    assert length_s(tmp_path / "clip.mp4") == pytest.approx(5.0, abs=0.3)


def test_a_full_disk_stops_the_recording_and_nothing_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("omnilive.media.record.SegmentWriter.take", full)
    recorder = Recorder(store, 1, SHORT, 16000, has_video=True, has_audio=True)
    assert len(list(recorder.tee(stream(0.0, 5.0)))) == len(list(stream(0.0, 5.0)))
    recorder.close()
    (line,) = store.log_of("recording")
    assert line.body["state"] == "failed" and "No space left" in line.body["detail"]
    assert segments(store) == [] and list((store.folder / RECORDINGS).iterdir()) == []
