"""Cuts the dependency on text: a wrong or missing reply, set right a frame later or never.

A model that copies its own last words gets nothing from them here; only the frames tell. As
VideoLLM-online's augmentation (data/stream.py); its "(Sorry, the last response is wrong)" is an
option, off here, since users then hear it from a model that was trained on it (issue 40).
"""

import random
from dataclasses import dataclass

from omnilive_lab.live.dialogue import Learned, Sample, Turn
from omnilive_lab.live.grid import Placed, frame_range, layout

SORRY = "(Sorry, the last response is wrong) "


def augment(sample: Sample, rng: random.Random, *, sorry: bool = False) -> Sample:
    """Return the sample with one reply changed, or as it is where none can be.

    A reply, not the last, becomes another one's text, an empty one, or none; it is not learned.
    In one case of two the right one follows at the next frame, if there is one, and is learned;
    else the frames up to the next turn are not learned, since after a wrong reply nobody knows
    what is due.
    """
    placed = list(layout(sample).placed)
    learned = [i for i, p in enumerate(placed) if p.turn.role == "assistant" and p.turn.learn]
    if len(learned) < 2:
        return sample
    at = _Place(sample, placed, rng.choice(learned[:-1]))
    texts = sorted({placed[i].turn.text for i in learned} - {at.turn.text})
    wrong = rng.choice([*texts, "", None])
    is_mended = rng.random() < 0.5
    if wrong is None and at.before == 0:
        return sample  # an answer that is asked for cannot be left out
    if is_mended and at.after < 2:
        return sample
    mended = _mended(at, sorry and wrong is not None) if is_mended else []
    return _put_together(at, wrong, mended)


@dataclass(frozen=True, slots=True)
class _Place:
    """The reply that is changed, and how many frames there are before and after it."""

    sample: Sample
    placed: list[Placed]
    index: int

    @property
    def turn(self) -> Turn:
        return self.placed[self.index].turn

    @property
    def frame(self) -> int:
        return self.placed[self.index].frame

    @property
    def before(self) -> int:
        start = frame_range(self.sample).start - 1
        return self.frame - (self.placed[self.index - 1].frame if self.index else start)

    @property
    def after(self) -> int:
        return self.placed[self.index + 1].frame - self.frame


def _mended(at: _Place, sorry: bool) -> list[Turn]:
    """Return the right reply, one frame late."""
    text = f"{SORRY if sorry else ''}{at.turn.text}"
    return [at.turn.model_copy(update={"t": (at.frame + 1) / at.sample.fps, "text": text})]


def _put_together(at: _Place, wrong: str | None, mended: list[Turn]) -> Sample:
    turns = [item.turn for item in at.placed]
    head, tail = turns[: at.index], turns[at.index + 1 :]
    made = at.sample.made | {"augmented": "wrong" if wrong is not None else "missing"}
    if wrong is not None:
        update = {"text": wrong, "learn": False, "wait": bool(mended)}
        fake = at.turn.model_copy(update=update)
        return at.sample.model_copy(update={"turns": (*head, fake, *mended, *tail), "made": made})
    # The frame at which it was due, and those after it, would teach silence where words were due.
    update: dict[str, object] = {"turns": (*head, *mended, *tail), "made": made}
    if head:
        head[-1] = head[-1].model_copy(update={"wait": _fewer(head[-1].wait, at.before - 1)})
        update["turns"] = (*head, *mended, *tail)
    else:
        update["wait"] = _fewer(at.sample.wait, at.before - 1)
    return at.sample.model_copy(update=update)


def _fewer(wait: Learned, most: int) -> Learned:
    """Return how many of the frames are learned, `most` of them at the most."""
    if isinstance(wait, bool):
        return most if wait and most else False
    return min(wait, most)
