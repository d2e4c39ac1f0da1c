"""The LIVE framework's four figures of a streaming dialogue, and what they leave out.

VideoLLM-online (arXiv 2406.11816) teacher-forces a whole dialogue once and reads LM-PPL,
LM-Correctness, TimeDiff and Fluency off its logits (`stream_evaluate`, models/modeling_live.py).
`live_figures` computes them as that code does, its quirks included; `fair_figures` computes what
one would expect under names of its own. Arrays are numpy or anything with `.numpy()` (torch).

Shape legend: L tokens of the dialogue, V vocabulary, F frames.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

IGNORED = -100
LIVE_THRESHOLD = 0.725  # with which the demo runs; the published figures use 0

Continue = Callable[[int, int, int], Any]
"""(position, first frame, count F) -> (F, V) logits at the last token of each of these frames, fed
after the first `position` tokens of the dialogue: had the assistant kept silent."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Token ids, and how many tokens stand for a frame.

    `interval` is the token between frames, which is what silence looks like; None (as in live1)
    takes the end-of-sequence token for it.
    """

    frame: int
    eos: int
    interval: int | None = None
    tokens_per_frame: int = 1

    @property
    def silence(self) -> int:
        """The token that a frame is to be answered with while nothing is to be said."""
        return self.eos if self.interval is None else self.interval


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A teacher-forced dialogue. Labels are shifted already; IGNORED is not learned.

    Shapes: ids (L,), labels (L,), logits (L, V).
    """

    ids: Any
    labels: Any
    logits: Any


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn is worth. Counts are of learned positions; None where there is no such part.

    `frame_diff` counts frames: positive spoke early, negative late (or never).
    """

    nll: float | None  # summed over the language positions
    words: int
    prefix: int  # greedy tokens right from the start of the reply on
    right: int  # greedy tokens right anywhere
    frames: int
    frame_diff: int | None
    missed: bool = False  # never spoke


@dataclass(frozen=True, slots=True)
class Figures:
    """The published figures of one dialogue: `frame_diff` in frames, the others as shares."""

    lm_ppl: float
    frame_diff: float
    fluency: float
    lm_correctness: float


def live_figures(
    dialogue: Dialogue, layout: Layout, after: Continue, threshold: float = 0.0
) -> Figures:
    """Return the figures as `stream_evaluate` computes them.

    Quirks kept: perplexity is averaged over turns after its exponential; a reply that comes late
    is looked for in no more frames than the turn itself has (and one less), and costs nothing in
    the last turn; speaking early counts the frame that spoke among the right ones; a turn without
    anything to learn is not counted among the frames that went by.
    """
    turns = list(_turns(dialogue, layout, after, threshold, fair=False))
    spoken = [t for t in turns if t.nll is not None]
    timed = [t.frame_diff for t in turns if t.frame_diff is not None]
    flows = [_fluency(t) for t in spoken if t.frame_diff is not None]
    return Figures(
        lm_ppl=_mean([math.exp((t.nll or 0.0) / t.words) for t in spoken], 1.0),
        frame_diff=_mean([abs(d) for d in timed], 0.0),
        fluency=_mean(flows, 1.0),
        lm_correctness=_mean([t.prefix / t.words for t in spoken], 1.0),
    )


def published_means(figures: Sequence[Figures], fps: float) -> dict[str, float]:
    """Return the means over dialogues in the published units: seconds and per cent."""
    return {
        "LM-PPL": _mean([f.lm_ppl for f in figures], 1.0),
        "TimeDiff": _mean([f.frame_diff for f in figures], 0.0) / fps,
        "Fluency": 100 * _mean([f.fluency for f in figures], 1.0),
        "LM-Correctness": 100 * _mean([f.lm_correctness for f in figures], 1.0),
    }


def fair_turns(
    dialogue: Dialogue, layout: Layout, after: Continue, threshold: float = LIVE_THRESHOLD
) -> list[Turn]:
    """Return the turns, decided with the threshold that is used live.

    A late reply is looked for in every frame of the next turn; one that does not come there, or in
    the last turn at all, is missed, and as late as all the frames that were looked at (in the last
    turn: as the turn is long).
    """
    return list(_turns(dialogue, layout, after, threshold, fair=True))


def fair_figures(turns: Sequence[Turn], fps: float) -> dict[str, float | None]:
    """Return figures over all turns of all dialogues; None where nothing was to be measured.

    `corpus_ppl` is the perplexity of all tokens together, `token_accuracy` the share of greedy
    tokens that are right, `speak_error_s` the mean distance between reply and its time,
    `missed_share` how many never came, `run_share` the mean share of a turn that is right from
    its start on (silences, then words), which is what Fluency means to be.
    """
    spoken = [t for t in turns if t.nll is not None]
    timed = [t for t in turns if t.frame_diff is not None]
    both = [t for t in spoken if t.frame_diff is not None]
    words = sum(t.words for t in spoken)
    nll = math.fsum(t.nll or 0.0 for t in spoken)
    return {
        "corpus_ppl": math.exp(nll / words) if words else None,
        "token_accuracy": sum(t.right for t in spoken) / words if words else None,
        "speak_error_s": _mean([abs(t.frame_diff or 0) for t in timed], None, fps),
        "missed_share": _mean([float(t.missed) for t in timed], None),
        "run_share": _mean([_run(t) for t in both], None),
    }


def as_array(values: Any) -> np.ndarray:
    """Return a numpy array of an array or a tensor (of any device and float type)."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = (values.float() if values.is_floating_point() else values).numpy()
    return np.asarray(values)


