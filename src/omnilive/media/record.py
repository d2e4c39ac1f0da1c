"""Pictures and sound in, mp4 out (H.264 and AAC): for clips, and for what is recorded as it comes.

A recording is written in fragments: whatever ends it, all but the last seconds can be played. It
can be cut between its fragments without being encoded again.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import av.error
import numpy as np
from av.video.frame import PictureType

from omnilive.core.errors import BackendError
from omnilive.core.events import AudioChunk, VideoFrame
from omnilive.media.base import Item

TICKS = 90000  # of video time a second
FRAGMENT_S = 2.0
SPILL_S = 0.15  # a packet of sound also holds some of what was before and after it
_FRAGMENTS = {
    "movflags": "frag_keyframe+delay_moov+default_base_moof",
    "frag_duration": str(round(FRAGMENT_S * 1e6)),
    "flush_packets": "1",  # what is written is in the file, not in a buffer that a crash takes
}


class Quality(NamedTuple):
    """How pictures and sound are encoded; `key_s`: a picture that stands alone this often."""

    rate_hz: int = 48000
    fps: float = 30.0
    crf: int = 23
    key_s: float = 1e12


class Mp4Writer:
    """Takes items in order of time; writes those inside the span, moved to begin at zero."""

    def __init__(
        self, container: Any, span: tuple[float, float], has_video: bool, has_audio: bool,
        quality: Quality = Quality(),  # noqa: B008  (immutable)
    ) -> None:  # fmt: skip
        self._container, (self._start_s, self._end_s) = container, span
        self._quality = quality
        self._video: Any = None
        self._audio: Any = None
        if has_audio:
            self._audio = container.add_stream("aac", rate=quality.rate_hz, layout="mono")
        self._held: VideoFrame | None = None  # its end is not known yet
        # All streams must be there before anything is written: sound waits for the first picture.
        self._waiting: list[Any] | None = [] if has_video else None
        self._samples = 0  # of sound, put down so far
        self._count = 0
        self._key_t = -1e12

    def take(self, item: Item) -> bool:
        """Take an item; False when the span is over for sure."""
        if isinstance(item, VideoFrame):
            if self._held is not None and item.t > self._start_s:
                self._paint(self._held)
            if item.t >= self._end_s:
                self._held = None
                return self._audio is not None
            self._held = item
        elif isinstance(item, AudioChunk) and self._audio is not None:
            self._sound(item)
            return item.t < self._end_s
        return True

    def finish(self) -> int:
        """Write what is left; return how many pictures and sounds there are."""
        if self._held is not None:
            self._paint(self._held)
        self._release()
        for stream in (self._video, self._audio):
            if stream is not None and self._count:
                self._container.mux(stream.encode(None))
        return self._count

    def _paint(self, picture: VideoFrame) -> None:
        height, width = (side // 2 * 2 for side in picture.rgb.shape[:2])
        if self._video is None:
            self._video = self._video_stream(width, height)
            self._release()
        rgb = np.ascontiguousarray(picture.rgb[:height, :width])
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
        frame.time_base = Fraction(1, TICKS)
        t = max(0.0, picture.t - self._start_s)
        frame.pts = round(t * TICKS)
        if t - self._key_t >= self._quality.key_s:
            self._key_t, frame.pict_type = t, PictureType.I
        self._put(self._video, frame)

    def _video_stream(self, width: int, height: int) -> Any:
        try:
            stream = self._container.add_stream("libx264", rate=round(self._quality.fps))
        except ValueError as error:
            raise BackendError("this build of FFmpeg cannot write H.264 (libx264)") from error
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        crf = str(self._quality.crf)
        options = {"preset": "veryfast", "crf": crf}
        if self._quality.key_s < 1e12:  # written as it comes: nothing is held back
            options |= {"tune": "zerolatency", "threads": "1", "forced-idr": "1"}
        stream.codec_context.options = options
        stream.codec_context.max_b_frames = 0  # so that the first picture is at zero
        return stream

    def _sound(self, chunk: AudioChunk) -> None:
        """Put sound where it belongs: what is early is left out, what is missing is silence."""
        rate_hz = self._quality.rate_hz
        at = round((chunk.t - self._start_s) * rate_hz)
        until = round(min(self._end_s - self._start_s, 1e6) * rate_hz)
        pcm = chunk.pcm[max(0, self._samples - at) : max(0, until - at)]
        at = max(at, self._samples)
        if not len(pcm):
            return
        if at > self._samples:
            pcm = np.concatenate([np.zeros(at - self._samples, np.float32), pcm])
        frame = av.AudioFrame.from_ndarray(pcm[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
        frame.pts = self._samples
        self._samples += len(pcm)
        if self._waiting is None:
            self._put(self._audio, frame)
        else:
            self._waiting.append(frame)

    def _release(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        for frame in waiting:
            self._put(self._audio, frame)

    def _put(self, stream: Any, frame: Any) -> None:
        self._count += 1
        self._container.mux(stream.encode(frame))


class SegmentWriter:
    """One segment of a recording, from session time `start_t` on. One thread at a time."""

    def __init__(
        self, path: Path, start_t: float, rate_hz: int, *, has_video: bool, has_audio: bool
    ) -> None:
        """Open `path`, in which what is taken can be played at any time. OSError when full."""
        self.path, self.start_t, self.end_t = path, start_t, start_t
        self._container: Any = av.open(path, "w", format="mp4", options=dict(_FRAGMENTS))
        quality = Quality(rate_hz=rate_hz, crf=28, key_s=FRAGMENT_S)
        self._writer = Mp4Writer(
            self._container, (start_t, float("inf")), has_video, has_audio, quality
        )

    def take(self, item: VideoFrame | AudioChunk) -> None:
        """Write a picture or a sound. OSError when the disk is full."""
        self._writer.take(item)
        self.end_t = max(self.end_t, item.end_t if isinstance(item, AudioChunk) else item.t)

    def close(self) -> int:
        """End the file; return how many pictures and sounds it holds."""
        try:
            return self._writer.finish()
        finally:
            self._container.close()


class Part(NamedTuple):
    """A piece of a recording: its file, and the span in seconds from the start of the whole."""

    path: Path
    start_s: float
    end_s: float


def length_s(path: Path) -> float:
    """Return how long a recording, whole or broken off, can be played; 0 for not at all."""
    try:
        with av.open(path) as container:
            ends = [_end_s(packet) for packet in _packets(container)]
    except (av.error.FFmpegError, OSError):
        return 0.0
    return max(ends, default=0.0)


def without(path: Path, gone: Sequence[tuple[float, float]], name: str) -> list[Part]:
    """Write what a recording holds outside of some spans (seconds from its start) into new files.

    They are named by `name`, formatted with the start in milliseconds, beside the old one, which
    stays. Nothing is encoded again: what shares a fragment with a span is left out too.
    """
    parts: list[Part] = []
    with av.open(path) as container:
        units = _units(container)
    kept = [unit for unit in units if not any(unit[0] < b and unit[1] > a for a, b in gone)]
    for start_s, end_s in _runs(kept):
        part = path.with_name(name.format(round(start_s * 1000)))
        _copy(path, part, start_s, end_s, is_cut=end_s < units[-1][1] - 1e-3)
        parts.append(Part(part, start_s, end_s))
    return parts


def _units(container: Any) -> list[tuple[float, float]]:
    """Return what can only be kept or dropped together: from one key picture to the next."""
    video = next(iter(container.streams.video), None)
    starts: list[float] = []
    end_s = 0.0
    for packet in _packets(container):
        is_video = packet.stream.type == "video"
        if (is_video and packet.is_keyframe) or (video is None and _fits(packet, starts)):
            starts.append(_start_s(packet))
        end_s = max(end_s, _end_s(packet))
    return list(zip(starts, [*starts[1:], end_s], strict=True))


def _fits(packet: Any, starts: list[float]) -> bool:
    return not starts or _start_s(packet) - starts[-1] >= FRAGMENT_S


def _runs(units: list[tuple[float, float]]) -> list[tuple[float, float]]:
    runs: list[tuple[float, float]] = []
    for start_s, end_s in units:
        if runs and start_s - runs[-1][1] < 1e-6:
            runs[-1] = (runs[-1][0], end_s)
        else:
            runs.append((start_s, end_s))
    return runs


def _copy(source: Path, target: Path, start_s: float, end_s: float, *, is_cut: bool) -> None:
    """Copy the packets of a span, moved to begin at zero; sound keeps away from where it is cut."""
    first_s = start_s + SPILL_S if start_s > 1e-3 else start_s
    last_s = end_s - SPILL_S if is_cut else end_s
    with av.open(source) as old, av.open(target, "w", format="mp4", options=_FRAGMENTS) as new:
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in _packets(old):
            a, b = _start_s(packet), _end_s(packet)
            is_video = packet.stream.type == "video"
            inside = (
                start_s - 1e-6 <= a < end_s - 1e-6 if is_video else first_s <= a and b <= last_s
            )
            if not inside or packet.time_base is None:
                continue
            shift = round(start_s / packet.time_base)
            packet.pts -= shift
            packet.dts = packet.pts
            packet.stream = streams[packet.stream.index]
            new.mux(packet)


def _packets(container: Any) -> Iterator[Any]:
    """Yield the packets that hold something, up to where the file is broken off."""
    try:
        for packet in container.demux():
            if packet.pts is not None and packet.size:
                yield packet
    except av.error.FFmpegError:
        return


def _start_s(packet: Any) -> float:
    return float(packet.pts * packet.time_base)


def _end_s(packet: Any) -> float:
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)
