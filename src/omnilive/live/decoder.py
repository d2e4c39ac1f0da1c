"""A causal decoder of the Llama, Qwen2 and Qwen3 families, for whole sequences and for streams.

RMS norm, rotary positions, grouped queries, SwiGLU (arXiv 2302.13971, 2305.13245; Qwen2 adds
biases, Qwen3 norms of queries and keys). Parameters are named as on Hugging Face.

Shapes: B sequences, L tokens, C width, H query heads, G heads of keys and values, E head size,
V vocabulary, P tokens of all sequences without padding.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from omnilive.live.attend import attend as attend_cached
from omnilive.live.attend import plan
from omnilive.live.cache import KVCache
from omnilive.live.config import DecoderShape
from omnilive.live.rope import Turn, rotated, turn, wave_speeds

EMBED_STD = 0.02  # of the random embeddings of an untrained model, as in the families

# Takes queries (..., H, E), keys and values (..., G, E); returns (..., H * E).
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


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
        attend = functools.partial(attend_whole, spans)
        for layer in self.layers:
            if self.checkpointing and torch.is_grad_enabled():
                x_BLC = checkpoint(layer, x_BLC, turns, attend, use_reentrant=False)  # type: ignore[assignment]
            else:
                x_BLC = layer(x_BLC, turns, attend)
        return self.norm(x_BLC)

    def step(self, x_BLC: Tensor, lengths_B: Sequence[int], cache: KVCache) -> Tensor:
        """Add tokens to the streams of a cache and return their hidden states (B, L, C).

        Stream b adds the first `lengths_B[b]` of its row, none if that is 0; what is returned
        for the rest of the row is zero.
        """
        if not any(lengths_B):
            return torch.zeros_like(x_BLC)
        whole = min(lengths_B) == x_BLC.shape[1]
        taken_BL = None if whole else _taken(lengths_B, x_BLC)
        x_PC = x_BLC.flatten(0, 1) if taken_BL is None else x_BLC[taken_BL]
        parts = plan(cache, lengths_B)
        turns = turn(self._speeds, _following(cache.lengths, lengths_B), x_BLC)
        for layer, kept in zip(self.layers, cache.layers, strict=True):
            x_PC = layer(x_PC, turns, functools.partial(attend_cached, parts, kept))
        cache.advance(lengths_B)
        hidden_PC = self.norm(x_PC)
        if taken_BL is None:
            return hidden_PC.view_as(x_BLC)
        hidden_BLC = torch.zeros_like(x_BLC)
        hidden_BLC[taken_BL] = hidden_PC
        return hidden_BLC

    @property
    def is_fused(self) -> bool:
        """Whether projections are joined."""
        return hasattr(self.layers[0].mlp, "gate_up_proj")

    def fuse(self) -> "Decoder":
        """Join the projections that read the same input: fewer and larger products in `step`.

        For inference: their parameters have other names then, and take no gradients.
        """
        if self.is_fused:
            return self
        for layer in self.layers:
            layer.self_attn.fuse()  # type: ignore[operator]
            layer.mlp.fuse()  # type: ignore[operator]
        return self

    def logits(self, hidden: Tensor) -> Tensor:
        """Return (..., V) for hidden states (..., C)."""
        if self.lm_head is not None:
            return self.lm_head(hidden)
        return functional.linear(hidden, self.embed_tokens.weight)

    def _begin(self) -> None:
        for name, weight in self.named_parameters():
            if name == "embed_tokens.weight":
                nn.init.normal_(weight, std=EMBED_STD)
            elif weight.ndim == 2:
                # Branches add up: the last matrix of each starts the smaller, the more there are.
                ends = name.endswith(("o_proj.weight", "down_proj.weight"))
                scale = (2 * self.shape.layers) ** -0.5 if ends else 1.0
                nn.init.normal_(weight, std=scale * weight.shape[1] ** -0.5)
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

    def forward(self, x: Tensor, turns: Turn, attend: Attend) -> Tensor:
        """Return what came in, (..., C), changed."""
        x = x + self.self_attn(self.input_layernorm(x), turns, attend)
        return x + self.mlp(self.post_attention_layernorm(x))


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

    def forward(self, x: Tensor, turns: Turn, attend: Attend) -> Tensor:
        """Return (..., C): what each token takes from those that it sees."""
        return self.o_proj(attend(*self._heads(x, turns)))

    def fuse(self) -> None:
        """Join the projections to queries, keys and values."""
        self.qkv_proj = joined([self.q_proj, self.k_proj, self.v_proj])
        del self.q_proj, self.k_proj, self.v_proj

    def _heads(self, x: Tensor, turns: Turn) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries (..., H, E), keys and values (..., G, E), turned by their positions."""
        heads, kv_heads = self.shape.heads, self.shape.kv_heads
        if hasattr(self, "qkv_proj"):
            all_heads = self.qkv_proj(x).unflatten(-1, (-1, self.shape.head_size))
            q, k, v = all_heads.split([heads, kv_heads, kv_heads], dim=-2)
        else:
            given = (self.q_proj(x), self.k_proj(x), self.v_proj(x))
            q, k, v = (one.unflatten(-1, (-1, self.shape.head_size)) for one in given)
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
        if hasattr(self, "gate_up_proj"):
            gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        else:
            gate, up = self.gate_proj(x), self.up_proj(x)
        return self.down_proj(functional.silu(gate) * up)

    def fuse(self) -> None:
        """Join the projections into the inner width."""
        self.gate_up_proj = joined([self.gate_proj, self.up_proj])
        del self.gate_proj, self.up_proj


