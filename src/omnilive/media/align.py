"""Live sound that has only a time of arrival, in; chunks whose time never leaps, out."""

from collections.abc import Iterator

import numpy as np

from omnilive.core.events import AudioChunk

DRIFT_S = 0.2  # further off than this from the clock, the time of sound is put right
QUIET = 0.003  # RMS below which sound is quiet: there time can be put right unheard
SPARED_S = 3.0  # so much of a silence is never shortened: pauses mean something


class Aligner:
    """Counts time in samples and keeps it near the clock. Plain logic, one stream.

    Sound that comes late in a burst is not torn apart: it runs ahead of the clock until a
    silence is long enough to be shortened. Sound that stays behind, as from a slow sound card,
    gets a little silence where it is quiet.
    """

    def __init__(self, rate_hz: int, chunk_s: float, most_ahead_s: float) -> None:
        self._rate_hz, self._most_ahead_s = rate_hz, most_ahead_s
        self._size = max(1, round(rate_hz * chunk_s))
        self._anchor_t, self._done = 0.0, 0  # where time is counted from, samples handed on
        self._held = np.zeros(0, np.float32)
        self._quiet_s = 0.0  # how long it has been quiet
        self._behind: list[tuple[float, float]] = []  # (clock, how far behind), of the last 2 s
        self.refused_s = 0.0  # sound that came far too fast

    @property
    def end_t(self) -> float:
        """Time of the sample after the last one taken in."""
        return self._anchor_t + (self._done + len(self._held)) / self._rate_hz

    def begin(self, t: float) -> Iterator[AudioChunk]:
        """Go on at `t`, which is not before `end_t`; yield what was held."""
        if len(self._held):
            yield self._take(len(self._held))
        self._anchor_t, self._done, self._behind = t, 0, []

    def add(self, pcm: np.ndarray, now_t: float) -> Iterator[AudioChunk]:
        """Take sound that arrived at `now_t`; yield the chunks it completes.

        Shapes: pcm is (S,) float32 at the aligner's rate.
        """
        level = float(np.sqrt(np.mean(np.square(pcm)))) if len(pcm) else 0.0
        length_s = len(pcm) / self._rate_hz
        self._quiet_s = self._quiet_s + length_s if level < QUIET else 0.0
        ahead_s = self.end_t + length_s - now_t
        if ahead_s > self._most_ahead_s:
            self.refused_s += length_s
            return
        if ahead_s > DRIFT_S and self._quiet_s > SPARED_S:
            return
        if level < QUIET and (behind_s := self._least_behind(now_t, -ahead_s)) > DRIFT_S:
            pcm = np.concatenate([np.zeros(round(behind_s * self._rate_hz), np.float32), pcm])
            self._behind = []
        yield from self._hold(pcm)

    def fill(self, until_t: float) -> Iterator[AudioChunk]:
        """Put silence up to `until_t`, where nothing has come; yield the chunks it completes."""
        missing = int((until_t - self.end_t) * self._rate_hz)
        if missing > 0:
            self._quiet_s += missing / self._rate_hz
            yield from self._hold(np.zeros(missing, np.float32))

    def _least_behind(self, now_t: float, behind_s: float) -> float:
        """Return the least of the last 2 s: what no delay on the way explains."""
        self._behind = [(t, s) for t, s in self._behind if t > now_t - 2.0]
        self._behind.append((now_t, behind_s))
        is_long = now_t - self._behind[0][0] > 1.0
        return min(s for _, s in self._behind) if is_long else 0.0

    def _hold(self, pcm: np.ndarray) -> Iterator[AudioChunk]:
        self._held = np.concatenate([self._held, pcm])
        while len(self._held) >= self._size:
            yield self._take(self._size)

    def _take(self, size: int) -> AudioChunk:
        t = self._anchor_t + self._done / self._rate_hz
        pcm, self._held = self._held[:size], self._held[size:]
        self._done += size
        return AudioChunk(t=t, pcm=pcm, rate_hz=self._rate_hz)
