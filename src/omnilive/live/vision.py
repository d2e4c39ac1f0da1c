"""Image encoders from local folders, frozen: of transformers or of timm.

A frame becomes N tokens: one for the picture as a whole, as the encoder itself pools it, and the
means of p x p parts of its patches (arXiv 2406.11816).

Shapes: T frames, S side of the square in pixels, G side of the grid of patches, D width of a
feature, N tokens of a frame.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from omnilive.core.errors import ConfigError
from omnilive.live.config import FrameShape
from omnilive.live.tiny import as_pixels

BATCH = 16  # pictures that go through an encoder together
KEPT = ("config.json", "preprocessor_config.json", "model.safetensors.index.json")


class FrameEncoder(Protocol):
    """Makes features of pictures. Called from one thread at a time."""

    width: int  # D
    tokens: int  # N

    def __call__(self, rgb: Sequence[np.ndarray]) -> np.ndarray:
        """Return (T, N, D) float32 of (H, W, 3) uint8 pictures of any size."""
        ...


class Seen(NamedTuple):
    """What a net makes of pictures."""

    pooled_TD: Tensor | None  # None where it has no feature for the whole
    grid_TDGG: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Net:
    """A net from a folder, and the pictures that it wants."""

    folder: Path
    model: Any  # a torch.nn.Module
    see: Callable[[Any, Tensor], Seen]  # the model, and pictures (T, 3, S, S)
    side_px: int  # S
    mean_3: Tensor  # of the colours in training, from 0 to 1, and their deviation
    std_3: Tensor


class FolderEncoder:
    """Makes features of pictures with a net from a folder: a `FrameEncoder`."""

    def __init__(
        self, kind: Literal["hub", "timm"], net: Net, *, pooled: bool = True, grid: int = 0
    ) -> None:
        """Take the whole picture as one token if `pooled`, and `grid` x `grid` parts of it."""
        self.net, self.pooled, self.grid = net, pooled, grid
        net.model.eval().requires_grad_(False)
        self.tokens, self.width = self([np.zeros((1, 1, 3), np.uint8)]).shape[1:]
        self.frame = FrameShape(
            encoder=kind, side_px=net.side_px, width=self.width, pooled=pooled, grid=grid
        )

    @torch.inference_mode()
    def __call__(self, rgb: Sequence[np.ndarray]) -> np.ndarray:
        """Return (T, N, D) float32 of (H, W, 3) uint8 pictures of any size."""
        parts = [self._tokens(rgb[i : i + BATCH]) for i in range(0, len(rgb), BATCH)]
        if not parts:
            return np.zeros((0, self.tokens, self.width), np.float32)
        return torch.cat(parts).float().cpu().numpy()

    def save(self, folder: Path) -> None:
        """Copy what the encoder was opened from; nothing else of its folder."""
        if folder.resolve() == self.net.folder.resolve():
            return
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self.net.folder.iterdir()):
            if path.name in KEPT or path.suffix == ".safetensors":
                shutil.copyfile(path, folder / path.name)

    def _tokens(self, rgb: Sequence[np.ndarray]) -> Tensor:
        net, weight = self.net, next(self.net.model.parameters())
        pixels_TSS3 = torch.from_numpy(as_pixels(rgb, net.side_px)).float() / 255
        scaled_TSS3 = (pixels_TSS3 - net.mean_3) / net.std_3
        seen = net.see(net.model, scaled_TSS3.permute(0, 3, 1, 2).contiguous().to(weight))
        tokens: list[Tensor] = []
        if self.pooled:
            if seen.pooled_TD is None:
                raise ConfigError(f"{net.folder} has no feature for a whole picture: set grid")
            tokens.append(seen.pooled_TD[:, None])
        if self.grid:
            means_TDpp = adaptive_avg_pool2d(seen.grid_TDGG, self.grid)
            tokens.append(means_TDpp.flatten(2).transpose(1, 2))
        if len({part.shape[2] for part in tokens}) > 1:
            raise ConfigError(f"{net.folder}: pooled and grid features differ in width; take one")
        return torch.cat(tokens, dim=1)


def open_encoder(
    kind: Literal["hub", "timm"],
    folder: Path,
    *,
    pooled: bool = True,
    grid: int = 0,
    dtype: torch.dtype = torch.float32,
) -> FolderEncoder:
    """Open a folder of transformers ("hub") or of timm.

    Nothing is fetched, no code of the folder runs, pickles are not read. Raises ConfigError for a
    folder that is no such thing, BackendError for weights that do not fit, and where the library
    is not installed.
    """
    if kind == "hub":
        from omnilive.live.vision_hub import hub_net as opened
    else:
        from omnilive.live.vision_timm import timm_net as opened
    net = opened(folder, dtype)
    return FolderEncoder(kind, net, pooled=pooled, grid=grid)


def square_grid(patches_TLD: Tensor, folder: Path) -> Tensor:
    """Return (T, D, G, G) of patches in reading order."""
    side = round(patches_TLD.shape[1] ** 0.5)
    if side * side != patches_TLD.shape[1]:
        raise ConfigError(f"{folder}: {patches_TLD.shape[1]} patches are no square")
    return patches_TLD.transpose(1, 2).unflatten(2, (side, side))
