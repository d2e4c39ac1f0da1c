"""The small backbone: a causal transformer that starts as the identity.

Its parts are those of LLaMA (RMS norm, rotary positions, SwiGLU: arXiv 2302.13971), without a
final norm. Every branch ends in a matrix that starts at zero, so that an untrained decoder hands
on what it is given: retrieval then begins as the cosine of sentence embeddings, not as noise.

Shapes: B sequences, L tokens, C width, H heads, E = C / H.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from omnilive.memory.compressor.config import ShapeConfig

BASE = 10_000.0  # of the rotary positions


class SmallDecoder(nn.Module):
    """Causal self-attention over given embeddings."""

    def __init__(self, shape: ShapeConfig) -> None:
        super().__init__()
        self.width = shape.width
        self.blocks = nn.ModuleList(
            Block(shape.width, shape.heads, shape.inner) for _ in range(shape.layers)
        )

    def forward(self, x_BLC: Tensor, mask_BL: Tensor) -> Tensor:
        """Return (B, L, C); a token sees those up to itself that are not masked."""
        length = x_BLC.shape[1]
        causal_LL = torch.ones(length, length, dtype=torch.bool, device=x_BLC.device).tril()
        # A token always sees itself: a row without anything to see would give NaN.
        own_LL = torch.eye(length, dtype=torch.bool, device=x_BLC.device)
        seen_B1LL = (causal_LL & mask_BL[:, None, :] | own_LL)[:, None]
        turn = rotation(length, x_BLC.shape[2] // self.heads, x_BLC.device)
        for block in self.blocks:
            x_BLC = block(x_BLC, seen_B1LL, turn)
        return x_BLC

    @property
    def heads(self) -> int:
        """Number of heads of each block."""
        return self.blocks[0].heads  # type: ignore[return-value]


class Block(nn.Module):
    """Attention, then a gated feed-forward part, each added to what came in."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.RMSNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.mix = nn.Linear(width, width, bias=False)
        self.before_inner = nn.RMSNorm(width, eps=1e-6)
        self.gate = nn.Linear(width, inner, bias=False)
        self.up = nn.Linear(width, inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.down.weight)

    def forward(self, x_BLC: Tensor, seen_B1LL: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        """Return what came in, changed."""
        x_BLC = x_BLC + self._attended(self.before_attention(x_BLC), seen_B1LL, turn)
        y_BLC = self.before_inner(x_BLC)
        return x_BLC + self.down(functional.silu(self.gate(y_BLC)) * self.up(y_BLC))

    def _attended(self, x_BLC: Tensor, seen_B1LL: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        batch, length, width = x_BLC.shape
        split = self.qkv(x_BLC).view(batch, length, 3, self.heads, width // self.heads)
        q_BHLE, k_BHLE, v_BHLE = split.permute(2, 0, 3, 1, 4)
        y_BHLE = functional.scaled_dot_product_attention(
            rotated(q_BHLE, turn), rotated(k_BHLE, turn), v_BHLE, attn_mask=seen_B1LL
        )
        return self.mix(y_BHLE.transpose(1, 2).reshape(batch, length, width))


def rotation(length: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return cosine and sine (L, E / 2) of the rotary positions 0 to L - 1 (arXiv 2104.09864)."""
    speed_F = BASE ** (-torch.arange(0, width, 2, device=device) / width)
    angle_LF = torch.arange(length, device=device)[:, None] * speed_F
    return angle_LF.cos(), angle_LF.sin()


def rotated(x_BHLE: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Return queries or keys turned by their positions."""
    cos_LF, sin_LF = turn
    a, b = x_BHLE.chunk(2, dim=-1)
    return torch.cat([a * cos_LF - b * sin_LF, b * cos_LF + a * sin_LF], dim=-1)
