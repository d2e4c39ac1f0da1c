"""Takes tallies apart again: facts that stand for several occurrences since they were merged.

A tally knows how many there were, and the exact times of some of them (merging.py); of the others
only that they were between the first and the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from omnilive.memory.base import Fact
from omnilive.memory.consolidation.merging import exact_spans, occurrences, total_s
from omnilive.memory.spans import Span


@dataclass(frozen=True, slots=True)
class Seen:
    """Occurrences of something: those whose times are known, by start, and how many more.

    `more` were certainly meant as well, `maybe` lie in a stretch that only partly is; `coarse`
    are the tallies that these are counted in. `rest_s` is how long they lasted together.
    """

    facts: tuple[Fact, ...]
    more: int = 0
    maybe: int = 0
    rest_s: float = 0.0
    coarse: tuple[Fact, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.facts or self.more or self.maybe)

    @property
    def count(self) -> int:
        """How many there were at least."""
        return len(self.facts) + self.more


def seen(facts: Sequence[Fact], within: Sequence[Span] | None = None) -> Seen:
    """Return the occurrences that facts stand for, of those spans only."""
    known: list[Fact] = []
    coarse: list[Fact] = []
    more = maybe = 0
    rest_s = 0.0
    for fact in facts:
        times = exact_spans(fact)
        if occurrences(fact) == 1:
            if within is None or _touches(Span(fact.start_s, fact.end_s), within):
                known.append(fact)
            continue
        for start_s, end_s in times:
            if within is None or _touches(Span(start_s, end_s), within):
                known.append(replace(fact, start_s=start_s, end_s=end_s))
        if (hidden := occurrences(fact) - len(times)) > 0:
            coarse.append(fact)
            if within is None or _is_inside(fact, within):
                more += hidden
                rest_s += max(0.0, total_s(fact) - sum(end_s - start_s for start_s, end_s in times))
            else:
                maybe += hidden
    known.sort(key=lambda fact: (fact.start_s, fact.id))
    return Seen(tuple(known), more, maybe, rest_s, tuple(coarse))


def _touches(span: Span, within: Sequence[Span]) -> bool:
    return any(span.start_s <= other.end_s and span.end_s >= other.start_s for other in within)


def _is_inside(fact: Fact, within: Sequence[Span]) -> bool:
    return any(other.start_s <= fact.start_s and fact.end_s <= other.end_s for other in within)
