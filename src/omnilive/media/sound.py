"""Decoded sound of any kind in, mono float32 chunks on a regular grid of stream time out."""

import math
from collections.abc import Iterator

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from omnilive.core.events import AudioChunk

HOLE_S = 0.2  # stamps further off than this from the count of samples are believed


class Chunker:
    """Resamples and cuts sound at multiples of `chunk_s`.

    Time is counted in samples from an anchor, so that rounded stamps leave no seams; after a
    hole the anchor is set anew, and the first chunk after an anchor may be short.
    """

    def __init__(self, rate_hz: int, chunk_s: float) -> None:
        self._rate_hz = rate_hz
        self._chunk_s = chunk_s
        self._resampler: AudioResampler | None = None
        self._shape: tuple[str, str, int] | None = None
        self._anchor_t = 0.0
        self._taken_s = 0.0  # sound taken in since the anchor
        self._done = 0  # samples handed on since the anchor
        self._held = np.zeros(0, np.float32)

    @property
    def next_t(self) -> float:
        """Where the next chunk starts, as far as is known."""
        return self._anchor_t + self._done / self._rate_hz

    def add(self, frame: AudioFrame, t: float) -> Iterator[AudioChunk]:
        """Take one frame that starts at `t`; yield the chunks it completes."""
        expected_t = self._anchor_t + self._taken_s
        frame = _mixed(frame)
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler and t < expected_t - HOLE_S:
            return  # heard before: a stream that overlaps itself
        if self._resampler is None or shape != self._shape or t > expected_t + HOLE_S:
            yield from self.flush()
            self._start(shape, t if self._shape is None else max(t, expected_t))
        assert self._resampler is not None
        frame.pts = None  # stamps are done with: the resampler must not act on them
        self._taken_s += frame.samples / frame.sample_rate
        self._hold(self._resampler.resample(frame))
        yield from self._cut()

    def flush(self) -> Iterator[AudioChunk]:
        """Yield what is held, the last chunk shorter than the others."""
        if self._resampler is None:
            return
        self._hold(self._resampler.resample(None))
        self._resampler = None
        yield from self._cut()
        if len(self._held):
            yield self._take(len(self._held))

    def _start(self, shape: tuple[str, str, int], t: float) -> None:
        # rematrix_maxval: six channels mixed to one must not add up to more than full scale.
        self._resampler = AudioResampler(
            format="flt", layout="mono", rate=self._rate_hz, options={"rematrix_maxval": "1.0"}
        )
        self._shape = shape
        self._anchor_t, self._taken_s, self._done = t, 0.0, 0
        self._held = np.zeros(0, np.float32)

    def _hold(self, frames: list[AudioFrame]) -> None:
        new = [frame.to_ndarray().reshape(-1) for frame in frames if frame is not None]
        if new:
            self._held = np.concatenate([self._held, *new])

    def _cut(self) -> Iterator[AudioChunk]:
        while len(self._held) >= (size := self._samples_to_grid_line()):
            yield self._take(size)

    def _samples_to_grid_line(self) -> int:
        t = self.next_t
        line = math.floor(t / self._chunk_s + 0.5 / (self._rate_hz * self._chunk_s)) + 1
        end = round((line * self._chunk_s - self._anchor_t) * self._rate_hz)
        return max(1, end - self._done)

    def _take(self, size: int) -> AudioChunk:
        t = self.next_t
        line_t = round(round(t / self._chunk_s) * self._chunk_s, 6)
        # Snapped to the grid line it was cut at, so that every run names the same `t`.
        t = line_t if abs(line_t - t) <= 0.5001 / self._rate_hz else t
        pcm, self._held = self._held[:size], self._held[size:]
        self._done += size
        pcm = np.clip(np.nan_to_num(pcm), -1.0, 1.0).astype(np.float32, copy=False)
        return AudioChunk(t=t, pcm=pcm, rate_hz=self._rate_hz)


def _mixed(frame: AudioFrame) -> AudioFrame:
    """Return the mean of channels that no one has named, which FFmpeg cannot mix; else the frame.

    Shapes: planar frames are (C, S), packed ones (1, S * C).
    """
    channels = frame.layout.nb_channels
    if channels == 1 or "channels" not in frame.layout.name:
        return frame
    samples = frame.to_ndarray()
    planes = samples if frame.format.is_planar else samples.reshape(-1, channels).T
    mean = planes.mean(axis=0, dtype=np.float64).astype(samples.dtype).reshape(1, -1)
    mono = AudioFrame.from_ndarray(mean, format=frame.format.name, layout="mono")
    mono.sample_rate = frame.sample_rate
    return mono
