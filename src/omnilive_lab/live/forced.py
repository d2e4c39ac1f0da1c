"""Teacher-forced figures of a model on dialogues: every logit with the true dialogue before it.

All forwards are batched: one pass over the dialogues, and one over what would have followed where
the model kept silent at a frame at which it was to speak. Logits are kept of as many dialogues at a
time as fit into memory.

Shape legend: B sequences, L tokens of a sequence, K tokens that figures are computed on (the
sequence's own `View`), F frames, N tokens of a frame, D feature width, V vocabulary.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from omnilive.live.model import LiveModel
from omnilive_lab.live.sequences import IGNORED, Laid, Layout
from omnilive_lab.metrics import live as metrics
from omnilive_lab.metrics.remarks import match_remarks

BATCH_TOK = 16_384  # tokens of a forward pass, padding included
KEPT = 128 << 20  # logits that are kept at a time, about (those of later frames come on top)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A dialogue as the model is shown it, and the features (F, N, D) of its frames."""

    laid: Laid
    frames_FND: np.ndarray
    is_quiet: bool = False  # known that nothing happens in it


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One sequence of a batch, and which of its places are looked at."""

    ids_L: np.ndarray
    frames_FND: np.ndarray
    places: np.ndarray


@dataclass(slots=True, eq=False)
class Reading:
    """What the model gave on one dialogue; `after` is a `metrics.Continue`."""

    shown: Shown
    logits_KV: np.ndarray
    wanted: dict[int, tuple[int, int]] = field(default_factory=dict)
    later_FV: dict[int, np.ndarray] = field(default_factory=dict)

    @property
    def dialogue(self) -> metrics.Dialogue:
        """The dialogue for metrics/live.py."""
        view = self.shown.laid.view
        return metrics.Dialogue(view.ids_K, view.labels_K, self.logits_KV)

    def after(self, position: int, first: int, count: int) -> np.ndarray:
        """Return (count, V): what was read of the frames after a silence that was not due."""
        return self.later_FV[position][:count]

    def note(self, position: int, first: int, count: int) -> np.ndarray:
        """Note that this will be asked for; what is returned means nothing."""
        old = self.wanted.get(position, (first, 0))
        self.wanted[position] = first, max(old[1], count)
        return np.zeros((count, self.logits_KV.shape[1]))


@dataclass(frozen=True, slots=True)
class Judged:
    """What one dialogue is worth."""

    figures: metrics.Figures | None  # None where the assistant says nothing
    turns: list[metrics.Turn]
    said: list[int]  # frames at which the model speaks
    due: list[int]  # frames at which it should
    is_quiet: bool


def judge(model: LiveModel, layout: Layout, shown: Sequence[Shown], theta: float) -> list[Judged]:
    """Return what each dialogue is worth; `theta` is that of the corrected figures."""
    vocab = model.card.decoder.vocab
    size = [len(s.laid.view.at_K) * vocab for s in shown]
    judged: list[Judged] = []
    while len(judged) < len(shown):
        first, count = len(judged), 1
        while first + count < len(shown) and sum(size[first : first + count + 1]) <= KEPT:
            count += 1
        readings = read(model, layout, shown[first : first + count], theta)
        judged += [_judged(reading, layout, theta) for reading in readings]
    return judged


def read(model: LiveModel, layout: Layout, shown: Sequence[Shown], theta: float) -> list[Reading]:
    """Return what the model gives on each dialogue, for the published and these `theta` figures."""
    rows = [Row(s.laid.ids_L, s.frames_FND[: s.laid.frames], s.laid.view.at_K) for s in shown]
    readings = [Reading(s, logits) for s, logits in zip(shown, logits_at(model, rows), strict=True)]
    for reading in readings:
        # Turns do not depend on each other: what is asked for does not on what is returned.
        metrics.live_figures(reading.dialogue, marks(layout), reading.note)
        metrics.fair_turns(reading.dialogue, marks(layout), reading.note, theta)
    later = [(r, at, _continued(layout, r, at)) for r in readings for at in r.wanted]
    found = logits_at(model, [row for _, _, row in later])
    for (reading, position, _), logits_FV in zip(later, found, strict=True):
        reading.later_FV[position] = logits_FV
    return readings


def _judged(reading: Reading, layout: Layout, theta: float) -> Judged:
    known, view = marks(layout), reading.shown.laid.view
    has_reply = bool((view.ids_K == layout.template.eos).any())
    figures = metrics.live_figures(reading.dialogue, known, reading.after) if has_reply else None
    turns = metrics.fair_turns(reading.dialogue, known, reading.after, theta)
    return Judged(figures, turns, *spoken_frames(reading, layout, theta), reading.shown.is_quiet)


def marks(layout: Layout) -> metrics.Layout:
    """Return what metrics/live.py must know of a layout."""
    template = layout.template
    interval = None if layout.silence == template.eos else layout.silence
    return metrics.Layout(template.frame, template.eos, interval, layout.tokens)


def published(judged: Sequence[Judged], fps: float) -> dict[str, float | None]:
    """Return the published figures over the dialogues with a reply (others have no turns)."""
    figures = [j.figures for j in judged if j.figures]
    means = metrics.published_means(figures, fps)
    return {name: value if figures else None for name, value in means.items()}


def fair(judged: Sequence[Judged], fps: float) -> dict[str, float | None]:
    """Return the corrected figures, with the threshold that is used live."""
    return metrics.fair_figures([turn for j in judged for turn in j.turns], fps)


def speaking(judged: Sequence[Judged], fps: float, within_s: float) -> dict[str, float | None]:
    """Return how well it is decided when to speak, with the true dialogue before each frame.

    `f1` pairs frames at which the model speaks one to one with those at which it should, at most
    `within_s` apart. `quiet_share`: of the dialogues in which nothing happens, those in which it
    speaks at no frame; `mute_share`: the same of all that have no reply.
    """
    timings = [
        match_remarks([f / fps for f in j.said], [f / fps for f in j.due], within_s + 1e-9)
        for j in judged
    ]
    quiet = [not j.said for j in judged if j.is_quiet]
    mute = [not j.said for j in judged if j.figures is None]
    return {
        "f1": _share(
            2 * sum(len(t.pairs) for t in timings), sum(t.said + t.wanted for t in timings)
        ),
        "quiet_share": _share(sum(quiet), len(quiet)),
        "mute_share": _share(sum(mute), len(mute)),
    }


def spoken_frames(reading: Reading, layout: Layout, theta: float) -> tuple[list[int], list[int]]:
    """Return the numbers of the frames at which the model speaks, and at which it should.

    Of frames that are not learned (the user speaks there, or no silence was annotated) neither.
    """
    view = reading.shown.laid.view
    last = np.flatnonzero(view.ids_K == layout.template.frame)[layout.tokens - 1 :: layout.tokens]
    learned = view.labels_K[last] != IGNORED
    due = learned & (view.labels_K[last] != layout.silence)
    said = learned & speaks(reading.logits_KV[last], layout.silence, theta)
    return np.flatnonzero(said).tolist(), np.flatnonzero(due).tolist()


def speaks(logits_FV: np.ndarray, silence: int, theta: float) -> np.ndarray:
    """Return (F,) bool: silence is not the most likely token, or less likely than theta."""
    logits_FV = logits_FV.astype(np.float64)
    odds_FV = np.exp(logits_FV - logits_FV.max(axis=1, keepdims=True))
    silent_F = odds_FV[:, silence] / odds_FV.sum(axis=1)
    return (logits_FV.argmax(axis=1) != silence) | (silent_F < theta)


@torch.inference_mode()
def logits_at(model: LiveModel, rows: Sequence[Row]) -> list[np.ndarray]:
    """Return the (places, V) logits of each row, all rows in as few passes as fit."""
    device = model.connector.first.weight.device
    was_training = model.training
    model.eval()
    found: list[np.ndarray] = [np.zeros(0)] * len(rows)
    for part in _parts(rows):
        batch = [rows[i] for i in part]
        ids_BL, frames = _padded(batch)
        hidden_BLC = model.decoder(model.embed(ids_BL.to(device), frames.to(device)))
        for b, i in enumerate(part):
            places = torch.from_numpy(rows[i].places).to(device)
            found[i] = model.logits(hidden_BLC[b, places]).float().cpu().numpy()
    model.train(was_training)
    return found


def _parts(rows: Sequence[Row]) -> Iterator[list[int]]:
    """Yield the numbers of rows of about the same length that go together."""
    part: list[int] = []
    for i in sorted(range(len(rows)), key=lambda i: len(rows[i].ids_L)):
        if part and (len(part) + 1) * len(rows[i].ids_L) > BATCH_TOK:
            yield part
            part = []
        part.append(i)
    if part:
        yield part


def _padded(rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
    length = max(len(row.ids_L) for row in rows)
    ids_BL = torch.zeros(len(rows), length, dtype=torch.long)
    for b, row in enumerate(rows):
        ids_BL[b, : len(row.ids_L)] = torch.from_numpy(row.ids_L)
    frames = np.concatenate([row.frames_FND for row in rows]).astype(np.float32)
    return ids_BL, torch.from_numpy(frames)


def _continued(layout: Layout, reading: Reading, position: int) -> Row:
    """Return the dialogue up to a frame, and the frames that follow in silence."""
    laid, frames_FND = reading.shown.laid, reading.shown.frames_FND
    first, count = reading.wanted[position]
    before_L = laid.ids_L[: laid.view.at_K[position - 1] + 1]
    ids, places = layout.silent(count)
    gone = int((before_L == layout.template.frame).sum()) // layout.tokens
    return Row(
        np.concatenate([before_L, np.array(ids, np.int64)]),
        np.concatenate([frames_FND[:gone], frames_FND[first : first + count]]),
        np.array(places, np.int64) + len(before_L),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
