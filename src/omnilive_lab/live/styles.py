"""Three ways to make talk of a timeline: narrate it, guide through its steps, talk about it.

Each takes what was annotated inside a stretch of the video and returns turns on the frame grid.
What starts or ends together is said in one turn, since of the turns on one frame one would stay.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from omnilive_lab.bench.ego4d_narration import ASK
from omnilive_lab.live import templates
from omnilive_lab.live.converters.base import Span
from omnilive_lab.live.dialogue import Turn
from omnilive_lab.live.grid import ceil_frame
from omnilive_lab.live.person import to_you
from omnilive_lab.live.skeleton import skeleton

Style = Literal["narrate", "guide", "dialogue"]
Told = Literal["start", "middle", "end"]
SAME_STEP_S = 2.0  # between two pieces of a step
STYLES: tuple[Style, ...] = ("narrate", "guide", "dialogue")


@dataclass(frozen=True, slots=True)
class Part:
    """The stretch of a video that becomes one sample, and what is annotated in it.

    `spans` holds also the first one after the stretch, so that what comes next is known.
    """

    spans: tuple[Span, ...]
    stretch: tuple[float, float]
    goal: str = ""
    is_last: bool = True  # nothing follows: what falls on the very end belongs here

    def holds(self, t: float) -> bool:
        """Whether a moment belongs to this part."""
        start, end = self.stretch
        return start <= t < end or (self.is_last and t == end)


@dataclass(frozen=True, slots=True)
class Wording:
    """How a style is carried out."""

    fps: float = 2.0
    told: Told = "end"  # when a span is narrated: only at its end has all of it been seen
    tags: bool = False  # the narration calls the camera wearer C
    you: bool = False  # and it shall say "you" instead, by rule
    queries: int = 3


def narrate(part: Part, wording: Wording, rng: random.Random) -> list[Turn]:
    """Return an instruction at the first frame, and each text at its time.

    Remarks on moments keep the time of the annotation, so that grid.py applies the published
    rules to them at any frame rate.
    """
    has_tags = wording.tags and not wording.you
    order = ASK["narration"] if has_tags else rng.choice(templates.NARRATE)
    reword = to_you if wording.you else str
    due = [(_told_at(span, wording.told), reword(span.text)) for span in part.spans]
    if all(span.start_s == span.end_s for span in part.spans):
        said = [
            Turn(role="assistant", t=t, text=text, kind="remark")
            for t, text in due
            if part.holds(t)
        ]
    else:
        said = _remarks(part, due, wording.fps)
    return [_order(part.stretch[0], order), *said]


def guide(part: Part, wording: Wording, rng: random.Random) -> list[Turn]:
    """Return the goal as the user's words, then each start, and each end with what comes next."""
    forms = templates.GUIDE if part.goal else templates.GUIDE_NO_GOAL
    order = rng.choice(forms).format(goal=templates.phrase(part.goal))
    due = []
    for span in part.spans:
        name = templates.phrase(span.text)
        coming = [s for s in part.spans if s.start_s >= span.end_s and s is not span]
        then = f" The next action is {templates.phrase(coming[0].text)}." if coming else (
            " That was the last action."
        )  # fmt: skip
        due.append((span.end_s, f"The action of {name} ends.{then}"))
        due.append((span.start_s, f"The action of {name} starts."))
    # What ends is told before what starts at the same time.
    due.sort(key=lambda item: item[0])
    return [_order(part.stretch[0], order), *_remarks(part, due, wording.fps)]


def dialogue(part: Part, wording: Wording, rng: random.Random) -> list[Turn]:
    """Return a filled skeleton: every other one starts with the order to tell of each step.

    Where nobody gave that order there are no remarks, so that a model learns to wait to be asked.
    """
    is_ordered = rng.random() < 0.5
    slots = skeleton(
        part.spans, part.stretch, rng, fps=wording.fps, queries=wording.queries, events=False
    )
    turns: list[Turn] = []
    for slot in (slot for slot in slots if slot.kind == "query"):
        now = templates.known(part.spans, slot.t, part.goal)
        kind = rng.choice(templates.askable(now))
        question, answer = templates.ask(kind, now, rng)
        turns.append(Turn(role="user", t=slot.t, text=question, kind=kind))
        turns.append(Turn(role="assistant", t=slot.t, text=answer, kind=kind))
    if not is_ordered:
        return turns
    due = [(s.end_s, templates.say("end", templates.phrase(s.text), rng)) for s in part.spans]
    due += [(s.start_s, templates.say("start", templates.phrase(s.text), rng)) for s in part.spans]
    due.sort(key=lambda item: item[0])
    asked = {turn.t for turn in turns}
    # A remark on the frame of an answer would be said late; the answer tells of the same.
    told = [turn for turn in _remarks(part, due, wording.fps) if turn.t not in asked]
    order = _order(part.stretch[0], rng.choice(templates.STEPS))
    return [order, *sorted([*turns, *told], key=lambda turn: turn.t)]


def joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return the spans with those in a row joined that say the same, as a step in two pieces."""
    made: list[Span] = []
    for span in spans:
        last = made[-1] if made else None
        is_same = last is not None and templates.phrase(last.text) == templates.phrase(span.text)
        if last is not None and is_same and span.start_s - last.end_s <= SAME_STEP_S:
            made[-1] = replace(last, end_s=max(last.end_s, span.end_s))
        else:
            made.append(span)
    return tuple(made)


def make_turns(style: Style, part: Part, wording: Wording, rng: random.Random) -> list[Turn]:
    """Return the turns of a part in one of the styles."""
    if style != "narrate":
        part = replace(part, spans=joined(part.spans))
    return {"narrate": narrate, "guide": guide, "dialogue": dialogue}[style](part, wording, rng)


def _order(t: float, text: str) -> Turn:
    """Return an instruction; at the start of a stretch, which falls on its first frame."""
    return Turn(role="user", t=t, text=text, kind="instruction")


def _told_at(span: Span, told: Told) -> float:
    return {
        "start": span.start_s, "end": span.end_s, "middle": (span.start_s + span.end_s) / 2
    }[told]  # fmt: skip


def _remarks(part: Part, due: Iterable[tuple[float, str]], fps: float) -> list[Turn]:
    """Return what is due inside the part, on the grid, joined where it falls on one frame."""
    start, end = part.stretch
    last = max(ceil_frame(end, fps) - 1, ceil_frame(start, fps))
    by_frame: dict[int, list[str]] = {}
    for t, text in due:
        if part.holds(t):
            said = by_frame.setdefault(min(ceil_frame(t, fps), last), [])
            if text not in said:
                said.append(text)
    turns = [
        Turn(role="assistant", t=frame / fps, text=" ".join(texts), kind="remark")
        for frame, texts in sorted(by_frame.items())
    ]
    return _without_repeats(turns)


def _without_repeats(turns: Sequence[Turn]) -> list[Turn]:
    kept: list[Turn] = []
    for turn in turns:
        if not kept or kept[-1].text != turn.text:
            kept.append(turn)
    return kept
