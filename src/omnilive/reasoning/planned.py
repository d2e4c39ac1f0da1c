"""Carries out the plan of a question: which part of the memory is looked at, and in which order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from omnilive.memory.base import Fact
from omnilive.memory.plan import Plan, before_or_after, plan, widened
from omnilive.memory.recall import Hit, View, reads, recall
from omnilive.memory.search.embed import Embedder
from omnilive.memory.spans import Span
from omnilive.memory.wall import WallClock
from omnilive.reasoning.finding import Finding, Telling
from omnilive.reasoning.match import MANY, Matcher, in_order
from omnilive.reasoning.present import gaze
from omnilive.reasoning.question import Question, parse
from omnilive.reasoning.scene import Scene
from omnilive.reasoning.sureness import is_shown
from omnilive.reasoning.tallies import seen

SHOWN = 5  # times of one thing that a search shows


@dataclass(frozen=True, slots=True)
class Planned:
    """A question on its way: `match` sees only the time that is meant, `everywhere` all of it."""

    plan: Plan
    question: Question
    match: Matcher
    everywhere: Matcher

    @property
    def query(self) -> str:
        """What is searched for: the question, and what things in it are called in English."""
        names = [label for target in self.question.targets for label in target.labels[:1]]
        return " ".join([self.question.text, *names]) if self.question.chinese else (
            self.question.text
        )  # fmt: skip

    def hits(self, limit: int) -> list[Hit]:
        """Return what bears on the question, best first; of several times, the one meant first.

        What points at the present picture ("what is this?") is answered from it.
        """
        nth = self.question.nth
        match = self.match
        if look := gaze(self.question.text):
            shown = Scene(self.question, match, limit).looked(look).evidence
            return [Hit(fact, 1.0, 1.0, 0.0, 1.0) for fact in shown[:limit]]
        found = recall(match.view, match.embedder, self.query, limit=MANY if nth is not None else
                       limit)  # fmt: skip
        knows = match.embedder is not None and reads(match.embedder, self.query)
        found = [hit for hit in found if is_shown(hit, knows_meaning=knows)]
        found = [
            replace(hit, fact=fact) for hit in found for fact in _times(hit.fact, match.view.within)
        ]
        return in_order(found, nth)[:limit]

    def answered(self, answer: Callable[[Question, Matcher], Finding]) -> Finding:
        """Return the answer from the time that is meant; else from another time, and say so."""
        finding = answer(self.question, self.match)
        if finding.supported or not self.plan.is_limited:
            return finding
        wide = _within(self.match, widened(self.plan).within)
        if self.plan.within is not None and not self.plan.anchor:
            wider = answer(self.question, wide)
            if wider.supported:
                return wider
        plain = replace(self.question, time_words="", nth=None)
        other = answer(plain, self.everywhere)
        if not other.supported:
            return finding
        note = "那时没有这方面的记录。" if self.question.chinese else (
            f"I have no record of that {self.plan.words or 'then'}. "
        )  # fmt: skip
        return replace(other, text=note + other.text)


def _times(fact: Fact, within: tuple[Span, ...] | None) -> Sequence[Fact]:
    """Return a fact that stands for several once for each time that is known, a few at most."""
    if fact.kind == "moment" or "merged" not in fact.data:
        return (fact,)
    return seen([fact], within).facts[:SHOWN] or (fact,)


def planned(
    view: View, text: str, clock: WallClock, now_s: float, vocabulary: tuple[str, ...],
    embedder: Embedder | None, min_similarity: float,
) -> Planned:  # fmt: skip
    """Make the plan of a question and look up what it needs for that."""
    made = plan(text, clock, view.t, now_s)
    whole = parse(text, vocabulary)
    tell = Telling(clock, view.t, now_s, whole.chinese)
    everywhere = Matcher(view, embedder, min_similarity, tell)
    if made.anchor:
        side = _beside(made, everywhere, vocabulary)
        if side is None:  # nothing of the kind happened: the words may mean something else
            made = replace(plan_without_anchor(made, text), anchor="", relation="")
        else:
            made = replace(made, within=_both(made.within, side))
    question = parse(made.text, vocabulary) if made.text != text else whole
    nth = made.order
    if made.anchor and nth is None:
        nth = {"before": -1, "after": 0}.get(made.relation)
    question = replace(
        question, chinese=whole.chinese, time_words=made.words, nth=nth,
        ordinal=question.ordinal if made.order is None else made.order,
    )  # fmt: skip
    return Planned(made, question, _within(everywhere, made.within), everywhere)


def plan_without_anchor(made: Plan, text: str) -> Plan:
    """Return the plan for the question as it was asked."""
    return replace(made, text=text)


def _within(match: Matcher, spans: tuple[Span, ...] | None) -> Matcher:
    return replace(match, view=replace(match.view, within=spans)) if spans is not None else match


def _beside(made: Plan, match: Matcher, vocabulary: tuple[str, ...]) -> Span | None:
    """Return where to look, seen from what the question names as before or after it."""
    named = parse(made.anchor, vocabulary)
    view = _within(match, made.within) if made.within is not None else match
    for target in named.targets:
        found = seen(view.sightings(named, target) or view.named(target)).facts
        if found:
            anchor = found[-1]
            return before_or_after(made.relation, Span(anchor.start_s, anchor.end_s), match.view.t)
    return None


def _both(spans: tuple[Span, ...] | None, side: Span) -> tuple[Span, ...]:
    if spans is None:
        return (side,)
    shared = [Span(max(a, side.start_s), min(b, side.end_s)) for a, b in spans]
    return tuple(span for span in shared if span.start_s < span.end_s) or (side,)
