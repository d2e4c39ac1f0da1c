"""The dialogue over a stream: an instruction, the remarks due, questions and answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from omnilive_lab.live.dialogue import Turn
from omnilive_lab.live.world.events import Event
from omnilive_lab.live.world.phrases import (
    STYLES,
    Mode,
    Style,
    Wanted,
    again,
    any_wanted,
    event_text,
    instruction,
    wanted_of,
)
from omnilive_lab.live.world.queries import ask_coming, ask_past, ask_present, promise
from omnilive_lab.live.world.settings import Split

AFTER_S, BEFORE_S = 1.05, 0.65  # a question keeps this far from the events around it
_MODES: tuple[Mode, ...] = ("narrate", "watch", "answer")
_COMES = 0.75  # how often what is waited for does come, where anything does


@dataclass(frozen=True, slots=True)
class Talk:
    """What is said over a stream, and in which way."""

    mode: Mode
    style: Style
    turns: tuple[Turn, ...]


def make_talk(random: Random, split: Split, events: Sequence[Event], duration_s: float) -> Talk:
    """Return the dialogue over these events."""
    mode = random.choices(_MODES, (0.45, 0.25, 0.3))[0]
    if not events and mode == "answer":
        mode = "narrate"
    style = random.choice(STYLES)
    wanted = _wanted(random, split, events) if mode == "watch" else None
    opening = Turn(
        role="user", t=0.0, text=instruction(random, mode, style, wanted), kind="instruction"
    )
    said = [(e.t, e) for e in events if mode == "narrate" or (wanted and wanted.fits(e))]
    turns = [*_remarks(said, style), *_asked(random, split, mode, style, events, duration_s)]
    turns = sorted(turns, key=lambda turn: turn.t)  # stable: an answer stays behind its question
    return Talk(mode, style, (opening, *_with_again(turns, style)))


def _wanted(random: Random, split: Split, events: Sequence[Event]) -> Wanted:
    if events and random.random() < _COMES:
        return wanted_of(random, random.choice(events))
    return any_wanted(random, split)


def _remarks(said: Sequence[tuple[float, Event]], style: Style) -> Iterator[Turn]:
    for t, event in said:
        yield Turn(role="assistant", t=t, text=event_text(event, style), kind="remark")


def _asked(
    random: Random,
    split: Split,
    mode: Mode,
    style: Style,
    events: Sequence[Event],
    duration_s: float,
) -> Iterator[Turn]:
    """Yield questions with their answers, and the remarks that they ask for."""
    if not events:
        return
    most = 5 if mode == "answer" else random.choice((0, 0, 1, 2))
    times = _quiet_times(random, events, duration_s)
    busy_s = 0.0  # until then a request to be told waits, and no other is made
    for t in sorted(random.sample(times, min(most, len(times)))):
        gone = [event for event in events if event.t < t]
        coming = [event for event in events if event.t > t]
        if mode == "answer" and t > busy_s and coming and random.random() < 0.35:
            wanted = _wanted(random, split, coming[:4])
            due = next((event for event in coming if wanted.fits(event)), None)
            busy_s = due.t if due else duration_s
            yield from _pair(t, "next", ask_coming(random, wanted), promise(style))
            if due:
                yield from _remarks([(due.t, due)], style)
            continue
        there = gone[-1].there if gone else ()
        is_past = random.random() < 0.5
        question = ask_past(random, gone) if is_past else ask_present(random, there)
        yield from _pair(t, question.kind, question.text, question.answer(style))


def _quiet_times(random: Random, events: Sequence[Event], duration_s: float) -> list[float]:
    """Return a time between each two events at which a question can be asked."""
    ends = [event.t for event in events[1:]] + [duration_s]
    spans = [(event.t + AFTER_S, end - BEFORE_S) for event, end in zip(events, ends, strict=True)]
    return [round(random.uniform(low, high), 2) for low, high in spans if high > low]


def _pair(t: float, kind: str, question: str, answer: str) -> Iterator[Turn]:
    yield Turn(role="user", t=t, text=question, kind=kind)
    yield Turn(role="assistant", t=t, text=answer, kind="answer")


def _with_again(turns: Sequence[Turn], style: Style) -> Iterator[Turn]:
    """Yield the turns; a remark like the turn before it says so (else it would count as one)."""
    last = ""
    for turn in turns:
        if turn.role == "assistant" and turn.text == last:
            turn = turn.model_copy(update={"text": again(turn.text, style)})
        last = turn.text
        yield turn
