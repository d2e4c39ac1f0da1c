"""The learned compressor: clips to tokens, tokens to a long-term memory, a question to scores.

The formulas are those of InternLM-XComposer2.5-OmniLive (arXiv 2412.09596, section 3.2):

    compression   H_k, G_k   = Compressor([F_k . H_k . G_k])
    integration   L_1 .. L_k = Compressor([H_1 . .. . H_k . G_1 . .. . G_k])
    retrieval     q = last token of Compressor([L . question]);  score_k = cos(q, G_k)

F_k are the features of clip k, H_k its short-term slots (at first F_k, down-sampled), G_k its
global token (at first the mean of F_k; the paper writes H with a hat), L the long-term memory (H
with a bar). All three are one and the same causal model.

The paper integrates all clips anew for each clip. Here clips are integrated in blocks of W: a
block sees its own clips in the published order, and of all that came before the carried state,
which is the last long-term token of the block before. Up to W clips that is the published
computation; after that it is an approximation of it, whose cost for a clip does not grow.

Shapes: B streams or clips, K clips of a stream, W clips of a block, T frames, N features of a
frame, S = T * P slots of a clip, C width, Q questions.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from omnilive.memory.compressor.backbone import Backbone, Projector
from omnilive.memory.compressor.config import ShapeConfig


class Tokens(NamedTuple):
    """What compression makes of clips."""

    slots_BSC: Tensor  # H
    mask_BS: Tensor  # False for slots over nothing
    globals_BC: Tensor  # G


class Compressor(nn.Module):
    """One causal model in three roles. Holds weights only; see stream.py for the state."""

    def __init__(self, shape: ShapeConfig, backbone: Any) -> None:
        super().__init__()
        self.shape = shape
        self.backbone: Any = backbone  # a Backbone that is a Module
        skip = shape.backbone == "small"
        self.projector = Projector(shape.feature_width, shape.inner, backbone.width, skip=skip)

    def compress(self, values_BTND: Tensor, mask_BTN: Tensor, spans_B2: Tensor) -> Tokens:
        """Return the tokens of clips; `spans_B2` are their start and end in seconds."""
        backbone: Backbone = self.backbone
        slots_BSD, slot_mask_BS = self.downsampled(values_BTND, mask_BTN)
        globals_B1D = mean(values_BTND.flatten(1, 2), mask_BTN.flatten(1), dim=1)[:, None]
        cells_BLD = torch.cat([values_BTND.flatten(1, 2), slots_BSD, globals_B1D], dim=1)
        prefix_BLC, prefix_mask_BL = backbone.prefix(spans_B2)
        always_B1 = torch.ones_like(slot_mask_BS[:, :1])
        x_BLC = torch.cat([prefix_BLC, self.projector(cells_BLD)], dim=1)
        mask_BL = torch.cat([prefix_mask_BL, mask_BTN.flatten(1), slot_mask_BS, always_B1], dim=1)
        y_BLC = backbone(x_BLC, mask_BL)
        count = slots_BSD.shape[1]
        return Tokens(y_BLC[:, -1 - count : -1], slot_mask_BS, y_BLC[:, -1])

    def downsampled(self, values_BTND: Tensor, mask_BTN: Tensor) -> tuple[Tensor, Tensor]:
        """Return the slots at their start, (B, S, D), and which of them stand for something.

        A slot is the mean of the N / P features of its part of the frame; where N / P is a
        square number and features are patches, of a square of them (see `order_patches`).
        """
        batch, frames, patches, width = values_BTND.shape
        parts = (batch, frames * self.shape.slots, patches // self.shape.slots)
        mask_BSR = mask_BTN.reshape(*parts)
        return mean(values_BTND.reshape(*parts, width), mask_BSR, dim=2), mask_BSR.any(dim=2)

    def integrate(self, block: Tokens, carried_BC: Tensor | None, width: int) -> Tensor:
        """Return the long-term tokens (B, W, C) of the `width` = W clips of one block.

        `block` holds the tokens of clip 1 of each stream, of clip 2, and so on: (B * W, ...).
        `carried_BC` is the last long-term token of the block before, None in the first one.
        """
        slots_BLC = block.slots_BSC.unflatten(0, (-1, width)).flatten(1, 2)
        globals_BWC = block.globals_BC.unflatten(0, (-1, width))
        mask_BL = block.mask_BS.unflatten(0, (-1, width)).flatten(1)
        parts, masks = [slots_BLC, globals_BWC], [mask_BL, mask_BL.new_ones(globals_BWC.shape[:2])]
        if carried_BC is not None:
            parts.insert(0, carried_BC[:, None])
            masks.insert(0, mask_BL.new_ones(len(mask_BL), 1))
        y_BLC = self.backbone(torch.cat(parts, dim=1), torch.cat(masks, dim=1))
        return y_BLC[:, -width:]

    def integrate_all(self, tokens: Tokens, count: int) -> Tensor:
        """Return the long-term tokens (B, K, C) of whole streams of `count` = K clips."""
        blocks: list[Tensor] = []
        for first in range(0, count, self.shape.window):
            last = min(first + self.shape.window, count)
            part = Tokens(
                *(t.unflatten(0, (-1, count))[:, first:last].flatten(0, 1) for t in tokens)
            )
            carried_BC = blocks[-1][:, -1] if blocks else None
            blocks.append(self.integrate(part, carried_BC, last - first))
        return torch.cat(blocks, dim=1)

    def ask(self, longterm_KC: Tensor, questions: Sequence[np.ndarray]) -> Tensor:
        """Return (Q, C): what the questions look for, given one stream's long-term memory.

        Only the newest M long-term tokens are read. `questions` are as their Reader read them.
        """
        words_QLC, mask_QL = self.backbone.words(questions)
        known_KC = longterm_KC[-self.shape.context :]
        known_QKC = known_KC.expand(len(questions), *known_KC.shape)
        x_QLC = torch.cat([known_QKC, words_QLC], dim=1)
        every = mask_QL.new_ones(known_QKC.shape[:2])
        y_QLC = self.backbone(x_QLC, torch.cat([every, mask_QL], dim=1))
        last_Q = len(known_KC) + mask_QL.sum(dim=1) - 1
        return y_QLC[torch.arange(len(questions)), last_Q]

    def targets(self, globals_KC: Tensor, longterm_KC: Tensor) -> Tensor:
        """Return what questions are compared with: the published global tokens, or the other."""
        return globals_KC if self.shape.match == "global" else longterm_KC


def scores(sought_QC: Tensor, targets_KC: Tensor) -> Tensor:
    """Return (Q, K): the cosine of each question with each clip."""
    return functional.normalize(sought_QC, dim=-1) @ functional.normalize(targets_KC, dim=-1).T


def mean(x: Tensor, mask: Tensor, dim: int) -> Tensor:
    """Return the mean of what is not masked; zeros where all is."""
    weights = mask.to(x.dtype)
    total = (x * weights[..., None]).sum(dim=dim)
    return total / weights.sum(dim=dim).clamp(min=1)[..., None]
