"""Decoded pictures in, few upright RGB arrays out."""

import numpy as np
from av.video.frame import VideoFrame as AVFrame
from av.video.reformatter import Interpolation, VideoReformatter

_EPSILON_S = 1e-6  # a stamp just below a grid line belongs to the next cell


class FrameGrid:
    """Chooses the first picture in each cell of a regular grid of stream time.

    The choice depends on `t` alone, so every pace chooses the same pictures.
    """

    def __init__(self, max_fps: float) -> None:
        self._max_fps = max_fps
        self._cell = -1

    def wants(self, t: float) -> bool:
        """Say whether a picture at `t` would be handed on."""
        return int((t + _EPSILON_S) * self._max_fps) > self._cell

    def takes(self, t: float) -> bool:
        """Say whether the picture at `t` is handed on; `t` never falls."""
        is_new = self.wants(t)
        self._cell = max(int((t + _EPSILON_S) * self._max_fps), self._cell)
        return is_new


class Painter:
    """Turns one decoded picture into RGB: scaled down, square pixels, upright."""

    def __init__(self, max_side_px: int) -> None:
        self._max_side_px = max_side_px
        self._reformatter = VideoReformatter()

    def rgb(self, frame: AVFrame, pixel_aspect: float = 1.0) -> np.ndarray:
        """Return the picture.

        Shapes: (H, W, 3) uint8, contiguous.
        """
        width, height = fitted(frame.width * pixel_aspect, frame.height, self._max_side_px)
        picture = self._reformatter.reformat(
            frame, width=width, height=height, format="rgb24", interpolation=Interpolation.BILINEAR
        )
        quarter_turns = round(frame.rotation / 90)  # counter-clockwise, as np.rot90 turns
        return np.ascontiguousarray(np.rot90(picture.to_ndarray(), quarter_turns))


def fitted(width_px: float, height_px: float, max_side_px: int) -> tuple[int, int]:
    """Return the size that fits the longer side, never larger than given."""
    scale = min(1.0, max_side_px / max(width_px, height_px))
    return max(1, round(width_px * scale)), max(1, round(height_px * scale))
