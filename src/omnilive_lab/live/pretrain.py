"""Pre-trains the tiny encoder on single frames of the synthetic world, before any language.

From the pooled feature alone two heads, thrown away afterwards, must tell what is where (for each
cell of a grid: shape, colour, word, size, place) and paint a small copy of the picture. The first
makes it know things, the second whatever else there is to see, such as how far a thing has turned.

Shape legend: T frames, S side in pixels, G side of the grid of cells, D feature width.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from omnilive.core.config import Config
from omnilive.live.tiny import TinyNet, TinyShape, as_pixels, scaled
from omnilive_lab.live.footage import frames_at
from omnilive_lab.live.world.make import TRUTH, TRUTH_FPS
from omnilive_lab.live.world.splits import COLOURS, SHAPES, WORDS
from omnilive_lab.training import cosine

CLASSES = {"shape": ("", *SHAPES, "card"), "colour": ("", *COLOURS), "word": ("", *WORDS),
           "size": (-1, 0, 1)}  # fmt: skip
COPY_PX = 24  # side of the copy that is painted


class PretrainConfig(Config):
    """How the tiny encoder is pre-trained."""

    shape: TinyShape = TinyShape()
    steps: int = Field(default=2000, ge=1)
    batch: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    streams: int = Field(default=600, ge=1)
    """Of the world, the first so many."""

    frames: int = Field(default=32, ge=1)
    """Of each of them, evenly spread."""

    cells: int = Field(default=3, ge=1)
    """G: of the grid on which things are to be named."""


class Shown(NamedTuple):
    """Frames, and what is where in them."""

    pixels_TSS3: np.ndarray  # uint8
    classes_TGGK: np.ndarray  # int64: index of each of CLASSES
    boxes_TGG4: np.ndarray  # float32: middle, width and height, shares of the side; 0 where nothing


def pretrain(
    config: PretrainConfig, seed: int, world: Path,
    report: Callable[[dict[str, Any]], None] = lambda line: None,
) -> TinyNet:  # fmt: skip
    """Return an encoder trained on the frames of a world's folder."""
    shown = read_frames(world, config)
    torch.manual_seed(seed)
    net, heads = TinyNet(config.shape), Heads(config)
    weights = [*net.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(weights, config.learning_rate, weight_decay=1e-3)
    rng = np.random.default_rng(seed)
    for step in range(config.steps):
        rate = config.learning_rate * cosine(step, config.steps, 50, 0.0)
        optimizer.param_groups[0]["lr"] = rate
        picked = rng.integers(len(shown.pixels_TSS3), size=config.batch)
        pixels = scaled(torch.from_numpy(shown.pixels_TSS3[picked]))
        loss = heads.loss(net(pixels)[:, 0], pixels, Shown(*(part[picked] for part in shown)))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        report({"step": step + 1, "loss": loss.item()})
    return net.eval()


class Heads(nn.Module):
    """What is asked of the pooled feature in pre-training."""

    def __init__(self, config: PretrainConfig) -> None:
        super().__init__()
        self._sizes = [len(names) for names in CLASSES.values()]
        cells = config.cells**2
        self.names = nn.Linear(config.shape.width, cells * (sum(self._sizes) + 4))
        self.paint = nn.Linear(config.shape.width, 3 * COPY_PX**2)

    def loss(self, pooled_TD: Tensor, pixels_T3SS: Tensor, shown: Shown) -> Tensor:
        """Return how far off they are: cross entropies, box errors and squared colour errors."""
        classes_CK = torch.from_numpy(shown.classes_TGGK).flatten(0, 2)
        boxes_C4 = torch.from_numpy(shown.boxes_TGG4).flatten(0, 2)
        found = self.names(pooled_TD).view(len(classes_CK), -1).split([*self._sizes, 4], dim=1)
        is_there_C = classes_CK[:, 0] > 0
        loss = 30 * (found[-1] - boxes_C4)[is_there_C].square().mean() if is_there_C.any() else 0.0
        for k, logits in enumerate(found[:-1]):
            loss = loss + functional.cross_entropy(logits, classes_CK[:, k])
        copy = functional.adaptive_avg_pool2d(pixels_T3SS, COPY_PX).flatten(1)
        return loss + 3 * (self.paint(pooled_TD) - copy).square().mean()


def read_frames(world: Path, config: PretrainConfig) -> Shown:
    """Return frames of every stream of a world with what is where in them."""
    parts = list(_of_streams(world, config))
    return Shown(*(np.concatenate(same) for same in zip(*parts, strict=True)))


def _of_streams(world: Path, config: PretrainConfig) -> Iterator[Shown]:
    for line in (world / TRUTH).read_text().splitlines()[: config.streams]:
        stream = json.loads(line)
        every = max(1, len(stream["frames"]) // config.frames)
        numbers = range(0, len(stream["frames"]), every)
        pictures = list(frames_at(world / stream["video"], TRUTH_FPS, numbers))
        classes = np.zeros((len(pictures), config.cells, config.cells, len(CLASSES)), np.int64)
        boxes = np.zeros((len(pictures), config.cells, config.cells, 4), np.float32)
        for i, number in enumerate(numbers):
            side = pictures[i].shape[0]
            for thing in stream["frames"][number]["things"]:
                _put(thing, side, classes[i], boxes[i])
        yield Shown(as_pixels(pictures, config.shape.side_px), classes, boxes)


def _put(thing: dict[str, Any], side: int, classes_GGK: np.ndarray, boxes_GG4: np.ndarray) -> None:
    left, top, right, bottom = (value / side for value in thing["box"])
    x, y, cells = (left + right) / 2, (top + bottom) / 2, len(classes_GGK)
    row, column = (min(int(v * cells), cells - 1) for v in (y, x))
    classes_GGK[row, column] = [names.index(thing[k]) for k, names in CLASSES.items()]
    boxes_GG4[row, column] = x, y, right - left, bottom - top
