"""A causal decoder of the Llama, Qwen2 and Qwen3 families, for whole sequences and for streams.

RMS norm, rotary positions, grouped queries, SwiGLU (arXiv 2302.13971, 2305.13245; Qwen2 adds
biases, Qwen3 norms of queries and keys). Parameters are named as on Hugging Face.

Shapes: B sequences, L tokens, C width, H query heads, G heads of keys and values, E head size,
V vocabulary, P tokens of all sequences without padding.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from omnilive.live.config import DecoderShape
from omnilive.live.rope import Turn, rotated, turn, wave_speeds

INIT_STD = 0.02  # of the random weights of an untrained model, as in the families


class Span(NamedTuple):
    """Tokens of one sequence that see each other: a sample in a packed row."""

    row: int
    first: int
    stop: int


class Decoder(nn.Module):
    """Holds weights only; what a stream has seen is in the cache that `step` is given."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.shape = shape
        self._speeds = wave_speeds(shape)
        self.checkpointing = False  # trade time for memory in training
        self.embed_tokens = nn.Embedding(shape.vocab, shape.width)
        self.layers = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, eps=shape.norm_eps)
        self.lm_head = None if shape.tied else nn.Linear(shape.width, shape.vocab, bias=False)
        self._begin()

    def embed(self, ids_BL: Tensor) -> Tensor:
        """Return (B, L, C): the embeddings of token ids below V."""
        return self.embed_tokens(ids_BL)

    def forward(self, x_BLC: Tensor, segments_BL: Tensor | None = None) -> Tensor:
        """Return the normalised hidden states (B, L, C) of whole sequences.

        A token sees those before it in its segment, and its position counts from there: a run of
        equal numbers in `segments_BL` is one sample. Without it each row is one.
        """
        spans = None if segments_BL is None else runs(segments_BL)
        turns = turn(self._speeds, _positions(x_BLC, spans), x_BLC)
        for layer in self.layers:
            if self.checkpointing and torch.is_grad_enabled():
                x_BLC = checkpoint(layer, x_BLC, turns, spans, use_reentrant=False)  # type: ignore[assignment]
            else:
                x_BLC = layer(x_BLC, turns, spans)
        return self.norm(x_BLC)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return (..., V) for hidden states (..., C)."""
        if self.lm_head is not None:
            return self.lm_head(hidden)
        return functional.linear(hidden, self.embed_tokens.weight)

    def _begin(self) -> None:
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                # Branches add up: the last matrix of each starts the smaller, the more there are.
                ends = name.endswith(("o_proj.weight", "down_proj.weight"))
                std = INIT_STD / (2 * self.shape.layers) ** 0.5 if ends else INIT_STD
                nn.init.normal_(weight, std=std)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)


class Block(nn.Module):
    """Attention, then a gated feed-forward part, each added to what came in."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(shape.width, eps=shape.norm_eps)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = nn.RMSNorm(shape.width, eps=shape.norm_eps)
        self.mlp = FeedForward(shape)

    def forward(self, x_BLC: Tensor, turns: Turn, spans: list[Span] | None) -> Tensor:
        """Return what came in, changed."""
        x_BLC = x_BLC + self.self_attn(self.input_layernorm(x_BLC), turns, spans)
        return x_BLC + self.mlp(self.post_attention_layernorm(x_BLC))


class Attention(nn.Module):
    """Causal self-attention with grouped queries."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.shape = shape
        q_width, kv_width = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
        self.q_proj = nn.Linear(shape.width, q_width, bias=shape.qkv_bias)
        self.k_proj = nn.Linear(shape.width, kv_width, bias=shape.qkv_bias)
        self.v_proj = nn.Linear(shape.width, kv_width, bias=shape.qkv_bias)
        self.o_proj = nn.Linear(q_width, shape.width, bias=shape.out_bias)
        if shape.qk_norm:
            self.q_norm = nn.RMSNorm(shape.head_size, eps=shape.norm_eps)
            self.k_norm = nn.RMSNorm(shape.head_size, eps=shape.norm_eps)

    def forward(self, x_BLC: Tensor, turns: Turn, spans: list[Span] | None) -> Tensor:
        """Return (B, L, C): what each token takes from those before it."""
        q_BLHE, k_BLGE, v_BLGE = self.heads(x_BLC, turns)
        group = self.shape.heads // self.shape.kv_heads
        q, k, v = (
            q_BLHE.transpose(1, 2),
            k_BLGE.repeat_interleave(group, dim=2).transpose(1, 2),
            v_BLGE.repeat_interleave(group, dim=2).transpose(1, 2),
        )
        if spans is None:
            y_BHLE = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.o_proj(y_BHLE.transpose(1, 2).flatten(2))
        # Span by span: one mask over all would compute what it then throws away.
        parts = [
            functional.scaled_dot_product_attention(
                q[row, None, :, a:b], k[row, None, :, a:b], v[row, None, :, a:b], is_causal=True
            )
            for row, a, b in spans
        ]
        y_PC = torch.cat([part[0].transpose(0, 1).flatten(1) for part in parts])
        return self.o_proj(y_PC.view(*x_BLC.shape[:2], -1))

    def heads(self, x: Tensor, turns: Turn) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries (..., H, E), keys and values (..., G, E), turned by their positions."""
        size = (-1, self.shape.head_size)
        q = self.q_proj(x).unflatten(-1, size)
        k = self.k_proj(x).unflatten(-1, size)
        v = self.v_proj(x).unflatten(-1, size)
        if self.shape.qk_norm:
            q, k = self.q_norm(q), self.k_norm(k)
        return rotated(q, turns), rotated(k, turns), v


class FeedForward(nn.Module):
    """SwiGLU (arXiv 2002.05202)."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.width, shape.inner, bias=False)
        self.up_proj = nn.Linear(shape.width, shape.inner, bias=False)
        self.down_proj = nn.Linear(shape.inner, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., C)."""
        return self.down_proj(functional.silu(self.gate_proj(x)) * self.up_proj(x))


def runs(segments_BL: Tensor) -> list[Span]:
    """Return the runs of equal numbers, row by row."""
    spans: list[Span] = []
    for row, numbers in enumerate(segments_BL.tolist()):
        cuts = [i for i in range(1, len(numbers)) if numbers[i] != numbers[i - 1]]
        edges = [0, *cuts, len(numbers)]
        spans += [Span(row, a, b) for a, b in zip(edges, edges[1:], strict=False)]
    return spans


def _positions(x_BLC: Tensor, spans: list[Span] | None) -> Tensor:
    """Return (B, L), or (L,) where all rows count alike."""
    batch, length, _ = x_BLC.shape
    if spans is None:
        return torch.arange(length)
    return torch.cat([torch.arange(s.stop - s.first) for s in spans]).view(batch, length)
