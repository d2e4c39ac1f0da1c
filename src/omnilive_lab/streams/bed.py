"""Where needles are planted: free times, values for slots, and the parts that all sorts share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from omnilive.core.events import Event
from omnilive_lab.streams.base import HOUR_S, Family, Needle, Question, QuestionKind, pick
from omnilive_lab.streams.language import filled
from omnilive_lab.streams.percepts import Maker
from omnilive_lab.streams.subjects import NEEDLE_SLOTS, PAST, Thing, Topic
from omnilive_lab.streams.times import namings

FIRST_NUMBER = 10_000_000  # of the ids of planted percepts: life's own are lower
APART_S = 45.0  # between needles
LONG_HOURS = 12.0  # in longer streams nothing is planted at night
WAKING = range(7, 22)
TRIES = 1000
Span = tuple[float, float]
T = TypeVar("T")


@dataclass(slots=True)
class Bed:
    """The stream that needles are planted into; `needles` are those that are done."""

    seed: int
    hours: float
    wall_s: float
    zone: str
    rng: Random = field(init=False)
    make: Maker = field(init=False)
    taken: list[float] = field(default_factory=list[float])
    values: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    needles: list[Needle] = field(default_factory=list[Needle])

    def __post_init__(self) -> None:
        self.rng = Random(f"needles:{self.seed}:{self.hours}")
        self.make = Maker(self.rng, FIRST_NUMBER)

    @property
    def end_s(self) -> float:
        """When the stream ends."""
        return self.hours * HOUR_S

    def ask(
        self, text: str, kind: QuestionKind, family: Family, *spans: Span,
        accept: tuple[str, ...] = (), number: float | None = None, tolerance: float = 0.0,
        tolerance_s: float = 5.0, time: str = "", language: str = "en",
    ) -> Question:  # fmt: skip
        """Return a question that is asked at the end of the stream."""
        return Question(
            text=text, kind=kind, family=family, ask_s=self.end_s, spans=spans, accept=accept,
            number=number, tolerance=tolerance, tolerance_s=tolerance_s, time=time,
            language=language,
        )  # fmt: skip

    def done(self, name: str, questions: Sequence[Question]) -> None:
        """Finish a needle: what was made since the last one belongs to it."""
        events: list[Event] = [event for _, _, event in sorted(self.make.events)]
        self.make.events.clear()
        self.needles.append(Needle(name=name, events=tuple(events), questions=tuple(questions)))

    def happen(self, thing: Thing, start_s: float, end_s: float, *, near: bool = False) -> Span:
        """Let a thing be there, or be heard; return its span."""
        end_s = min(end_s, self.end_s - 1.0)
        if thing.sound:
            self.make.heard(thing.label, start_s, end_s)
        else:
            colour = pick(self.rng, thing.colours)
            self.make.thing(thing.label, colour, start_s, end_s, near=near)
        return start_s, end_s

    def write(self, text: str, start_s: float, language: str = "en") -> float:
        """Show a text for a while; return until when."""
        end_s = min(start_s + 4 + 20 * self.rng.random(), self.end_s - 1.0)
        self.make.written(text, start_s, end_s)
        return end_s

    def near(self, lines: Sequence[str]) -> None:
        """Say what shares words with a needle, some other time."""
        for line, t in zip(lines, self.times(len(lines)), strict=True):
            if line.isupper():
                self.write(line, t)
            else:
                self.make.said(line, t, "zh" if not line.isascii() else "en")

    def times(self, count: int, room_s: float = 10.0) -> list[float]:
        """Return times at which something may happen, apart from all others, in no order."""
        found: list[float] = []
        while len(found) < count:
            for _ in range(1000):
                t = round(20 + self.rng.random() * (self.end_s - 40 - room_s), 2)
                if self._is_free(t):
                    break
            self.taken.append(t)
            found.append(t)
        return found

    def _is_free(self, t: float) -> bool:
        if self.hours > LONG_HOURS:
            local = datetime.fromtimestamp(self.wall_s + t, ZoneInfo(self.zone))
            if local.hour not in WAKING:
                return False
        apart_s = APART_S if self.hours > 2 else 12.0
        return all(abs(t - other) >= apart_s for other in self.taken)

    def naming(
        self, t: float, others: Sequence[float], family: Family, *kinds: str
    ) -> tuple[str, str] | None:
        """Return words that name this time and none of the others, and their kind."""
        found = [
            n
            for n in namings(self.wall_s + t, self.wall_s + self.end_s, self.zone, family)
            if (not kinds or n.kind in kinds) and not any(n.means(self.wall_s + o) for o in others)
        ]
        if not found:
            return None
        chosen = pick(self.rng, found)
        return chosen.text, chosen.kind

    def within(self, words: str, spans: Sequence[Span], family: Family) -> list[Span]:
        """Return the spans that begin in the stretch that the words name."""
        ask_wall_s = self.wall_s + self.end_s
        return [
            span
            for span in spans
            if any(
                n.text == words
                for n in namings(self.wall_s + span[0], ask_wall_s, self.zone, family)
            )
        ]

    def given(self, topic: Topic) -> dict[str, str]:
        """Return values for the slots of a topic, each once as long as there are enough."""
        names = [n for n in NEEDLE_SLOTS if any(_holds(text, n) for text in _texts(topic))]
        return {name: self._value(name) for name in names}

    def _value(self, name: str) -> str:
        if not self.values.get(name):
            self.values[name] = self.shuffled(NEEDLE_SLOTS[name])
        return self.values[name].pop()

    def line(self, line: str, given: dict[str, str]) -> str:
        """Return what is said or written, with its slots filled."""
        upper = {name.upper(): value.upper() for name, value in given.items()}
        return filled(self.rng, line, {**given, **upper})

    def name(self, about: str, given: dict[str, str]) -> str:
        """Return how questions name a topic."""
        return about.format(**given)

    def asks(self, topic: Topic, family: Family) -> tuple[str, ...]:
        """Return the wordings of a family."""
        return topic.asks if family == "train" else topic.held

    def about(self, text: str, thing: Thing) -> str:
        """Return a wording about a thing."""
        return text.format(thing=thing.name, came=thing.came, came_past=PAST[thing.came])

    def shuffled(self, items: Iterable[T]) -> list[T]:
        """Return the items in an order of this stream's own."""
        found = list(items)
        self.rng.shuffle(found)
        return found


def _texts(topic: Topic) -> list[str]:
    return [topic.line, topic.about, *topic.accept, *topic.asks, *topic.held]


def _holds(text: str, slot: str) -> bool:
    return f"{{{slot}}}" in text or f"{{{slot.upper()}}}" in text


def own_slots(topic: Topic) -> set[str]:
    """Return the slots that are asked for: the question does not name them."""
    return {n for n in NEEDLE_SLOTS if any(_holds(a, n) for a in topic.accept)}
