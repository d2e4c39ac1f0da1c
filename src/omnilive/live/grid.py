"""Pictures on the model's grid of times, as in training: at k / fps the last one not after it.

Which pictures the model sees depends on the stream alone, not on how fast it is watched.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from omnilive.core.events import VideoFrame

SAME_S = 1e-4  # a picture counts at its time itself, whatever rounding did to it
LEAST_S = 2.0  # a picture that stays longer than this without another is not repeated on


@dataclass(slots=True)
class Grid:
    """Times k / fps from `start_t` on. A picture is passed on once it is sure to be the last."""

    fps: float
    start_t: float
    _due: int = 0
    _shown: VideoFrame | None = None

    def take(self, picture: VideoFrame) -> Iterator[VideoFrame]:
        """Yield what is due up to this picture, each with its time on the grid."""
        if self._shown is not None and picture.t < self._shown.t:
            return  # out of order
        shown = self._shown or picture  # the first one stands in at the time just before it
        places = (picture.t - self.start_t) * self.fps
        skipped = math.ceil(places - LEAST_S * self.fps) if self._shown else math.floor(places)
        self._due = max(self._due, skipped)
        while self._time < picture.t - SAME_S:
            yield replace(shown, t=self._time)
            self._due += 1
        if self._time <= picture.t + SAME_S:
            yield replace(picture, t=self._time)
            self._due += 1
        self._shown = picture

    def interrupt(self) -> None:
        """Nothing was received for a while: what was seen before it is not shown on."""
        self._shown = None

    @property
    def _time(self) -> float:
        return self.start_t + self._due / self.fps
