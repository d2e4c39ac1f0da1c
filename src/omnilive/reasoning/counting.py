"""Counts and measures: how many, how often, how long. Computed from facts, merged ones too."""

from collections.abc import Sequence
from dataclasses import dataclass

from omnilive.memory.base import Fact
from omnilive.reasoning.finding import Finding
from omnilive.reasoning.lexicon import plural, spell
from omnilive.reasoning.match import Matcher, count_at
from omnilive.reasoning.question import Question, Target
from omnilive.reasoning.tallies import Seen


@dataclass(frozen=True, slots=True)
class Counter:
    """One question about a number against one view of the memory."""

    question: Question
    match: Matcher
    limit: int

    def how_many(self) -> Finding | None:
        """Return how many there are, were, or were at once."""
        q = self.question
        for target in q.targets:
            seen = self.match.seen(target) or self.match.seen_named(target, "sound", "text")
            facts = list(seen.facts)
            if not seen.count and not target.labels:
                continue
            if q.fewest:
                return self._fewest(target, facts)
            if not q.how_often and (anchor := self.match.anchor(q, target)) is not None:
                return self._most(target, facts, (anchor.start_s, anchor.end_s))
            if q.together:
                return self._most(target, facts)
            if q.now:
                here = self.match.here(facts)
                return self._told(target, len(here), here or facts[-1:], "now", "现在")
            return self._all(target, seen)
        return None

    def _all(self, target: Target, seen: Seen) -> Finding:
        until = f"up to {self.match.tell.clock(self.match.view.t)}"
        until, zh = (f"{self.question.time_words}", "") if self.question.time_words else (
            until, "到目前为止"
        )  # fmt: skip
        evidence = [*seen.coarse, *seen.facts[-self.limit :]][-self.limit :]
        if seen.maybe:
            until += f", and perhaps {seen.maybe} more: what is that old is kept in less detail"
        return self._told(target, seen.count, evidence, until, zh, at_least=bool(seen.maybe))

    def _told(
        self, target: Target, count: int, facts: Sequence[Fact], when: str, zh: str,
        *, at_least: bool = False,
    ) -> Finding:  # fmt: skip
        evidence = tuple(facts[-self.limit :])
        if self.question.chinese:
            least = "至少" if at_least else ""
            text = f"{zh}{least}有 {count} 个{target.phrase}。"
            return Finding(text=text, evidence=evidence, count=count)
        number = spell(count)
        digits = f" ({count})" if number != str(count) else ""
        if self.question.how_often:
            noun = "time" if count == 1 else "times"
        else:
            noun = plural(target.labels[0] if target.labels else target.phrase, count)
        least = "at least " if at_least else ""
        text = f"{least}{number}{digits} {noun}, {when}."
        text = f"{text[0].upper()}{text[1:]}"
        watched = self.match.coverage(self.limit)
        # That something known was not there at a time that was watched, is an answer too.
        is_none = bool(self.question.time_words and target.labels and watched)
        return Finding(
            text=text, evidence=evidence or watched, supported=bool(evidence) or is_none,
            count=count,
        )  # fmt: skip

    def _fewest(self, target: Target, facts: list[Fact]) -> Finding:
        view = self.match.view
        begin = min((f.start_s for f in facts), default=0.0) + 2.0
        times = [f.start_s for f in facts] + [f.end_s + 0.1 for f in facts if not f.open]
        counts = counts_at(facts, [t for t in times if begin <= t <= view.t])
        low_t = min(counts, key=lambda t: counts[t], default=view.t)
        low, here = counts.get(low_t, len(facts)), count_at(facts, view.t)
        name = plural(target.labels[0] if target.labels else target.phrase, 2)
        text = (
            f"The smallest number of {name} was {spell(low)} ({low}), at "
            f"{self.match.tell.clock(low_t)}; now {spell(here)} ({here})."
        )
        return Finding(text=text, evidence=tuple(facts[: self.limit]))

    def _most(
        self, target: Target, facts: list[Fact], within: tuple[float, float] | None = None
    ) -> Finding:
        """Return the most that were there at one time, anywhere or within a span."""
        times = [f.start_s for f in facts]
        if within is not None:
            times = [within[0], *(t for t in times if within[0] <= t <= within[1])]
        counts = counts_at(facts, times)
        peak_t = max(times, key=lambda t: counts[t], default=0.0)
        together = [f for f in facts if count_at([f], peak_t)]
        when = f"at the same time (at {self.match.tell.clock(peak_t)})"
        # A tally may know of more at once than the times that it still has.
        most = max((f for f in facts if within is None), key=_peak, default=None)
        if most is not None and _peak(most) > len(together):
            tell = self.match.tell
            when = f"at the same time (some time {tell.span(most.start_s, most.end_s)})"
            return self._told(target, _peak(most), [most], when, "同时最多")
        return self._told(target, len(together), together, when, "同时最多")

    def how_long(self) -> Finding | None:
        """Return how long something was there: one time, or all together."""
        q, tell = self.question, self.match.tell
        for target in q.targets:
            seen = self.match.occurrences(q, target)
            fact = pick(seen.facts, q.ordinal)
            if fact is None:
                continue
            if q.total and seen.count > 1:
                total = sum(f.end_s - f.start_s for f in seen.facts) + seen.rest_s
                text = f"{tell.length(total)} in {seen.count} stretches."
                return Finding(text=text, evidence=seen.facts[: self.limit])
            more = " so far" if fact.open else ""
            when = tell.span(fact.start_s, fact.end_s)
            text = f"{tell.length(fact.end_s - fact.start_s)}{more}, {when}."
            return Finding(text=text, evidence=(fact,))
        return None


def pick(facts: Sequence[Fact], ordinal: int | None) -> Fact | None:
    """Return the n-th of the facts (the first by default), None when there are fewer."""
    index = ordinal or 0
    return facts[index] if -len(facts) <= index < len(facts) else None


def counts_at(facts: Sequence[Fact], times: Sequence[float]) -> dict[float, int]:
    """Return how many of the facts are there at each of the times; one sweep for all."""
    changes = [(fact.start_s, 0, 1) for fact in facts]
    changes += [(fact.end_s, 2, -1) for fact in facts if not fact.open]
    changes += [(t, 1, 0) for t in times]
    counts: dict[float, int] = {}
    here = 0
    for t, _, change in sorted(changes):
        here += change
        if not change:
            counts[t] = here
    return counts


def _peak(fact: Fact) -> int:
    return int(fact.data.get("peak") or 1)
