"""Recordings of live sources: segments of mp4 in the session's folder, inside a quota.

    recordings/SOURCE-MILLISECONDS.mp4   one segment, named by the session time of its start
    recordings/*.part                    the one under way; what a crash leaves of it is kept

What is recorded is what perception gets: masked, at most `media.max_fps` pictures a second.
"""

import json
import logging
import queue
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omnilive.core.errors import OmniLiveError
from omnilive.core.events import AudioChunk, Gap, VideoFrame
from omnilive.memory.control.keeping import RecordingConfig
from omnilive.memory.control.pins import is_pinned, pinned
from omnilive.memory.spans import Span, merged, overlaps
from omnilive.memory.store import Store

if TYPE_CHECKING:
    from omnilive.media.base import Item
    from omnilive.media.record import SegmentWriter

RECORDINGS = "recordings"
UNPLAYABLE = "unplayable"  # in `meta`: spans of which no media may be kept or shown
WAITING = 400  # pictures and pieces of sound that wait for a slow disk; more are left out
HOLE_S = 2.0  # a longer time without anything ends a segment
LOOK_S = 1.0  # how often a segment under way looks whether something of it was forgotten
RETRY_S = 60.0  # after a failure
_NAME = re.compile(r"(\d+)-(\d+)\.(mp4|part)")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One stored segment, session seconds; `path` is relative to the session's folder."""

    id: int
    source: int
    start_s: float
    end_s: float
    bytes: int
    path: str

    @property
    def span(self) -> Span:
        """From when to when."""
        return Span(self.start_s, self.end_s)


def segments(store: Store, span: Span | None = None) -> list[Segment]:
    """Return the segments that overlap a span (default: all), by start."""
    start_s, end_s = span or (-1e12, 1e12)
    query = (
        "SELECT id, source, start_s, end_s, bytes, path FROM segment "
        "WHERE start_s < ? AND end_s > ? ORDER BY start_s, id"
    )
    names = ("id", "source", "start_s", "end_s", "bytes", "path")
    rows = store.rows(query, end_s, start_s)
    return [Segment(**dict(zip(names, row, strict=True))) for row in rows]


def add_segment(store: Store, source: int, span: Span, path: Path) -> None:
    """Note a file that lies in the session's folder as a segment."""
    row = "INSERT INTO segment (source, start_s, end_s, bytes, path) VALUES (?, ?, ?, ?, ?)"
    inside = path.relative_to(store.folder).as_posix()
    store.execute(row, source, *span, path.stat().st_size, inside)


def drop_segment(store: Store, segment: Segment) -> None:
    """Remove a segment. First the file: a crash in between must not leave what it holds."""
    (store.folder / segment.path).unlink(missing_ok=True)
    store.execute("DELETE FROM segment WHERE id = ?", segment.id)


def keep_quota(store: Store, quota_bytes: int) -> int:
    """Remove the oldest segments that are not pinned until the quota holds; return how many."""
    total = int(store.value("SELECT coalesce(sum(bytes), 0) FROM segment"))
    if total <= quota_bytes:
        return 0
    kept, removed = pinned(store), 0
    for segment in segments(store):
        if total <= quota_bytes:
            break
        if not is_pinned(segment.span, kept):
            drop_segment(store, segment)
            total, removed = total - segment.bytes, removed + 1
    return removed


def unplayable(store: Store) -> list[Span]:
    """Return the spans of which no media may be kept or shown, in order."""
    text = store.value("SELECT value FROM meta WHERE key = ?", UNPLAYABLE)
    more = [Span(*pair) for pair in json.loads(text)] if text else []
    return merged([*store.forgotten(), *more])


def note_unplayable(store: Store, spans: Iterable[Span]) -> None:
    """Remember spans of which no media may be kept or shown, beside those forgotten whole."""
    text = store.value("SELECT value FROM meta WHERE key = ?", UNPLAYABLE)
    known = [Span(*pair) for pair in json.loads(text)] if text else []
    store.set_meta(UNPLAYABLE, json.dumps([list(one) for one in merged([*known, *spans])]))


