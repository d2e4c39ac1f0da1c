"""A memory that grows clip by clip: two calls of the compressor for each, however many there were.

Shapes: K clips so far, W clips of a block, S slots of a clip, C width, Q questions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from omnilive.memory.compressor.base import Features
from omnilive.memory.compressor.model import Compressor, Tokens, scores


@dataclass(slots=True)
class MemoryState:
    """The memory of one stream. What is kept of a clip are one row or two of C numbers."""

    block: list[Tokens] = field(default_factory=list)  # of the open block, fewer than W clips
    carried_1C: Tensor | None = None  # the last long-term token of the block before
    globals_C: list[Tensor] = field(default_factory=list)  # of every clip
    longterm_C: list[Tensor] = field(default_factory=list)  # of every clip, or the newest M

    def __len__(self) -> int:
        return len(self.globals_C)


class StreamingMemory:
    """Adds clips to a state and finds clips in it. Weights only: one serves all streams."""

    def __init__(self, compressor: Compressor) -> None:
        self.compressor = compressor.eval()

    def init_state(self) -> MemoryState:
        """Return the memory of a stream of which nothing was seen."""
        return MemoryState()

    @torch.inference_mode()
    def step(self, clip: Features, span: tuple[float, float], state: MemoryState) -> None:
        """Add a clip: one call compresses it, one integrates the open block of at most W clips."""
        net, shape = self.compressor, self.compressor.shape
        tokens = net.compress(
            torch.from_numpy(clip.values_TND)[None], torch.from_numpy(clip.mask_TN)[None],
            torch.tensor([span], dtype=torch.float64),
        )  # fmt: skip
        state.block.append(tokens)
        width = len(state.block)
        block = Tokens(*(torch.cat(parts) for parts in zip(*state.block, strict=True)))
        longterm_WC = net.integrate(block, state.carried_1C, width)[0]
        state.globals_C.append(tokens.globals_BC[0])
        # Causal: those of the block's earlier clips see its later slots, and so they change.
        state.longterm_C[len(state.longterm_C) - width + 1 :] = longterm_WC.unbind()
        if width == shape.window:
            state.block, state.carried_1C = [], longterm_WC[-1:].clone()
        if shape.match == "global":
            del state.longterm_C[: max(0, len(state.longterm_C) - shape.context - shape.window)]

    @torch.inference_mode()
    def rank(
        self, questions: Sequence[np.ndarray], state: MemoryState, count: int | None = None
    ) -> np.ndarray:
        """Return (Q, K) cosines, one call for all; `questions` are as their Reader read them.

        With a `count`, only the first clips are known: nothing of later ones has a say.
        """
        known = len(state) if count is None else min(count, len(state))
        if not known:
            return np.zeros((len(questions), 0), np.float32)
        globals_KC = torch.stack(state.globals_C[:known])
        longterm_KC = self._longterm(state, known)
        sought_QC = self.compressor.ask(longterm_KC, questions)
        return scores(sought_QC, self.compressor.targets(globals_KC, longterm_KC)).numpy()

    def _longterm(self, state: MemoryState, known: int) -> Tensor:
        """Return the long-term tokens as they were when `known` clips were known."""
        shape = self.compressor.shape
        if known < len(state) and shape.match == "global":
            # Those of a block that was open then have seen its later clips since.
            known -= known % shape.window
        dropped = len(state) - len(state.longterm_C)
        found = state.longterm_C[: max(0, known - dropped)]
        return torch.stack(found) if found else state.globals_C[0].new_zeros(0, shape.width)
