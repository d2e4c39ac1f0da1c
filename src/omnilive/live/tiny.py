"""A small image encoder of our own, for models that are trained and run on a CPU.

Shape legend: T frames, S side of the square picture in pixels, G side of the feature grid,
W channels of a grid cell, D width of a feature, N features of a frame.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from omnilive.core.config import Config


class TinyShape(Config):
    """The sizes of a tiny encoder: what its weights fit."""

    side_px: int = Field(default=96, ge=16)
    """Pictures are brought to this square, with bars where they are not square."""

    channels: tuple[int, int, int] = (24, 48, 96)
    """Of the three steps down: to a quarter, an eighth and a sixteenth of the side."""

    width: int = Field(default=256, ge=1)
    """D: numbers of one feature."""

    pooled: bool = True
    """Begin a frame with one feature for the whole picture."""

    grid: int = Field(default=0, ge=0)
    """p: then p x p features for parts of it."""

    @property
    def tokens(self) -> int:
        """N: features of a frame."""
        return int(self.pooled) + self.grid * self.grid


class TinyNet(nn.Module):
    """A convolutional net; its pooled feature is a linear map of the whole grid.

    A mean over the grid would forget what is where, and two things could swap their colours.
    """

    def __init__(self, shape: TinyShape) -> None:
        super().__init__()
        self.shape = shape
        a, b, c = shape.channels
        self.side = shape.side_px // 16
        self.grid = nn.Sequential(
            nn.Conv2d(3, a, 5, stride=4, padding=2), nn.ReLU(),
            nn.Conv2d(a, b, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(b, c, 3, stride=2, padding=1), nn.ReLU(),
            nn.Conv2d(c, c, 3, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.whole = nn.Linear(c * self.side**2, shape.width)
        self.part = nn.Linear(c, shape.width) if shape.grid else None

    def forward(self, pixels_T3SS: Tensor) -> Tensor:
        """Return (T, N, D) of pictures in [-1, 1]."""
        grid_TWGG = self.grid(pixels_T3SS)
        found = [self.whole(grid_TWGG.flatten(1))[:, None]] if self.shape.pooled else []
        if self.part is not None:
            parts = functional.adaptive_avg_pool2d(grid_TWGG, self.shape.grid)
            found.append(self.part(parts.flatten(2).transpose(1, 2)))
        return torch.cat(found, dim=1)


class TinyEncoder:
    """Makes features of pictures: a `FrameEncoder`."""

    def __init__(self, net: TinyNet) -> None:
        self.net = net.eval()
        self.width, self.tokens = net.shape.width, net.shape.tokens

    @torch.inference_mode()
    def __call__(self, rgb: Sequence[np.ndarray]) -> np.ndarray:
        """Return (T, N, D) float32 of (H, W, 3) uint8 pictures of any size."""
        pixels = as_pixels(rgb, self.net.shape.side_px)
        return self.net(scaled(torch.from_numpy(pixels))).numpy()


def as_pixels(rgb: Sequence[np.ndarray], side_px: int) -> np.ndarray:
    """Return (T, S, S, 3) uint8: the longest side brought to S, black bars around the rest."""
    return np.stack([_square(picture, side_px) for picture in rgb])


def scaled(pixels_TSS3: Tensor) -> Tensor:
    """Return (T, 3, S, S) float32 in [-1, 1] of uint8 pictures."""
    return pixels_TSS3.permute(0, 3, 1, 2).float() / 127.5 - 1


def _square(rgb: np.ndarray, side_px: int) -> np.ndarray:
    height, width = rgb.shape[:2]
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = rgb if size == (width, height) else cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    if size == (side_px, side_px):
        return small
    square = np.zeros((side_px, side_px, 3), np.uint8)
    top, left = (side_px - size[1]) // 2, (side_px - size[0]) // 2
    square[top : top + size[1], left : left + size[0]] = small
    return square
