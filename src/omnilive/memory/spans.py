"""Arithmetic of spans on the session clock, and what is left of things when a span is forgotten."""

from collections.abc import Iterable
from typing import NamedTuple

SHORTEST_S = 0.05  # what would be shorter than this is not kept
_WHOLE = ("speech", "caption")  # kinds that say one thing, which cannot be cut


class Span(NamedTuple):
    """From when to when, in seconds."""

    start_s: float
    end_s: float

    def holds(self, t: float) -> bool:
        """Tell whether a moment in time lies within."""
        return self.start_s <= t <= self.end_s


def is_whole(kind: str) -> bool:
    """Tell whether a fact of this kind goes entirely when a part of it is forgotten."""
    return kind in _WHOLE


def overlaps(a: Span, b: Span) -> bool:
    """Tell whether two spans have something in common; that they touch is not enough."""
    if a.start_s == a.end_s:
        return b.holds(a.start_s)
    return a.start_s < b.end_s and a.end_s > b.start_s


def rest(a: Span, b: Span) -> list[Span]:
    """Return what is left of `a` without `b`: at most two spans."""
    if not overlaps(a, b):
        return [a]
    parts = (Span(a.start_s, min(a.end_s, b.start_s)), Span(max(a.start_s, b.end_s), a.end_s))
    return [part for part in parts if part.end_s - part.start_s >= SHORTEST_S]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, those that touch as one."""
    whole: list[Span] = []
    for span in sorted(spans):
        if whole and span.start_s <= whole[-1].end_s:
            whole[-1] = Span(whole[-1].start_s, max(whole[-1].end_s, span.end_s))
        else:
            whole.append(span)
    return whole


def left_of(span: Span, gone: Iterable[Span]) -> list[Span]:
    """Return what is left of a span without all those that are gone."""
    parts = [span]
    for one in gone:
        parts = [piece for part in parts for piece in rest(part, one)]
    return parts
