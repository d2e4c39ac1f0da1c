"""Privacy masks: parts of a picture that nobody, no model and no file ever gets to see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import cv2
import numpy as np

from omnilive.core.events import VideoFrame
from omnilive.media.base import Item, MaskConfig

CELLS = 4  # "blur" leaves so many means along each side of what it covers
MARGIN_PX = 2  # scaling and video codes mix neighbouring pixels


def masks_of(masks: Sequence[MaskConfig], *urls: str) -> tuple[MaskConfig, ...]:
    """Return the masks of a source that goes by any of these addresses."""
    return tuple(m for m in masks if any(fnmatchcase(url, m.source) for url in urls))


@dataclass(slots=True)
class Masks:
    """Hides parts of pictures. Covers of the latest size are kept. One thread at a time."""

    masks: Sequence[MaskConfig]
    _size: tuple[int, int] = (0, 0)
    _covers: list[np.ndarray] = field(default_factory=list[np.ndarray])

    def apply(self, rgb: np.ndarray) -> np.ndarray:
        """Return the picture without what is to be hidden; the one given stays as it is.

        Shapes: (H, W, 3) uint8.
        """
        if not self.masks:
            return rgb
        if rgb.shape[:2] != self._size:
            self._size = (rgb.shape[0], rgb.shape[1])
            self._covers = [cover(mask, *self._size) for mask in self.masks]
        hidden = rgb.copy()
        for mask, covered in zip(self.masks, self._covers, strict=True):
            hidden[covered] = 0 if mask.fill == "black" else _coarse(hidden, covered)[covered]
        return hidden

    def items(self, items: Iterator[Item]) -> Iterator[Item]:
        """Yield what a source brings, its pictures without what is to be hidden."""
        for item in items:
            if isinstance(item, VideoFrame) and self.masks:
                yield replace(item, rgb=self.apply(item.rgb))
            else:
                yield item


def cover(mask: MaskConfig, height: int, width: int) -> np.ndarray:
    """Return which pixels a mask hides: all that it touches, and a margin.

    Shapes: (H, W) bool.
    """
    corners = np.array([(x * width, y * height) for x, y in mask.corners])
    area = np.zeros((height, width), np.uint8)
    cv2.fillPoly(area, [np.round(corners).astype(np.int32)], 1)
    side = 2 * MARGIN_PX + 1
    return cv2.dilate(area, np.ones((side, side), np.uint8)).astype(bool)


def _coarse(rgb: np.ndarray, covered: np.ndarray) -> np.ndarray:
    """Return a picture of a few means in the box around what is covered."""
    ys, xs = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    coarse = np.zeros_like(rgb)
    if len(ys) and len(xs):
        box = rgb[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1]
        height, width = box.shape[:2]
        cells = (min(CELLS, width), min(CELLS, height))
        small = cv2.resize(box, cells, interpolation=cv2.INTER_AREA)
        coarse[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1] = cv2.resize(
            small, (width, height), interpolation=cv2.INTER_NEAREST
        )
    return coarse
