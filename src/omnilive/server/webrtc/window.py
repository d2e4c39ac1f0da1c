"""What a session sees, for those who listen in by WHEP: its newest picture, few a second."""

from collections.abc import Callable
from fractions import Fraction

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.video.frame import VideoFrame as AVFrame

from omnilive.core.clock import Clock, SystemClock
from omnilive.core.events import VideoFrame
from omnilive.media.picture import fitted

MAX_SIDE_PX = 640
LOOK_S = 0.1  # how often a new picture is looked for
REPEAT_S = 1.0  # the same one is sent again after this, so that late comers see something
TICKS = 90000


class Window(MediaStreamTrack):
    """A video track that shows what `newest` returns; it waits while that is None."""

    kind = "video"

    def __init__(self, newest: Callable[[], VideoFrame | None], clock: Clock | None = None) -> None:
        super().__init__()
        self._newest, self._clock = newest, clock or SystemClock()
        self._shown: VideoFrame | None = None
        self._shown_t = -REPEAT_S

    async def recv(self) -> AVFrame:
        """Return the next picture, when there is a new one or the old one has to be repeated."""
        while self.readyState == "live":
            now, picture = self._clock.now(), self._newest()
            is_due = picture is not self._shown or now - self._shown_t >= REPEAT_S
            if picture is not None and is_due:
                self._shown, self._shown_t = picture, now
                return _frame(picture, now)
            await self._clock.sleep_until(now + LOOK_S)
        raise MediaStreamError


def _frame(picture: VideoFrame, now: float) -> AVFrame:
    height, width = picture.rgb.shape[:2]
    small = (max(2, side // 2 * 2) for side in fitted(width, height, MAX_SIDE_PX))
    frame = AVFrame.from_ndarray(picture.rgb, "rgb24").reformat(*small, format="yuv420p")
    frame.pts, frame.time_base = round(now * TICKS), Fraction(1, TICKS)
    return frame
