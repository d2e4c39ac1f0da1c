"""What a stream is made of besides events: needles, and questions that know their answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeVar

from omnilive.core.events import Event

QuestionKind = Literal[
    "what", "when", "order", "count", "duration", "implicit", "reference", "unanswerable"
]
Family = Literal["train", "held-out"]
T = TypeVar("T")
HOUR_S, DAY_S = 3600.0, 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about a stream. Times in seconds on the session clock.

    An answer is right when it holds one of the `accept`ed strings, or the `number` to within
    `tolerance`, or names or cites a time of the first span to within `tolerance_s`. `spans` are
    all that is relevant, the one that answers first; none for what never was. `time` says which
    kind of time words it holds, "" for none. `family` keeps the wordings (and, for what is meant
    and not said, also the things meant) that are tuned on apart from those that are reported.
    """

    text: str
    kind: QuestionKind
    family: Family
    ask_s: float
    spans: tuple[tuple[float, float], ...] = ()
    accept: tuple[str, ...] = ()
    number: float | None = None
    tolerance: float = 0.0
    tolerance_s: float = 5.0
    time: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """Something that happens on purpose: its events, by time, and what to ask about it."""

    name: str
    events: tuple[Event, ...]
    questions: tuple[Question, ...]


def pick(rng: Random, items: Sequence[T]) -> T:
    """Return one of the items; several times as fast as `rng.choice`."""
    return items[int(rng.random() * len(items))]
