"""A few small pictures to stand for keyframes: what they show does not matter, their size does."""

from functools import cache

import cv2
import numpy as np

COUNT, SIZE = 8, (320, 180)  # width, height


@cache
def jpegs() -> tuple[bytes, ...]:
    """Return a few JPEG pictures of about 10 kB, always the same."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(COUNT):
        coarse = rng.integers(0, 256, (18, 32, 3), dtype=np.uint8)
        rgb = cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC)
        noisy = np.clip(rgb.astype(np.int16) + rng.integers(-6, 7, rgb.shape), 0, 255)
        _, jpeg = cv2.imencode(".jpg", noisy.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 70])
        found.append(jpeg.tobytes())
    return tuple(found)
