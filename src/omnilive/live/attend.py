"""Attention of new tokens over a cache: stream by stream, in parts that see the same window.

A part's queries of all heads that share keys become the rows of one matrix, so that keys are
never repeated. Where the window's start moves inside a call the part is cut there, inside each
layer: the weights are read once for all.

Shapes: P new tokens of all streams, H query heads, G heads of keys, R = H / G, E head size,
L tokens of a part, N = R * L rows, W slots.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from omnilive.live.cache import KVCache, Layer
from omnilive.live.rope import Turn, turn

PART = 256  # longest part: bounds the mask, which has L rows of all slots


@dataclass(slots=True, eq=False)
class Part:
    """New tokens of one stream that see the same window."""

    stream: int
    first: int  # number of its first token in the stream
    row: int  # of that token among the P
    count: int  # L
    slots_L: Tensor
    seen: int  # slots that are looked at
    mask_NW: Tensor | None  # what is added to the scores; None where everything is seen
    sinks_by: Turn | None = None  # turns the sinks first


def plan(cache: KVCache, lengths_B: Sequence[int]) -> list[Part]:
    """Return the parts of a call that adds so many tokens to each stream, and make room."""
    cache.reserve(max(a + b for a, b in zip(cache.lengths, lengths_B, strict=True)))
    parts: list[Part] = []
    row = 0
    for stream, more in enumerate(lengths_B):
        first, stop = cache.lengths[stream], cache.lengths[stream] + more
        cache.written[stream] = max(cache.written[stream], stop)
        turned = cache.turned[stream]
        while first < stop:
            count = min(stop - first, PART)
            if cache.window is not None:
                count = min(count, cache.window.until_step(first))
            part = _part(cache, stream, first, row, count)
            by = cache.sinks_by(first)
            if by != turned:
                part.sinks_by = turn(cache.speeds, torch.tensor([by]), cache.like)
                cache.turned[stream] = None  # until all layers have turned theirs
                turned = by
            parts.append(part)
            first, row = first + count, row + count
    return parts


def attend(
    parts: Sequence[Part], layer: Layer, q_PHE: Tensor, k_PGE: Tensor, v_PGE: Tensor
) -> Tensor:
    """Write the keys and values of all parts and return what their queries take, (P, H * E)."""
    outputs: list[Tensor] = []
    for part in parts:
        rows = slice(part.row, part.row + part.count)
        if part.sinks_by is not None:
            layer.turn_sinks(part.stream, part.sinks_by)
        layer.keep_sinks(part.stream, part.first, k_PGE[rows])
        layer.write(part.stream, part.slots_L, k_PGE[rows], v_PGE[rows])
        outputs.append(_taken(part, layer, q_PHE[rows]))
    return outputs[0] if len(outputs) == 1 else torch.cat(outputs)


def _taken(part: Part, layer: Layer, q_LHE: Tensor) -> Tensor:
    keys_GWE = layer.keys_BGWE[part.stream, :, : part.seen]
    values_GWE = layer.values_BGWE[part.stream, :, : part.seen]
    count, heads, size = q_LHE.shape
    groups = keys_GWE.shape[0]
    shared = heads // groups
    q_GRLE = q_LHE.view(count, groups, shared, size).permute(1, 2, 0, 3)
    y_1GNE = functional.scaled_dot_product_attention(
        q_GRLE.reshape(1, groups, shared * count, size), keys_GWE[None], values_GWE[None],
        attn_mask=part.mask_NW,
    )  # fmt: skip
    y_GRLE = y_1GNE.view(groups, shared, count, size)
    return y_GRLE.permute(2, 0, 1, 3).reshape(count, heads * size)


def _part(cache: KVCache, stream: int, first: int, row: int, count: int) -> Part:
    seen = min(first + count, cache.slots)
    mask_LW = _mask(cache, first, count, seen)
    return Part(
        stream, first, row, count,
        slots_L=cache.slots_of(first, count).to(cache.like.device),
        seen=seen,
        mask_NW=None if mask_LW is None else mask_LW.to(cache.like).repeat(cache.shared, 1),
    )  # fmt: skip


def _mask(cache: KVCache, first: int, count: int, seen: int) -> Tensor | None:
    window = cache.window
    start = window.start(first) if window else 0
    if window is None or start == window.sinks:
        if count == 1:
            return None
        return torch.full((count, seen), -torch.inf).triu_(first + 1)
    owner_W = _owners(first + count - 1, window.sinks, cache.slots)
    token_L1 = torch.arange(first, first + count)[:, None]
    sinks_W = torch.arange(cache.slots) < window.sinks
    visible_LW = sinks_W | ((owner_W >= start) & (owner_W <= token_L1))
    return torch.zeros(count, seen).masked_fill_(~visible_LW[:, :seen], -torch.inf)


def _owners(last: int, sinks: int, slots: int) -> Tensor:
    """Return (W,): the newest token up to `last` that each slot of the ring holds."""
    place_W = torch.arange(slots) - sinks
    return last - (last - sinks - place_W) % (slots - sinks)