def _turns(
    dialogue: Dialogue, layout: Layout, after: Continue, threshold: float, *, fair: bool
) -> Iterator[Turn]:
    ids_L, labels_L = as_array(dialogue.ids), as_array(dialogue.labels)
    logits_LV = as_array(dialogue.logits).astype(np.float64)
    stops = [int(i) + 1 for i in np.flatnonzero(ids_L == layout.eos)]
    starts = [0, *stops[:-1]]
    shown = [_frames(ids_L[a:b], layout) for a, b in zip(starts, stops, strict=False)]
    gone = 0
    for r, (start, stop) in enumerate(zip(starts, stops, strict=False)):
        labels, logits = labels_L[start:stop], logits_LV[start:stop]
        learned = labels != IGNORED
        if not learned.any():
            gone += shown[r] if fair else 0
            continue
        streamed = learned & (ids_L[start:stop] == layout.frame)
        worded = learned & ~streamed
        diff, missed = None, False
        if streamed.any():
            spoke = _spoke(logits[streamed], layout, threshold)
            diff = int(streamed.sum() - np.argmax(spoke) - 1)
            if not spoke.any():
                last = start + int(np.flatnonzero(streamed)[-1]) + 1
                ahead = shown[r + 1] if r + 1 < len(shown) else 0
                count = ahead if fair else min(ahead, shown[r] - 1)
                diff, missed = 0, fair
                if count > 0:
                    later = _spoke(as_array(after(last, gone + shown[r], count)), layout, threshold)
                    diff = -int(np.argmax(later)) - 1 if later.any() else -count
                    missed = fair and not later.any()
                elif fair:
                    diff = -int(streamed.sum())
        yield _turn(logits[worded], labels[worded], int(streamed.sum()), diff, missed)
        gone += shown[r]


def _turn(
    logits_LV: np.ndarray, labels_L: np.ndarray, frames: int, diff: int | None, missed: bool
) -> Turn:
    if not len(labels_L):
        return Turn(None, 0, 0, 0, frames, diff, missed)
    right = logits_LV.argmax(axis=-1) == labels_L
    prefix = len(right) if right.all() else int(np.argmin(right))
    peak = logits_LV.max(axis=-1)
    totals = peak + np.log(np.exp(logits_LV - peak[:, None]).sum(axis=-1))
    nll = totals - logits_LV[np.arange(len(labels_L)), labels_L]
    return Turn(float(nll.sum()), len(right), prefix, int(right.sum()), frames, diff, missed)


def _frames(ids_L: np.ndarray, layout: Layout) -> int:
    return int((ids_L == layout.frame).sum()) // layout.tokens_per_frame


def _spoke(logits_FV: np.ndarray, layout: Layout, threshold: float) -> np.ndarray:
    """Tell after which frames the model would speak."""
    logits_FV = logits_FV.astype(np.float64)
    odds = np.exp(logits_FV - logits_FV.max(axis=-1, keepdims=True))
    shares_FV = odds / odds.sum(axis=-1, keepdims=True)
    if threshold > 0:
        # As the code does it: the whole row becomes 0, so that token 0 is what is said.
        shares_FV[shares_FV[:, layout.silence] < threshold] = 0
    return shares_FV.argmax(axis=-1) != layout.silence


def _fluency(turn: Turn) -> float:
    total, diff = turn.words + turn.frames, turn.frame_diff or 0
    if diff == 0:
        return (turn.frames + turn.prefix) / total
    return (turn.frames - diff if diff > 0 else turn.frames - 1) / total


def _run(turn: Turn) -> float:
    """Share of the turn that is right from its start on: an early frame is wrong itself."""
    total, diff = turn.words + turn.frames, turn.frame_diff or 0
    if diff == 0 and not turn.missed:
        return (turn.frames + turn.prefix) / total
    return (turn.frames - 1 - max(diff, 0)) / total


def _mean(values: Sequence[float], empty: Any, divide: float = 1.0) -> Any:
    return math.fsum(values) / len(values) / divide if values else empty