def cut(store: Store, gone: Sequence[Span]) -> int:
    """Take spans out of all recordings; return how many segments changed.

    A segment is cut between its fragments (2 s): what shares one with a span goes too. A segment
    that cannot be cut goes whole. Each is a transaction of its own, so that a recording of days
    keeps nobody from writing.
    """
    touched = {s.id: s for span in gone for s in segments(store, span)}
    for segment in touched.values():
        path = store.folder / segment.path
        with store.transaction():
            if path.exists():
                _keep_rest(store, segment.source, segment.start_s, path, gone)
            drop_segment(store, segment)
    return len(touched)


def is_under_way(store: Store, gone: Sequence[Span]) -> bool:
    """Tell whether a segment that is still being written may hold something of the spans."""
    last_s = max((span.end_s for span in gone), default=-1e12)
    starts = [_parsed(path)[1] for path in _files(store) if path.suffix == ".part"]
    return any(start_s < last_s for start_s in starts)


def recover(store: Store) -> None:
    """Take in what a crash left in the folder; only while no source is being recorded.

    What can be played of a segment broken off becomes a segment; the rest is removed.
    """
    folder = store.folder / RECORDINGS
    if not folder.is_dir():
        return
    known = {segment.path: segment for segment in segments(store)}
    for path in sorted(folder.iterdir()):
        inside = path.relative_to(store.folder).as_posix()
        if inside in known:
            del known[inside]
        elif _NAME.fullmatch(path.name):
            source, start_s = _parsed(path)
            _take_in(store, source, start_s, path)
        else:
            path.unlink(missing_ok=True)
    for segment in known.values():  # the file is gone
        store.execute("DELETE FROM segment WHERE id = ?", segment.id)


def _take_in(store: Store, source: int, start_s: float, path: Path) -> None:
    """Make a finished or broken-off file a segment, without what was forgotten of it."""
    from omnilive.media.record import length_s

    span = Span(start_s, start_s + length_s(path))
    gone = [one for one in unplayable(store) if overlaps(span, one)]
    with store.transaction():
        if gone:
            _keep_rest(store, source, start_s, path, gone)
        if gone or span.end_s == start_s:
            path.unlink(missing_ok=True)
            return
        final = path.with_suffix(".mp4")
        path.replace(final)
        add_segment(store, source, span, final)


def _keep_rest(store: Store, source: int, start_s: float, path: Path, gone: Sequence[Span]) -> None:
    from omnilive.media.record import without

    local = [(a - start_s, b - start_s) for a, b in gone]
    started_ms = round(start_s * 1000)
    try:
        parts = without(path, local, f"{source}-{{}}.cut")
    except (OSError, ValueError):  # damaged: PyAV's errors are both
        logger.warning("%s cannot be cut: it is removed whole", path)
        return
    for part in parts:
        start_ms = started_ms + round(part.start_s * 1000)
        final = path.with_name(f"{source}-{start_ms}.mp4")
        if final == path:  # the first part of a finished segment: its name is taken until then
            final = path.with_name(f"{source}-{start_ms + 1}.mp4")
        part.path.replace(final)
        span = Span(start_s + part.start_s, start_s + part.end_s)
        add_segment(store, source, span, final)


def _parsed(path: Path) -> tuple[int, float]:
    match = _NAME.fullmatch(path.name)
    assert match is not None
    return int(match[1]), int(match[2]) / 1000


def _files(store: Store) -> list[Path]:
    folder = store.folder / RECORDINGS
    found = folder.iterdir() if folder.is_dir() else ()
    return [path for path in found if _NAME.fullmatch(path.name)]


