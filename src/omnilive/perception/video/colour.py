"""Names colours the way people do: by hue, with black, white and grey kept apart."""

import cv2
import numpy as np

HUES = (  # upper bound of OpenCV's hue (0 to 180), name
    (8, "red"),
    (21, "orange"),
    (34, "yellow"),
    (85, "green"),
    (100, "cyan"),
    (128, "blue"),
    (148, "purple"),
    (170, "pink"),
    (181, "red"),
)
NAMES = ("black", "white", "grey", "brown", "red", "orange", "yellow", "green", "cyan", "blue")
NAMES = (*NAMES, "purple", "pink")


def colour_shares(rgb: np.ndarray) -> dict[str, float]:
    """Return the share of pixels of each colour name in an (H, W, 3) uint8 picture."""
    small = cv2.resize(rgb, (48, 48), interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV).reshape(-1, 3).astype(int)
    hue, saturation, value = hsv[:, 0], hsv[:, 1], hsv[:, 2]
    names = np.full(len(hsv), "", dtype="<U7")
    for bound, name in reversed(HUES):
        names[hue < bound] = name
    warm = (hue < 22) | (hue > 170)
    names[warm & (value < 140) & (saturation > 60)] = "brown"
    names[(names == "red") & (value > 190) & (saturation < 130)] = "pink"
    plain = (saturation < 45) | ((saturation < 70) & (value < 90))
    names[plain] = "grey"
    names[plain & (value > 185)] = "white"
    names[value < 50] = "black"
    found, counts = np.unique(names, return_counts=True)
    order = np.argsort(-counts)
    return {str(found[i]): float(counts[i] / len(names)) for i in order}


def main_colour(rgb: np.ndarray) -> str:
    """Return the most frequent colour of the middle of the picture."""
    height, width = rgb.shape[:2]
    dy, dx = height // 6, width // 6
    middle = rgb[dy : max(dy + 1, height - dy), dx : max(dx + 1, width - dx)]
    return next(iter(colour_shares(middle)))


def is_monochrome(rgb: np.ndarray) -> bool:
    """Tell whether a picture has no colour in it (a black-and-white film, a night camera)."""
    small = cv2.resize(rgb, (64, 64), interpolation=cv2.INTER_AREA).astype(np.int16)
    spread = small.max(axis=2) - small.min(axis=2)
    return float(np.percentile(spread, 98)) < 12 and float(small.std()) > 8


def palette(rgb: np.ndarray, count: int = 3, least: float = 0.08) -> list[str]:
    """Return up to `count` colour names that each cover at least the share `least`."""
    shares = colour_shares(rgb)
    return [name for name, share in shares.items() if share >= least][:count]
