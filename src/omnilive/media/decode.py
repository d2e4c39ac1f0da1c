"""An open container in, events in stream time out: the one path for files and live streams."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import av.error

from omnilive.core.errors import SourceError
from omnilive.core.events import Gap, VideoFrame
from omnilive.media.base import Item, MediaConfig
from omnilive.media.container import Opened, reason_of
from omnilive.media.merge import Merge
from omnilive.media.picture import FrameGrid, Painter
from omnilive.media.sound import Chunker
from omnilive.media.timeline import Timeline

MAX_READ_ERRORS = 100  # in a row, before the rest is given up as unreadable
SLACK_S = 1e-6
# Seeking is exact only where an index gives the true time stamps; elsewhere the way is decoded.
_EXACT_SEEK = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "wav"}


@dataclass(slots=True)
class Counts:
    """What was met on the way."""

    decoded: int = 0  # pictures
    corrupt: int = 0  # packets and pictures that could not be used
    end_t: float = 0.0  # stream time reached


class Decoder:
    """Decodes one container once. Items before `start_s` (stream time) are not yielded."""

    def __init__(
        self,
        opened: Opened,
        config: MediaConfig,
        counts: Counts,
        *,
        start_s: float = 0.0,
        live: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._opened, self._config, self._counts = opened, config, counts
        self._start_s, self._stopped = start_s, stopped
        self._can_seek = not live and opened.container.format.name in _EXACT_SEEK
        self._timeline = Timeline(self._first_stamp_s(live), live or opened.may_restart)
        self._grid = FrameGrid(config.max_fps)
        self._painter = Painter(config.max_side_px)
        self._chunker = Chunker(config.rate_hz, config.chunk_s)
        self._streams = [s for s in (opened.video, opened.audio) if s is not None]
        self._merge = Merge([stream.type for stream in self._streams])

    def items(self) -> Iterator[Item]:
        """Yield the items in order of `t`."""
        self._seek()
        for packet in self._packets():
            if self._stopped():
                return
            for frame in self._frames(packet):
                yield from self._wanted(self._take(packet.stream, frame))
        for chunk in self._chunker.flush():
            self._merge.add(chunk)
        yield from self._wanted(self._merge.flush())

    def _seek(self) -> None:
        lead_s = max(1.0, 2.0 / self._config.max_fps)  # settles the codecs and the frame grid
        if self._can_seek and self._start_s > lead_s:
            target_s = self._start_s - lead_s + (self._opened.start_s or 0.0)
            self._opened.container.seek(round(target_s * av.time_base))

    def _first_stamp_s(self, live: bool) -> float | None:
        if live:
            return None  # joined in the middle, where the container's start means nothing
        return (self._opened.start_s or 0.0) if self._can_seek else self._opened.start_s

    def _packets(self) -> Iterator[Any]:
        errors = 0
        while errors < MAX_READ_ERRORS:
            try:
                for packet in self._opened.container.demux(*self._streams):
                    errors = 0
                    yield packet
                return
            except av.error.InvalidDataError:
                errors += 1
                self._counts.corrupt += 1
            except (av.error.FFmpegError, OSError) as error:
                raise SourceError("", reason_of(error)) from error

    def _frames(self, packet: Any) -> list[Any]:
        try:
            return packet.decode()
        except av.error.FFmpegError:
            self._counts.corrupt += 1
            return []

    def _take(self, stream: Any, frame: Any) -> Iterator[Item]:
        is_video = stream.type == "video"
        duration_s = self._video_s(frame) if is_video else frame.samples / frame.sample_rate
        t, hole = self._timeline.place(stream.type, _stamp_s(frame), duration_s)
        if hole:
            self._merge.add(Gap(t=hole.t, end_t=hole.end_t, reason=hole.reason))
        try:
            self._hand_on(frame, t, is_video)
        except av.error.FFmpegError:  # a size or format that cannot be converted
            self._counts.corrupt += 1
        self._counts.end_t = max(self._counts.end_t, t + duration_s)
        return self._merge.advance(stream.type, t if is_video else self._chunker.next_t)

    def _hand_on(self, frame: Any, t: float, is_video: bool) -> None:
        if is_video:
            self._see(frame, t)
            return
        for chunk in self._chunker.add(frame, t):
            self._merge.add(chunk)

    def _see(self, frame: Any, t: float) -> None:
        if t >= self._start_s - SLACK_S:
            self._counts.decoded += 1
        if frame.is_corrupt:
            self._counts.corrupt += 1
        elif self._grid.takes(t) and t >= self._start_s - SLACK_S:
            assert self._opened.video is not None
            aspect = float(self._opened.video.sample_aspect_ratio or 1)
            self._merge.add(VideoFrame(t=t, rgb=self._painter.rgb(frame, aspect)))

    def _video_s(self, frame: Any) -> float:
        if frame.duration and frame.time_base:
            return float(frame.duration * frame.time_base)
        return 1.0 / (self._opened.fps or 25.0)

    def _wanted(self, items: Iterator[Item]) -> Iterator[Item]:
        return (item for item in items if item.t >= self._start_s - SLACK_S)


def _stamp_s(frame: Any) -> float | None:
    pts = frame.pts if frame.pts is not None else frame.dts
    return None if pts is None or frame.time_base is None else float(pts * frame.time_base)


def moved(item: Item, offset_s: float) -> Item:
    """Return the item `offset_s` later."""
    if isinstance(item, Gap):
        return replace(item, t=item.t + offset_s, end_t=item.end_t + offset_s)
    return replace(item, t=item.t + offset_s)
