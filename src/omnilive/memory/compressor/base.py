"""What a clip is, and how it becomes numbers. Needs no torch.

Shapes: T frames of N features of width D in a clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from omnilive.memory.base import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A moment of 3 to 16 s with what was perceived in it, and pictures of it where there are."""

    id: int
    start_s: float
    end_s: float
    facts: Sequence[Fact] = ()
    pictures: Sequence[Path] = ()


class Features(NamedTuple):
    """The features of one clip; where `mask_TN` is False there is nothing."""

    values_TND: np.ndarray  # float32
    mask_TN: np.ndarray  # bool


class ClipFeatures(Protocol):
    """Turns a clip into features. Called from one thread at a time."""

    width: int  # D

    def __call__(self, clip: Clip) -> Features:
        """Return what the clip shows; a clip that shows nothing has an empty mask."""
        ...


class Reader(Protocol):
    """Turns a question into what a backbone embeds: the part that is never trained."""

    def read(self, text: str) -> np.ndarray:
        """Return (L,) token ids, or (L, D) vectors, the last one for the text as a whole."""
        ...
