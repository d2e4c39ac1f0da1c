"""Chooses which pictures are looked at: more when the scene moves, fewer when it is still.

The choice depends on the pictures and their times alone, so that live and fast pace agree.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from omnilive.perception.config import SamplerConfig

THUMB = (64, 36)  # width, height


class Look(NamedTuple):
    """The sampler's decision on one picture."""

    wanted: bool
    is_cut: bool
    motion: float


@dataclass(slots=True)
class SamplerState:
    """The last picture seen and the last one looked at, as thumbnails."""

    seen: np.ndarray | None = None
    seen_histogram: np.ndarray | None = None
    looked: np.ndarray | None = None
    looked_t: float = field(default=-1e9)
    cut_t: float = field(default=-1e9)


def thumbnail(rgb: np.ndarray) -> np.ndarray:
    """Return a (36, 64, 3) uint8 thumbnail."""
    return cv2.resize(rgb, THUMB, interpolation=cv2.INTER_AREA)


def histogram(thumb: np.ndarray) -> np.ndarray:
    """Return a normalised (8, 4, 4) HSV histogram of a thumbnail, flattened."""
    hsv = cv2.cvtColor(thumb, cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, [8, 4, 4], [0, 180, 0, 256, 0, 256])
    return (counts / counts.sum()).astype(np.float32).ravel()


def grey_difference(a: np.ndarray, b: np.ndarray) -> float:
    """Return the mean absolute difference of two thumbnails, 0 to 255."""
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())


def changed(a: np.ndarray, b: np.ndarray) -> float:
    """Return the share of pixels that differ: an object that comes changes some, a cut most."""
    return float((np.abs(a.astype(np.int16) - b.astype(np.int16)).max(axis=2) > 12).mean())


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Return how alike the shapes in two thumbnails are: the correlation of their brightness."""
    x, y = (t.mean(axis=2).ravel() - t.mean() for t in (a, b))
    norm = float(np.linalg.norm(x) * np.linalg.norm(y))
    return float(x @ y) / norm if norm > 1 else 1.0  # a plain picture has no shapes to tell by


class Sampler:
    """Feed every candidate picture in order."""

    def __init__(self, config: SamplerConfig) -> None:
        self.config = config

    def init_state(self) -> SamplerState:
        """Return the state of a stream that has not begun."""
        return SamplerState()

    def step(self, t: float, rgb: np.ndarray, state: SamplerState) -> Look:
        """Decide on the picture at `t`."""
        thumb = thumbnail(rgb)
        colours = histogram(thumb)
        is_cut = self._is_cut(thumb, colours, state)
        state.seen, state.seen_histogram = thumb, colours
        if state.looked is None or is_cut:
            return self._look(t, thumb, state, is_cut, 255.0)
        motion = grey_difference(thumb, state.looked)
        return self._look(t, thumb, state, False, motion)

    def _look(
        self, t: float, thumb: np.ndarray, state: SamplerState, is_cut: bool, motion: float
    ) -> Look:
        config = self.config
        fps = config.base_fps
        if motion >= config.moving_difference:
            fps = config.moving_fps
        elif motion < config.still_difference:
            fps = config.still_fps
        due = t - state.looked_t >= 1 / fps - 0.01
        if due or is_cut:
            state.looked, state.looked_t = thumb, t
        return Look(due or is_cut, is_cut, motion)

    def _is_cut(self, thumb: np.ndarray, colours: np.ndarray, state: SamplerState) -> bool:
        if state.seen is None or state.seen_histogram is None:
            return False
        # A pan changes pixels but keeps colours, a fade changes colours but keeps the shapes, and
        # a plain wall in changing light moves from one bin of the histogram to the next.
        pixels = grey_difference(thumb, state.seen) / 255
        if pixels < self.config.cut_pixels or changed(thumb, state.seen) < self.config.cut_share:
            return False
        colour = 0.5 * float(np.abs(colours - state.seen_histogram).sum())
        shape = likeness(thumb, state.seen)
        if shape < 0.6:
            return colour > 0.2
        is_fade = shape >= 0.9 and pixels < 0.25
        return colour > self.config.cut_difference and pixels > 0.1 and not is_fade
