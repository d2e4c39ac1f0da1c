"""Things that are there for a while without a place to follow: lines of text, picture tags."""

from dataclasses import dataclass, field
from difflib import SequenceMatcher


@dataclass(slots=True)
class Span:
    """One text seen over a while. Times are seconds on the session clock."""

    number: int
    text: str
    score: float
    first_t: float
    last_t: float
    hits: int = 1
    misses: int = 0
    shown: bool = False


@dataclass(slots=True)
class SpanState:
    """The spans that are open now."""

    spans: list[Span] = field(default_factory=list)
    number: int = 0


class SpanFollower:
    """Feed what one look found; says what began and what ended.

    A text counts as begun after `confirm` looks (at once when its score is `sure`), and as
    ended after `patience` looks without it. Texts that differ by a letter or two are one.
    """

    def __init__(self, confirm: int, patience: int, sure: float, likeness: float) -> None:
        self.confirm, self.patience, self.sure, self.likeness = confirm, patience, sure, likeness

    def init_state(self) -> SpanState:
        """Return the state of a stream that has not begun."""
        return SpanState()

    def step(
        self, t: float, found: list[tuple[str, float]], state: SpanState, is_cut: bool = False
    ) -> tuple[list[Span], list[Span]]:
        """Return (began, ended). `found` holds (text, score) pairs.

        At a scene cut, what is not found again has ended at once, and lasted until now.
        """
        rest = list(found)
        for span in state.spans:
            match = max(rest, key=lambda item: alike(span.text, item[0]), default=None)
            if match is not None and alike(span.text, match[0]) >= self.likeness:
                rest.remove(match)
                self._see(span, t, *match)
            elif is_cut:
                span.last_t = t if not span.misses else span.last_t
                span.misses = self.patience
            else:
                span.misses += 1
        for text, score in rest:
            state.spans.append(Span(state.number, text, score, t, t))
            state.number += 1
        return self._begun(state), self._ended(state)

    def end(self, state: SpanState) -> list[Span]:
        """End all spans; return those that had begun."""
        ended = [span for span in state.spans if span.shown]
        state.spans = []
        return ended

    def _see(self, span: Span, t: float, text: str, score: float) -> None:
        span.last_t, span.misses = t, 0
        span.hits += 1
        if score > span.score:
            span.text, span.score = text, score

    def _begun(self, state: SpanState) -> list[Span]:
        began = [
            span
            for span in state.spans
            if not span.shown and (span.hits >= self.confirm or span.score >= self.sure)
        ]
        for span in began:
            span.shown = True
        return began

    def _ended(self, state: SpanState) -> list[Span]:
        over = [span for span in state.spans if span.misses >= self.patience]
        state.spans = [span for span in state.spans if span.misses < self.patience]
        return [span for span in over if span.shown]


def alike(a: str, b: str) -> float:
    """Return how alike two texts are, 0 to 1, whatever their case and spaces."""
    a, b = "".join(a.lower().split()), "".join(b.lower().split())
    return 1.0 if a == b else SequenceMatcher(None, a, b).ratio()
