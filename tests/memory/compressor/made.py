"""Small compressors and random clips."""

import numpy as np
import torch

from omnilive.memory.compressor.backbone import SmallBackbone
from omnilive.memory.compressor.base import Features
from omnilive.memory.compressor.config import ShapeConfig
from omnilive.memory.compressor.model import Compressor

SHAPE = ShapeConfig(
    width=16, layers=2, heads=2, inner=12, text_width=8, feature_width=10, frames=2, patches=4,
    slots=2, window=3, context=100,
)  # fmt: skip


def compressor(shape: ShapeConfig = SHAPE, seed: int = 0) -> Compressor:
    """Return a compressor whose every weight is random: the identity would hide mistakes."""
    torch.manual_seed(seed)
    net = Compressor(shape, SmallBackbone(shape))
    with torch.no_grad():
        for weight in net.parameters():
            weight.normal_(std=0.4)
    return net.eval()


def clips(count: int, shape: ShapeConfig = SHAPE, seed: int = 0) -> list[Features]:
    rng = np.random.default_rng(seed)
    size = (shape.frames, shape.patches)
    return [
        Features(
            rng.normal(size=(*size, shape.feature_width)).astype(np.float32),
            rng.random(size) < 0.7,
        )
        for _ in range(count)
    ]


def questions(count: int, width: int = SHAPE.text_width, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 6, size=count)
    return [rng.normal(size=(n, width)).astype(np.float32) for n in lengths]
