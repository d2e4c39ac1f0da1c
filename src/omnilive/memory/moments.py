"""Cuts the past into moments of 3 to 16 s and says in one line what each held. Pure logic."""

from dataclasses import dataclass, field

from pydantic import Field

from omnilive.core.config import Config
from omnilive.memory.base import Fact


class MomentConfig(Config):
    """How long a moment is."""

    min_s: float = Field(default=3.0, gt=0)
    """A scene change does not end a moment shorter than this."""

    max_s: float = Field(default=16.0, gt=0)
    """A moment is cut at this length in any case."""


@dataclass(slots=True)
class MomentCutter:
    """Feed scene cuts and the time up to which all is known; yields the spans that are over."""

    config: MomentConfig
    start_s: float
    cuts: list[float] = field(default_factory=list)

    def cut(self, t: float) -> None:
        """Note a scene change at `t`."""
        self.cuts.append(t)

    def until(self, t: float, *, last: bool = False) -> list[tuple[float, float]]:
        """Return the (start_s, end_s) of moments that are over by `t`; with `last`, all."""
        spans: list[tuple[float, float]] = []
        while (end_s := self._next_end()) <= t:
            spans.append((self.start_s, end_s))
            self.start_s = end_s
            self.cuts = [cut for cut in self.cuts if cut > end_s]
        if last and t - self.start_s > 0.2:
            spans.append((self.start_s, t))
            self.start_s = t
        return spans

    def skip(self, t: float) -> None:
        """Go on at `t`: nothing was received before it."""
        self.start_s, self.cuts = max(t, self.start_s), []

    def _next_end(self) -> float:
        first = self.start_s + self.config.min_s
        latest = self.start_s + self.config.max_s
        return min([cut for cut in self.cuts if first <= cut <= latest], default=latest)


def belongs(fact: Fact, start_s: float, end_s: float) -> bool:
    """Tell whether a fact belongs to a moment: speech where it begins, the rest where it lasts."""
    if fact.kind == "speech" or fact.start_s == fact.end_s:
        return start_s <= fact.start_s < end_s
    return min(fact.end_s, end_s) - max(fact.start_s, start_s) > 0.1


_ORDER = {"speech": 0, "text": 1, "object": 2, "sound": 3, "caption": 4, "scene": 5}


def describe(facts: list[Fact]) -> str:
    """Return one line on what was noticed, most telling first, nothing twice."""
    parts: dict[str, None] = {}
    for fact in sorted(facts, key=lambda f: (_ORDER.get(f.kind, 9), f.start_s)):
        parts[_phrase(fact)] = None
    return "; ".join(part for part in parts if part)


def _phrase(fact: Fact) -> str:
    if not fact.text:
        return ""
    if fact.kind == "speech":
        return f"said: {fact.text}"
    if fact.kind == "text":
        return f"text: {fact.text}"
    if fact.kind == "sound":
        return "" if fact.text == "speech" else f"sound: {fact.text}"
    return fact.text
