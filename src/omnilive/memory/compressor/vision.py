"""Clip features of pictures: the patches of a vision model from a Hugging Face folder.

As published: T pictures of a clip, stretched to the square that the model wants, its patches in
a square grid of N, optionally 2 x 2 of them side by side in one feature ("mixed", 4 times as
wide).
"""

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from omnilive.core.errors import BackendError, ConfigError
from omnilive.memory.compressor.base import Clip, Features
from omnilive.memory.compressor.config import ShapeConfig


class VisionFeatures:
    """Features of the pictures of a clip, T of them evenly spread over those that there are."""

    def __init__(self, shape: ShapeConfig, folder: Path) -> None:
        """Open a folder of CLIP, SigLIP, ViT or the like. Errors as in `hub_backbone`."""
        self._model, config = _vision_model(folder)
        self._side, self._grid = config.image_size, config.image_size // config.patch_size
        self._mean, self._std = _scaling(folder)
        self.width, self._shape = shape.feature_width, shape
        self._mixed = self.width == 4 * config.hidden_size
        if self.width not in (config.hidden_size, 4 * config.hidden_size):
            raise ConfigError(
                f"feature_width is {self.width}; {folder} gives {config.hidden_size}, or "
                f"{4 * config.hidden_size} mixed"
            )
        grid, side = self._grid // (2 if self._mixed else 1), math.isqrt(shape.patches)
        if side * side != shape.patches or grid % side:
            raise ConfigError(f"{shape.patches} patches do not fit a grid of {grid} x {grid}")

    def __call__(self, clip: Clip) -> Features:
        """Return (T, N, D); a clip of fewer than T pictures has the rest masked."""
        size = (self._shape.frames, self._shape.patches)
        values, mask = np.zeros((*size, self.width), np.float32), np.zeros(size, bool)
        paths = spread(clip.pictures, self._shape.frames)
        pictures = [rgb for path in paths if (rgb := _read(path)) is not None]
        if pictures:
            values[: len(pictures)] = self.of_pictures(pictures)
            mask[: len(pictures)] = True
        return Features(values, mask)

    @torch.inference_mode()
    def of_pictures(self, pictures: list[np.ndarray]) -> np.ndarray:
        """Return (T, N, D) float32 of (H, W, 3) uint8 pictures."""
        square = (self._side, self._side)
        rgb = np.stack([cv2.resize(p, square, interpolation=cv2.INTER_AREA) for p in pictures])
        pixels = (rgb.astype(np.float32) / 255 - self._mean) / self._std
        found = self._model(pixel_values=torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous())
        # What stands before the patches sums the picture up (CLIP, ViT); SigLIP has no such token.
        patches_TLC = found.last_hidden_state[:, -self._grid * self._grid :]
        grid_TGGC = patches_TLC.unflatten(1, (self._grid, self._grid))
        if self._mixed:
            grid_TGGC = mixed(grid_TGGC)
        pooled = pool(grid_TGGC, math.isqrt(self._shape.patches))
        return order_patches(pooled, self._shape.slots).numpy()


def mixed(grid_TGGC: Tensor) -> Tensor:
    """Return (T, G / 2, G / 2, 4 C): the features of 2 x 2 patches side by side."""
    side = grid_TGGC.shape[1]
    if side % 2:
        raise ConfigError(f"a grid of {side} x {side} patches cannot be mixed two by two")
    parts = [grid_TGGC[:, a::2, b::2] for a in (0, 1) for b in (0, 1)]
    return torch.cat(parts, dim=-1)


def pool(grid_TGGC: Tensor, side: int) -> Tensor:
    """Return (T, side, side, C): means of squares of the grid."""
    step = grid_TGGC.shape[1] // side
    return grid_TGGC.unflatten(2, (side, step)).unflatten(1, (side, step)).mean(dim=(2, 4))


def order_patches(grid_TGGC: Tensor, slots: int) -> Tensor:
    """Return (T, N, C), so that the patches of each of the `slots` squares stand together.

    Where `slots` is no square number, or does not fit, a slot has rows of the grid.
    """
    side, across = grid_TGGC.shape[1], math.isqrt(slots)
    if across * across != slots or side % across:
        return grid_TGGC.flatten(1, 2)
    squares = grid_TGGC.unflatten(2, (across, -1)).unflatten(1, (across, -1))
    return squares.transpose(2, 3).flatten(1, 4)


def spread(pictures: Any, count: int) -> list[Any]:
    """Return at most `count` of the pictures, evenly spread."""
    if len(pictures) <= count:
        return list(pictures)
    return [pictures[int((i + 0.5) * len(pictures) / count)] for i in range(count)]


def _read(path: Path) -> np.ndarray | None:
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return None if bgr is None else cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _vision_model(folder: Path) -> tuple[Any, Any]:
    if not (folder / "config.json").is_file():
        raise ConfigError(f"{folder} is no folder of a vision model: it has no config.json")
    if not list(folder.glob("*.safetensors")):
        raise ConfigError(f"{folder} has no *.safetensors; other weights are not read")
    try:
        from transformers import AutoModel

        model = AutoModel.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, local_files_only=True,
            trust_remote_code=False,
        ).eval()  # fmt: skip
    except Exception as error:  # transformers raises bare exceptions of its own
        raise BackendError(f"cannot load the vision model in {folder}: {error}") from error
    config = getattr(model.config, "vision_config", model.config)
    return (model.vision_model if hasattr(model.config, "vision_config") else model), config


def _scaling(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of the colours that the model expects, (3,) each."""
    path = folder / "preprocessor_config.json"
    found = json.loads(path.read_text()) if path.is_file() else {}
    return tuple(
        np.array(found.get(name, [0.5] * 3), np.float32) for name in ("image_mean", "image_std")
    )  # type: ignore[return-value]
