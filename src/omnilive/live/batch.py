"""One forward pass over what several streams add, and what is read off it.

Shapes: B streams, L tokens, C decoder width, P tokens of text, F frames, N tokens of a frame,
K places that are looked at, V vocabulary.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from omnilive.live.model import LiveModel, LiveState
from omnilive.live.plan import Segment


class Output(NamedTuple):
    """What the model gives behind one token."""

    best: int  # most likely token that can be said
    p_silent: float
    is_silence_best: bool
    p_speak: float | None
    is_finite: bool


class Batch:
    """Puts segments of `streams` streams side by side and runs the model over them."""

    def __init__(self, model: LiveModel, streams: int) -> None:
        self.model, self.streams = model, streams
        self.device = model.connector.first.weight.device
        self.never_I = torch.tensor(unsayable(model), device=self.device)

    def forward(self, segments: Sequence[Segment], state: LiveState) -> list[Output]:
        """Add the segments to their streams; return an output for each of their ends, in order."""
        lengths = [0] * self.streams
        for segment in segments:
            lengths[segment.stream.row] = segment.tokens
        hidden_BLC = self.model.step(self._inputs(segments, max(lengths)), lengths, state)
        rows = [s.stream.row for s in segments for _ in s.ends]
        places = [end - 1 for s in segments for end in s.ends]
        return self._read(hidden_BLC[rows, places]) if rows else []

    def _inputs(self, segments: Sequence[Segment], longest: int) -> Tensor:
        parts = [part for segment in segments for part in segment.parts]
        texts = iter(self._embedded([part for part in parts if isinstance(part, list)]))
        frames = iter(self._seen([part for part in parts if isinstance(part, Tensor)]))
        rows = [
            torch.cat([next(texts if isinstance(p, list) else frames) for p in segment.parts])
            for segment in segments
        ]
        x_BLC = rows[0].new_zeros(self.streams, longest, rows[0].shape[-1])
        for segment, x_LC in zip(segments, rows, strict=True):
            x_BLC[segment.stream.row, : len(x_LC)] = x_LC
        return x_BLC

    def _embedded(self, texts: list[list[int]]) -> Sequence[Tensor]:
        if not texts:
            return []
        ids_P = torch.tensor([id for ids in texts for id in ids], device=self.device)
        return self.model.decoder.embed(ids_P).split([len(ids) for ids in texts])

    def _seen(self, frames: list[Tensor]) -> Sequence[Tensor]:
        if not frames:
            return []
        return self.model.frame_embeds(torch.stack(frames).to(self.device)).unbind()

    def _read(self, hidden_KC: Tensor) -> list[Output]:
        logits_KV = self.model.logits(hidden_KC).float()
        silence = logits_KV[:, self.model.template.silence]
        p_silent = (silence - logits_KV.logsumexp(dim=-1)).exp()
        is_best = silence >= logits_KV.amax(dim=-1)
        best = logits_KV.index_fill(1, self.never_I, -torch.inf).argmax(dim=-1)
        p_speak = self.model.p_speak(hidden_KC)
        p_known = p_silent if p_speak is None else p_speak
        columns = torch.stack([best, p_silent, is_best, p_known], dim=1).double()
        return [
            Output(int(token), p, bool(silent), None if p_speak is None else q, is_finite=p == p)
            for token, p, silent, q in columns.tolist()  # one transfer
        ]


def unsayable(model: LiveModel) -> list[int]:
    """Return the ids that no reply holds: begin, frames, and what the tokenizer does not know."""
    template, vocab = model.template, model.card.decoder.vocab
    known = template.tokenizer.get_vocab_size()
    ids = {*template.bos, template.frame, *range(known, vocab)} - {template.eos}
    return sorted(id for id in ids if id < vocab)
