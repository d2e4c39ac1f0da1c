"""A source that is fed from outside: a browser's camera and microphone, or a client's messages."""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.frame import VideoFrame as AVFrame

from omnilive.core.clock import Clock, SystemClock
from omnilive.core.errors import ConfigError
from omnilive.core.events import AudioChunk, Gap, Mark, SourceHealth, VideoFrame
from omnilive.media.align import Aligner
from omnilive.media.base import Item, MediaConfig, SourceInfo
from omnilive.media.picture import FrameGrid, Painter

CHUNK_S = 0.032  # one window of the voice activity detector: turns are judged without waiting
UNREAD_S = 30.0  # sound that waits unread longer than this is dropped, oldest first
AHEAD_S = 60.0  # sound may come this much faster than it lasts
HOLE_S = 1.0  # time in which nothing at all came, beyond which it is a gap
SILENCE_S = 0.5  # where only sound is missing for this long, silence is put in its place
TICK_S = 0.1  # how often missing things are looked for
RATES_HZ = (4000, 384000)
Picture = np.ndarray | AVFrame


class PushSource:
    """Live pictures and sound that someone hands in. `push_*` and `close` never block.

    They may be called from any thread; time is the clock on arrival, from `offset_s` on. The
    newest picture wins; see UNREAD_S and AHEAD_S for what becomes of too much sound.
    """

    def __init__(
        self,
        label: str,
        *,
        has_video: bool,
        has_audio: bool,
        offset_s: float = 0.0,
        config: MediaConfig = MediaConfig(),  # noqa: B008  (frozen)
        clock: Clock | None = None,
    ) -> None:
        self.info = SourceInfo(
            url=f"push:{label}", kind="push", duration_s=None, has_video=has_video,
            has_audio=has_audio, width=None, height=None, fps=None, live=True,
        )  # fmt: skip
        self.decoded = self.dropped = self.corrupt = 0
        self.sound_s = 0.0  # of sound that was, or is to be, handed on
        self._offset_s, self._config, self._clock = offset_s, config, clock or SystemClock()
        self._changed = threading.Condition()
        self._closed = False
        self._items: deque[Item] = deque()
        self._unread_s = 0.0
        self._picture: tuple[float, Picture] | None = None
        self._grid = FrameGrid(config.max_fps)
        self._aligner = Aligner(config.rate_hz, CHUNK_S, AHEAD_S)
        self._resampler: AudioResampler | None = None
        self._from_hz = 0
        self._came_t: float | None = None  # when anything came last
        self._seen_t = 0.0  # when a picture came last, or was waited for in vain
        self._has_heard = False  # sound came since the beginning or the last hole
        self._is_flooded = self._is_stalled = False

    @property
    def now_t(self) -> float:
        """Session time now."""
        return self._offset_s + self._clock.now()

    @property
    def lost_s(self) -> float:
        """Seconds of sound that came too fast and were not taken."""
        return self._aligner.refused_s

    def wants_picture(self) -> bool:
        """Tell whether a picture that came now would be handed on, before one is converted."""
        with self._changed:
            return not self._closed and self._grid.wants(self.now_t)

    def push_picture(self, picture: Picture) -> bool:
        """Take a picture: (H, W, 3) uint8, or a decoded frame; False: one was taken just before.

        A frame is converted later, on the reader's thread; one that cannot be counts as `corrupt`.
        """
        if isinstance(picture, np.ndarray) and not _is_rgb(picture):
            raise ConfigError(f"a picture must be (H, W, 3) uint8, not {picture.shape}")
        with self._changed:
            if self._closed:
                return False
            t = self._come()
            self._seen_t = t
            self.decoded += 1
            if not self._grid.takes(t):
                return False
            self.dropped += self._picture is not None
            self._picture = (t, picture)
            self._changed.notify_all()
            return True

    def push_audio(self, pcm: np.ndarray, rate_hz: int) -> bool:
        """Take (S,) float32 mono sound of any rate; False: it came too fast and is lost."""
        if pcm.ndim != 1 or pcm.dtype.kind != "f":
            raise ConfigError(f"sound must be (S,) float32, not {pcm.dtype} {pcm.shape}")
        if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            raise ConfigError(f"{rate_hz} samples a second: give {RATES_HZ[0]} to {RATES_HZ[1]}")
        with self._changed:
            if self._closed or not len(pcm):
                return not self._closed
            lead_s = len(pcm) / rate_hz
            t = self._come(lead_s)
            if not self._has_heard:
                self._has_heard = True
                self._put(self._aligner.fill(t - lead_s))
            before_s = self._aligner.refused_s
            self._put(self._aligner.add(self._resampled(pcm, rate_hz), t))
            is_lost = self._aligner.refused_s > before_s
            if is_lost and not self._is_flooded:
                end_t = self._aligner.end_t
                self._items.append(Gap(t=end_t, end_t=end_t, reason="sound came far too fast"))
            self._is_flooded = is_lost
            self._changed.notify_all()
            return not is_lost

    def close(self) -> None:
        """End: what was handed in is still read."""
        with self._changed:
            if not self._closed:
                self._put(self._aligner.begin(self._aligner.end_t))
            self._closed = True
            self._changed.notify_all()

    def items(self) -> Iterator[Item]:
        """Yield what was handed in, until it is closed and all is read."""
        painter = Painter(self._config.max_side_px)
        while True:
            with self._changed:
                self._changed.wait_for(self._is_readable, TICK_S)
                if not self._closed:
                    self._fill_in()
                ready, (t, picture) = self._taken(), self._picture or (0.0, None)
                self._picture = None
                is_over = self._closed and not ready and picture is None
            yield from ready
            if picture is not None and (rgb := self._painted(picture, painter)) is not None:
                yield VideoFrame(t=t, rgb=rgb)
            if is_over:
                break
        yield self._health("ended")

    def _is_readable(self) -> bool:
        return bool(self._items) or self._picture is not None or self._closed

    def _come(self, lead_s: float = 0.0) -> float:
        """Note that something came; note the gap before it, if there is one."""
        t, before_t = self.now_t, self._came_t
        self._came_t = t
        if before_t is None:
            self._begin(max(self._offset_s, t - lead_s))
            self._items.append(self._health("live"))
        elif t - before_t > HOLE_S:
            self._end_hole(before_t, max(before_t + HOLE_S, t - lead_s))
        return t

    def _begin(self, t: float) -> None:
        self._seen_t, self._has_heard = t, False
        self._put(self._aligner.begin(max(t, self._aligner.end_t)))

    def _end_hole(self, before_t: float, t: float) -> None:
        start_t = max(before_t, self._aligner.end_t if self.info.has_audio else before_t)
        self._begin(t)
        if t > start_t:
            self._items.append(Gap(t=start_t, end_t=t, reason="nothing was received"))
        if self._is_stalled:
            self._items.append(self._health("live"))
        self._is_stalled = False

    def _fill_in(self) -> None:
        """Keep time going where one medium, or both, bring nothing."""
        now_t = self.now_t
        if self._came_t is None:
            return
        silent_s = now_t - self._came_t
        if silent_s > self._config.stall_s and not self._is_stalled:
            self._is_stalled = True
            self._items.append(self._health("stalled", "nothing is received"))
        # The first second of a hole is heard as silence, so that what was being said can end.
        until_t = min(now_t, self._came_t + HOLE_S)
        if self.info.has_audio and until_t - self._aligner.end_t > SILENCE_S:
            self._put(self._aligner.fill(until_t))
        if self.info.has_video and until_t - self._seen_t > HOLE_S:
            self._seen_t = until_t
            self._items.append(Mark(t=until_t, name=""))

    def _put(self, chunks: Iterator[AudioChunk]) -> None:
        for chunk in chunks:
            self._items.append(chunk)
            self._unread_s += chunk.end_t - chunk.t
            self.sound_s += chunk.end_t - chunk.t
        if self._unread_s > UNREAD_S:
            self._drop_oldest_sound()

    def _drop_oldest_sound(self) -> None:
        """Make room for a second, and leave a gap in its place."""
        first = next(i for i, item in enumerate(self._items) if isinstance(item, AudioChunk))
        t = end_t = self._items[first].t
        kept: deque[Item] = deque()
        for item in self._items:
            if isinstance(item, AudioChunk) and self._unread_s > UNREAD_S - 1.0:
                self._unread_s -= item.end_t - item.t
                self.sound_s -= item.end_t - item.t
                end_t = max(end_t, item.end_t)
                continue
            kept.append(item)
        previous = kept[first - 1] if first else None
        if isinstance(previous, Gap) and previous.reason == _UNREAD:
            kept[first - 1] = replace(previous, end_t=end_t)
        else:
            kept.insert(first, Gap(t=t, end_t=end_t, reason=_UNREAD))
        self._items = kept

    def _taken(self) -> list[Item]:
        taken, self._unread_s = list(self._items), 0.0
        self._items.clear()
        return taken

    def _resampled(self, pcm: np.ndarray, rate_hz: int) -> np.ndarray:
        pcm = np.clip(np.nan_to_num(pcm), -1.0, 1.0).astype(np.float32, copy=False)
        if rate_hz == self._config.rate_hz:
            return pcm
        if self._resampler is None or rate_hz != self._from_hz:
            self._from_hz = rate_hz
            self._resampler = AudioResampler(format="flt", layout="mono", rate=self._config.rate_hz)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(pcm)[None], "flt", "mono")
        frame.sample_rate = rate_hz
        parts = [part.to_ndarray().reshape(-1) for part in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _painted(self, picture: Picture, painter: Painter) -> np.ndarray | None:
        try:
            if isinstance(picture, np.ndarray):
                picture = AVFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
            return painter.rgb(picture)
        except (av.error.FFmpegError, ValueError, ZeroDivisionError):
            self.corrupt += 1
            return None

    def _health(self, state: Literal["live", "stalled", "ended"], detail: str = "") -> SourceHealth:
        return SourceHealth(t=self.now_t, state=state, detail=detail)


_UNREAD = "perception was too slow for the sound"


def _is_rgb(picture: np.ndarray) -> bool:
    is_image = picture.ndim == 3 and picture.shape[2] == 3 and picture.size > 0
    return is_image and picture.dtype == np.uint8
