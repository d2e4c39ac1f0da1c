"""Streams of random numbers that a tiny compressor can learn from, and its settings."""

import numpy as np

from omnilive_lab.compressor.config import TrainConfig
from omnilive_lab.compressor.reels import Ask, Reel
from tests.memory.compressor.made import SHAPE

CONFIG = TrainConfig(
    shape=SHAPE, steps=12, batch=2, gradient="joint", clips=6, questions=4, learning_rate=3e-3,
    warmup=2, save_every=3,
)  # fmt: skip


def reels(count: int = 3, clips: int = 10, seed: int = 0) -> list[Reel]:
    """Return streams whose questions resemble what is in their clip."""
    rng = np.random.default_rng(seed)
    return [_reel(rng, clips) for _ in range(count)]


def _reel(rng: np.random.Generator, clips: int) -> Reel:
    values = rng.normal(size=(clips, 2, 4, SHAPE.feature_width)).astype(np.float16)
    spans = np.array([(8.0 * k, 8.0 * k + 8) for k in range(clips)])
    questions = tuple(
        values[k, :, 0, : SHAPE.text_width].astype(np.float32) + rng.normal(size=(2, 1)) * 0.1
        for k in range(clips)
    )
    asks = tuple(Ask(str(k), ((8.0 * k, 8.0 * k + 8),)) for k in range(clips))
    return Reel(
        values, np.ones((clips, 2, 4), bool), spans,
        tuple(q.astype(np.float32) for q in questions), 8 * np.eye(clips, dtype=np.float32), asks,
    )  # fmt: skip
