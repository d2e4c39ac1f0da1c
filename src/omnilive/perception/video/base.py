"""What a vision backend must be. All are plain sync code, called from one worker thread."""

from typing import NamedTuple, Protocol

import numpy as np


class Box(NamedTuple):
    """A rectangle as shares (0 to 1) of the picture's width and height."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def area(self) -> float:
        """Share of the picture that the box covers."""
        return max(0.0, self.x1 - self.x0) * max(0.0, self.y1 - self.y0)

    def iou(self, other: "Box") -> float:
        """Intersection over union of two boxes."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        if width <= 0 or height <= 0:
            return 0.0
        both = width * height
        return both / (self.area + other.area - both)

    def crop(self, rgb: np.ndarray) -> np.ndarray:
        """Return the (h, w, 3) view of the picture inside the box, at least one pixel."""
        height, width = rgb.shape[:2]
        x0, y0 = int(self.x0 * width), int(self.y0 * height)
        x1, y1 = max(x0 + 1, int(self.x1 * width)), max(y0 + 1, int(self.y1 * height))
        return rgb[y0:y1, x0:x1]


class Detection(NamedTuple):
    """One object in one picture."""

    label: str
    score: float
    box: Box


class TextLine(NamedTuple):
    """One line of text in one picture."""

    text: str
    score: float
    box: Box


class ObjectDetector(Protocol):
    """Finds objects of a closed list of labels."""

    labels: tuple[str, ...]

    def detect(self, rgb: np.ndarray) -> list[Detection]:
        """Return the objects in an (H, W, 3) uint8 picture, best first."""
        ...


class TextReader(Protocol):
    """Reads text on screen and in the scene."""

    def read(self, rgb: np.ndarray) -> list[TextLine]:
        """Return the lines in an (H, W, 3) uint8 picture, in reading order."""
        ...


class Tagger(Protocol):
    """Says what a whole picture shows."""

    def tag(self, rgb: np.ndarray) -> list[tuple[str, float]]:
        """Return (label, probability), most likely first, of an (H, W, 3) uint8 picture."""
        ...