def joined(parts: Sequence[nn.Linear]) -> nn.Linear:
    """Return one linear layer that gives the outputs of several side by side."""
    first, outputs = parts[0], sum(part.out_features for part in parts)
    with torch.device("meta"):
        whole = nn.Linear(first.in_features, outputs, bias=first.bias is not None)
    whole.weight = nn.Parameter(torch.cat([part.weight for part in parts]), requires_grad=False)
    if first.bias is not None:
        whole.bias = nn.Parameter(torch.cat([part.bias for part in parts]), requires_grad=False)
    return whole


def attend_whole(
    spans: list[Span] | None, q_BLHE: Tensor, k_BLGE: Tensor, v_BLGE: Tensor
) -> Tensor:
    """Return what the tokens of whole sequences take from those before them, (B, L, H * E)."""
    shared = q_BLHE.shape[2] // k_BLGE.shape[2]
    q = q_BLHE.transpose(1, 2)
    k, v = (t.repeat_interleave(shared, dim=2).transpose(1, 2) for t in (k_BLGE, v_BLGE))
    if spans is None:
        y_BHLE = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return y_BHLE.transpose(1, 2).flatten(2)
    # Span by span: one mask over all would compute what it then throws away.
    parts = [
        functional.scaled_dot_product_attention(
            q[row, None, :, a:b], k[row, None, :, a:b], v[row, None, :, a:b], is_causal=True
        )
        for row, a, b in spans
    ]
    y_PC = torch.cat([part[0].transpose(0, 1).flatten(1) for part in parts])
    return y_PC.view(*q_BLHE.shape[:2], -1)


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


def _following(lengths_B: Sequence[int], more_B: Sequence[int]) -> Tensor:
    """Return (P,): the positions of new tokens behind what streams have."""
    both = zip(lengths_B, more_B, strict=True)
    return torch.cat([torch.arange(length, length + more) for length, more in both])


def _taken(lengths_B: Sequence[int], x_BLC: Tensor) -> Tensor:
    places_L = torch.arange(x_BLC.shape[1], device=x_BLC.device)
    return places_L < torch.tensor(lengths_B, device=x_BLC.device)[:, None]
