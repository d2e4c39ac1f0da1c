"""Teacher-forced figures against values worked out by hand, on a model that can be read."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from omnilive.live.template import Marks, Template
from omnilive_lab.live import forced
from omnilive_lab.live.dialogue import Sample, Turn
from omnilive_lab.live.grid import frames
from omnilive_lab.live.sequences import Layout, Objective
from tests.live.scripted import byte_tokenizer

V, FRAME = 260, -1.0
FPS, THETA = 2.0, 0.725


class Readable:
    """After a frame: silence with the probability that is its one feature. In text: by the letter.

    " " is followed by "h" (0.75) or "n" (0.25), "h" by "i", "n" by "o", these by the end.
    """

    training = False

    def __init__(self, objective: Objective = "streaming", interval: str = ",") -> None:
        self.template = Template(byte_tokenizer(), Marks("<s>", "</s>", interval, "S\n"))
        self.per_frame = objective == "per-frame"
        self.decoder = self
        self.card = SimpleNamespace(decoder=SimpleNamespace(vocab=V))
        self.connector = SimpleNamespace(first=SimpleNamespace(weight=torch.zeros(1)))
        self.tokens = 0  # that went through it
        self._after = {self._id(a): {self._id(b): p for b, p in to.items()} for a, to in {
            ":": {" ": 1.0}, " ": {"h": 0.75, "n": 0.25}, "h": {"i": 1.0}, "n": {"o": 1.0},
        }.items()}  # fmt: skip
        self._after |= {self._id(c): {self.template.eos: 1.0} for c in "io"}

    def eval(self) -> None: ...

    def train(self, mode: bool) -> None: ...

    def embed(self, ids_BL: Tensor, frames_FND: Tensor | None = None) -> Tensor:
        x_BLC = torch.nn.functional.pad(ids_BL[..., None].float(), (0, 1))
        if frames_FND is not None:
            x_BLC[ids_BL == self.template.frame] = self.frame_embeds(frames_FND).flatten(0, -2)
        return x_BLC

    def frame_embeds(self, features: Tensor) -> Tensor:
        return torch.nn.functional.pad(features, (1, 0), value=FRAME)

    def logits(self, hidden: Tensor) -> Tensor:
        return hidden

    def __call__(self, x_BLC: Tensor) -> Tensor:
        self.tokens += x_BLC.shape[0] * x_BLC.shape[1]
        return torch.stack([self._row(x_LC) for x_LC in x_BLC])

    def _row(self, x_LC: Tensor) -> Tensor:
        rows, p_silent = [], 1.0
        for token, feature in x_LC.tolist():
            if token == FRAME:
                p_silent = feature
                rows.append(self._said({self.template.silence: feature,
                                        self.template.speak: 1 - feature}))  # fmt: skip
            elif self.per_frame and token == self._id(":"):
                space = self._id(" ")
                rows.append(self._said({self.template.eos: p_silent, space: 1 - p_silent}))
            else:
                rows.append(self._said(self._after.get(int(token), {self._id("."): 1.0})))
        return torch.stack(rows)

    def _said(self, shares: dict[int, float]) -> Tensor:
        row = torch.full((V,), -60.0)
        for token, share in shares.items():
            row[token] = math.log(share)
        return row

    def _id(self, letter: str) -> int:
        if letter == " ":
            return self.template.words("")[0]
        return self.template.tokenizer.encode(letter).ids[0]


def sample(*turns: tuple[str, float, str], frames: int = 10) -> Sample:
    said = [Turn(role=role, t=t, text=text) for role, t, text in turns]  # type: ignore[arg-type]
    return Sample(id="a", source="test", licence="CC0-1.0", video="a.mp4", duration_s=frames / FPS,
                  wait=False, turns=tuple(said))  # fmt: skip


# Due at frames 3, 6 and 9 of 0 to 9; of frame 0 nothing is learned.
STREAM = sample(("user", 0.0, "go"), ("assistant", 1.3, "hi"), ("assistant", 2.9, "no"),
                ("assistant", 4.5, "hi"))  # fmt: skip
# In time at 3; silent at 6, and in silence after it until 8; at 8 already, not only at 9.
P_SILENT = [0.9, 0.9, 0.9, 0.1, 0.9, 0.9, 0.9, 0.9, 0.1, 0.1]


def judged(
    model: Any, objective: Objective, *streams: tuple[Sample, list[float]], theta: float = THETA,
    is_quiet: bool = False, tokens: int = 1,
) -> list[forced.Judged]:  # fmt: skip
    layout = Layout(model.template, objective, tokens)
    shown = [
        forced.Shown(
            layout.lay(frames(s, FPS)), np.array(p).repeat(tokens).reshape(-1, tokens, 1), is_quiet
        )
        for s, p in streams
    ]
    return forced.judge(model, layout, shown, theta)


@pytest.mark.parametrize(("interval", "tokens"), [(",", 1), ("", 1), (",", 3)])
def test_streaming_figures_are_those_worked_out_by_hand(interval: str, tokens: int) -> None:
    model = Readable(interval=interval)
    found = judged(model, "streaming", (STREAM, P_SILENT), tokens=tokens)
    figures = forced.published(found, FPS)
    # Four tokens a reply (" ", two letters, the end), of which one is unsure.
    hi, no = math.exp(-math.log(0.75) / 4), math.exp(-math.log(0.25) / 4)
    assert figures["LM-PPL"] == pytest.approx((hi + no + hi) / 3)
    assert figures["LM-Correctness"] == pytest.approx(100 * (1 + 1 / 4 + 1) / 3)  # " " of " no"
    # Off by 0, 2 (late) and 1 (early) frames; of 3 frames and 4 words each.
    assert figures["TimeDiff"] == pytest.approx((0 + 2 + 1) / 3 / FPS)
    assert figures["Fluency"] == pytest.approx(100 * (7 / 7 + 2 / 7 + 2 / 7) / 3)

    fair = forced.fair(found, FPS)
    assert fair["corpus_ppl"] == pytest.approx(math.exp(-math.log(0.75**2 * 0.25) / 12))
    assert fair["token_accuracy"] == pytest.approx(11 / 12)
    assert fair["speak_error_s"] == pytest.approx(0.5)
    assert fair["missed_share"] == 0.0


def test_per_frame_figures_are_read_where_each_frame_is_decided() -> None:
    found = judged(Readable("per-frame"), "per-frame", (STREAM, P_SILENT))
    figures = forced.published(found, FPS)
    assert figures["TimeDiff"] == pytest.approx(0.5)  # the same decisions, the same times
    # The first token of a reply is that decision: 0.9 where in time, 0.1 at frame 6.
    hi, no = math.exp(-math.log(0.9 * 0.75) / 4), math.exp(-math.log(0.1 * 0.25) / 4)
    assert figures["LM-PPL"] == pytest.approx((hi + no + hi) / 3)
    assert figures["LM-Correctness"] == pytest.approx(100 * (1 + 0 + 1) / 3)


def test_a_reply_that_never_comes_is_missed() -> None:
    silent = [0.9] * 10
    found = judged(Readable(), "streaming", (STREAM, silent))
    fair = forced.fair(found, FPS)
    # Three frames were looked at after each of the first two; the last turn is three frames long.
    assert fair["missed_share"] == 1.0
    assert fair["speak_error_s"] == pytest.approx(3 / FPS)
    # As published: of the next turn's frames no more than this turn has (4, then 3) less one; the
    # last turn is free.
    assert forced.published(found, FPS)["TimeDiff"] == pytest.approx((3 + 2 + 0) / 3 / 2)


def test_speaking_is_matched_one_to_one() -> None:
    found = judged(Readable(), "streaming", (STREAM, P_SILENT))
    assert (found[0].said, found[0].due) == ([3, 8, 9], [3, 6, 9])
    near = forced.speaking(found, FPS, within_s=0.5)
    assert near["f1"] == pytest.approx(2 * 2 / 6)  # 3 with 3, 9 with 9; 8 is too far from 6
    far = forced.speaking(found, FPS, within_s=1.0)
    assert far["f1"] == pytest.approx(1.0)


def test_the_threshold_makes_a_doubtful_frame_one_that_speaks() -> None:
    doubtful = [0.9, 0.7, *P_SILENT[2:]]
    stream = (STREAM, doubtful)
    assert judged(Readable(), "streaming", stream, theta=0.0)[0].said == [3, 8, 9]
    assert judged(Readable(), "streaming", stream, theta=THETA)[0].said == [1, 3, 8, 9]


def test_streams_in_which_nothing_happens_are_counted_apart() -> None:
    nothing = sample(("user", 0.0, "go"), frames=4)
    calm, nervous = [0.9] * 4, [0.9, 0.9, 0.2, 0.9]
    first = [0.1, 0.9, 0.9, 0.9]  # at frame 0 nothing is learned, as the user speaks there
    streams = [(nothing, p) for p in (calm, nervous, first, calm)]
    found = judged(Readable(), "streaming", *streams, is_quiet=True)
    figures = forced.speaking(found, FPS, within_s=0.5)
    assert figures == {
        "f1": 0.0, "quiet_share": 0.75, "mute_share": 0.75
    }  # fmt: skip
    # They have no turns, so they take no part in the published means.
    both = judged(Readable(), "streaming", (nothing, calm), (STREAM, P_SILENT))
    alone = judged(Readable(), "streaming", (STREAM, P_SILENT))
    assert forced.published(both, FPS) == forced.published(alone, FPS)
    assert set(forced.published(found, FPS).values()) == {None}


def test_batches_give_what_single_dialogues_give(monkeypatch: pytest.MonkeyPatch) -> None:
    short = sample(
        ("user", 0.0, "go"), ("assistant", 1.3, "hi"), ("assistant", 1.8, "no"), frames=6
    )
    streams = [(STREAM, P_SILENT), (short, P_SILENT[:6]), (STREAM, [0.8] * 10)]
    together = judged(Readable(), "streaming", *streams)
    monkeypatch.setattr(forced, "BATCH_TOK", 1)
    assert judged(Readable(), "streaming", *streams) == together
    monkeypatch.setattr(forced, "KEPT", 1)
    assert judged(Readable(), "streaming", *streams) == together