class Recorder:
    """Records one live source on a thread of its own; perception never waits for it."""

    def __init__(
        self, store: Store, source: int, config: RecordingConfig, rate_hz: int,
        *, has_video: bool, has_audio: bool,
    ) -> None:  # fmt: skip
        self.dropped = 0  # pictures and pieces of sound that found no place
        self._store, self._source, self._config, self._rate_hz = store, source, config, rate_hz
        self._media = {"has_video": has_video, "has_audio": has_audio}
        self._queue: queue.Queue[Any] = queue.Queue(WAITING)
        self._segment: SegmentWriter | None = None
        self._idle_until_t = -1e12
        self._looked_t = -1e12
        self._thread = threading.Thread(target=self._run, name=f"record-{source}", daemon=True)
        self._thread.start()

    def tee(self, items: "Iterator[Item]") -> "Iterator[Item]":
        """Yield the items, and record the pictures and sounds among them."""
        for item in items:
            if isinstance(item, VideoFrame | AudioChunk | Gap):
                try:
                    self._queue.put_nowait(item)
                except queue.Full:
                    self.dropped += 1
            yield item

    def settle_queue(self) -> None:
        """Return once everything handed in so far is written."""
        done = threading.Event()
        self._queue.put(done)
        done.wait()

    def close(self) -> None:
        """Store what has been handed in, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            else:
                self._guarded(item)
        self._end()

    def _guarded(self, item: VideoFrame | AudioChunk | Gap) -> None:
        try:
            self._record(item)
        except (OSError, ValueError, OmniLiveError) as error:  # PyAV's errors are the first two
            self._idle_until_t = item.t + RETRY_S
            self._fail(item.t, error)

    def _record(self, item: VideoFrame | AudioChunk | Gap) -> None:
        open_one = self._segment
        if open_one is not None:
            is_over = item.t - open_one.start_t >= self._config.segment_s
            if is_over or item.t - open_one.end_t > HOLE_S or self._is_forgotten(item.t):
                self._end()
        if isinstance(item, Gap) or item.t < self._idle_until_t:
            return
        if self._segment is None:
            self._segment = self._begin(item.t)
        self._segment.take(item)

    def _is_forgotten(self, t: float) -> bool:
        """Tell, once a second, whether something of the segment under way was forgotten."""
        if self._segment is None or t - self._looked_t < LOOK_S:
            return False
        self._looked_t = t
        span = Span(self._segment.start_t, t)
        return any(overlaps(span, gone) for gone in unplayable(self._store))

    def _begin(self, t: float) -> "SegmentWriter":
        from omnilive.media.record import SegmentWriter

        folder = self._store.folder / RECORDINGS
        folder.mkdir(exist_ok=True)
        path = folder / f"{self._source}-{round(t * 1000)}.part"
        return SegmentWriter(path, t, self._rate_hz, **self._media)

    def _end(self) -> None:
        """Close the segment under way and store it; nothing is raised."""
        segment, self._segment = self._segment, None
        if segment is None:
            return
        try:
            count = segment.close()
            if not count:
                segment.path.unlink(missing_ok=True)
                return
            _take_in(self._store, self._source, segment.start_t, segment.path)
            with self._store.transaction():
                keep_quota(self._store, self._config.quota_bytes)
        except (OSError, ValueError, OmniLiveError) as error:
            self._fail(segment.end_t, error)

    def _fail(self, t: float, error: Exception) -> None:
        """Note why nothing is recorded for a while; what can be played of a segment stays."""
        logger.warning("source %d is not recorded: %s", self._source, error)
        segment, self._segment = self._segment, None
        try:
            if segment is not None:
                try:
                    segment.close()
                except (OSError, ValueError):
                    pass
                _take_in(self._store, self._source, segment.start_t, segment.path)
            detail = str(error)
            body = {"source": self._source, "state": "failed", "detail": detail}
            self._store.append(t, "recording", body)
        except (OSError, ValueError, OmniLiveError) as second:  # the disk is still full
            logger.warning("source %d: %s", self._source, second)


def of_span(store: Store, span: Span) -> list[Segment]:
    """Return the segments of the one source that was recorded longest in a span, in order."""
    found = segments(store, span)
    covered: dict[int, float] = {}
    for segment in found:
        part_s = min(segment.end_s, span.end_s) - max(segment.start_s, span.start_s)
        covered[segment.source] = covered.get(segment.source, 0.0) + part_s
    best = max(covered, key=lambda source: covered[source], default=None)
    return [s for s in found if s.source == best and (store.folder / s.path).is_file()]
