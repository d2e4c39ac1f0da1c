"""Rotary positions (arXiv 2104.09864), with the slowed waves of Llama 3.1.

Angles are computed in float64, so that a stream may go on for ever: at position ten million a
float32 angle would be off by half a radian. Shapes: L tokens, E head size.
"""

import math

import torch
from torch import Tensor

from omnilive.live.config import DecoderShape, RopeScaling

Turn = tuple[Tensor, Tensor]  # cosine and sine (..., L, 1, E); the sine's first half is negated


def turn(speeds: Tensor, positions_L: Tensor, like: Tensor) -> Turn:
    """Return what turns heads by positions (..., L), of the type and on the device of `like`."""
    angle = positions_L.double()[..., None] * speeds
    cos, sin = angle.cos(), angle.sin()
    both = torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)
    cos, sin = (t[..., None, :].to(like) for t in both)
    return cos, sin


def rotated(x: Tensor, turns: Turn) -> Tensor:
    """Return heads (..., L, H, E) turned; the pairs are E / 2 apart."""
    cos, sin = turns
    return x * cos + x.roll(x.shape[-1] // 2, dims=-1) * sin


def wave_speeds(shape: DecoderShape) -> Tensor:
    """Return (E / 2,) float64: radians a position of each pair.

    Rounded to float32 on the way, as in the code that the models were trained with.
    """
    exponents = torch.arange(0, shape.head_size, 2, device="cpu") / shape.head_size
    speeds = 1.0 / (shape.rope_base**exponents)
    if shape.rope_scaling is not None:
        speeds = _slowed(speeds, shape.rope_scaling)
    return speeds.double()


def _slowed(speeds: Tensor, scaling: RopeScaling) -> Tensor:
    """Return what Llama 3.1 makes of the speeds; formula as in its released code."""
    fits = scaling.original * speeds / (2 * math.pi)  # how often a wave fits
    smooth = ((fits - scaling.low) / (scaling.high - scaling.low)).clamp(0, 1)
    return (1 - smooth) * speeds / scaling.factor + smooth * speeds
