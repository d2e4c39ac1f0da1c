"""A live model whose output is a plain function of its whole sequence, so that tests can read it.

A frame's first feature is the probability of silence that it is answered with, its second the
number of the remark that is made at it. A query is answered with `answers[query]`.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.template import Marks, Template

FRAME = -1  # stands for a frame token in a sequence
TOKENS, WIDTH = 2, 3
RECENT = 700  # tokens that the script looks back on


def byte_tokenizer() -> Tokenizer:
    """Return one whose tokens are bytes, "<s>" and "</s>"."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<s>", "</s>"])
    return tokenizer


def card(interval: str) -> Card:
    return Card(
        decoder=DecoderShape(
            vocab=260, width=4, layers=1, heads=1, kv_heads=1, head_size=2, inner=4
        ),
        frame=FrameShape(pooled=True, grid=1, width=WIDTH),
        bos="<s>", eos="</s>", interval=interval, system="S\n",
    )  # fmt: skip


class Histories:
    """Keeps sequences as lists of vectors; what a KV cache is to a real model."""

    def __init__(self, streams: int) -> None:
        self.rows: list[list[list[float]]] = [[] for _ in range(streams)]

    def length(self, row: int) -> int:
        return len(self.rows[row])

    def truncate(self, row: int, length: int) -> None:
        assert length <= len(self.rows[row])
        del self.rows[row][length:]

    def clear(self, row: int) -> None:
        self.rows[row].clear()


class ScriptedModel:
    """See the module. `calls` counts the tokens of every forward pass, stream by stream."""

    def __init__(
        self, remarks: Sequence[str] = (), answers: dict[str, str] | None = None,
        interval: str = ",",
    ) -> None:  # fmt: skip
        self.card = card(interval)
        self.template = Template(byte_tokenizer(), Marks("<s>", "</s>", interval, "S\n"))
        self.remarks, self.answers = list(remarks), answers or {}
        self.decoder = SimpleNamespace(embed=self._embed)
        self.connector = SimpleNamespace(first=SimpleNamespace(weight=torch.zeros(1)))
        self.calls: list[list[int]] = []
        self.broken = False  # gives numbers that are not finite

    def init_state(self, streams: int = 1, window: Any = None) -> SimpleNamespace:
        return SimpleNamespace(cache=Histories(streams))

    def frame_embeds(self, features: Tensor) -> Tensor:
        return torch.nn.functional.pad(features, (1, 0), value=FRAME)

    def step(self, x_BLC: Tensor, lengths: Sequence[int], state: SimpleNamespace) -> Tensor:
        self.calls.append(list(lengths))
        self.rows = state.cache.rows
        places_BL2 = torch.zeros(*x_BLC.shape[:2], 2, dtype=torch.long)
        for row, length in enumerate(lengths):
            for i in range(length):
                self.rows[row].append(x_BLC[row, i].tolist())
                places_BL2[row, i] = torch.tensor([row, len(self.rows[row])])
        return places_BL2

    def logits(self, hidden: Tensor) -> Tensor:
        logits = torch.stack([self._after(self.rows[row][:end]) for row, end in hidden.tolist()])
        return logits * torch.nan if self.broken else logits

    def p_speak(self, hidden: Tensor) -> None:
        return None

    def transcript(self, row: int = 0) -> str:
        """Return the sequence as text, a frame token as "v"."""
        return self._text(self.rows[row])

    def _embed(self, ids: Tensor) -> Tensor:
        return torch.nn.functional.pad(ids[..., None].float(), (0, WIDTH))

    def _text(self, history: list[list[float]]) -> str:
        tokenizer = self.template.tokenizer
        runs, text = [int(x[0]) for x in history], ""
        ids: list[int] = []
        for id in [*runs, FRAME]:
            if id == FRAME:
                text += tokenizer.decode(ids, skip_special_tokens=False) + "v"
                ids = []
            else:
                ids.append(id)
        return text[:-1]

    def _after(self, history: list[list[float]]) -> Tensor:
        if int(history[-1][0]) == FRAME:
            return self._at_frame(float(history[-1][1]))
        logits = torch.full((260,), -1e4)
        logits[self._next_id(history)] = 0.0
        return logits

    def _at_frame(self, p_silent: float) -> Tensor:
        logits = torch.full((260,), -1e4)
        odds = torch.tensor([1 - p_silent, p_silent]).log().clamp(min=-1e3)
        logits[[self.template.speak, self.template.silence]] = odds
        return logits

    def _next_id(self, history: list[list[float]]) -> int:
        ids = [int(x[0]) for x in history[-RECENT:]]
        prompt = self.template.prompt(is_open=False)
        begun = [i for i in range(len(ids) + 1) if ids[i - len(prompt) : i] == prompt]
        if not begun:
            return self.template.silence
        asked = self._text(history[-RECENT:][: begun[-1] - len(prompt)]).rpartition("\nUser: ")[2]
        frames = [x for x in history if int(x[0]) == FRAME]
        wanted = self.answers.get(asked)
        if wanted is None:
            wanted = self.remarks[int(frames[-1][2])]
        words, said = self.template.words(wanted), len(ids) - begun[-1]
        return words[said] if said < len(words) else self.template.eos
