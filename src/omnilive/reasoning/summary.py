"""Tells what happened in a stretch of time, when the question names nothing else."""

from collections import Counter

from omnilive.memory.base import Fact
from omnilive.memory.consolidation.merging import label_of, occurrences
from omnilive.memory.query import FactQuery
from omnilive.reasoning.finding import Finding
from omnilive.reasoning.lexicon import plural
from omnilive.reasoning.match import Matcher
from omnilive.reasoning.question import Question

LOOKED = 2000  # facts that are looked through, the newest
NAMED = 6  # sorts of things that are named
QUOTED = 2  # utterances that are quoted


def happened(question: Question, match: Matcher, limit: int) -> Finding | None:
    """Return what there was in the time that the question means; None when nothing is known."""
    facts = match.view.find(FactQuery(limit=LOOKED, newest=True))
    if not facts:
        return None
    things: Counter[str] = Counter()
    for fact in facts:
        if fact.kind in ("object", "sound") and (name := label_of(fact)):
            things[name] += occurrences(fact)
    said = [fact for fact in facts if fact.kind in ("speech", "caption") and fact.text]
    shown = [fact for fact in facts if fact.kind == "text"]
    told = _telling(said, QUOTED) + _telling(shown, 1)
    if not things and not told:
        return None
    named = things.most_common(NAMED)
    when = match.tell.span(facts[0].start_s, max(fact.end_s for fact in facts))
    if question.chinese:
        names = "、".join(f"{name}({n})" for name, n in named)
        quotes = "".join(f"“{fact.text}”" for fact in told)
        text = f"{when}:{names}。{len(said)} 句话。{quotes}"
    else:
        names = ", ".join(f"{n} {plural(name, n)}" for name, n in named)
        parts = [names, f"{len(said)} things said" if said else ""]
        quotes = "; ".join(f"“{fact.text}”" for fact in told)
        text = f"{when}: {'; '.join(part for part in parts if part)}"
        text += f", such as {quotes}." if quotes else "."
    first = [fact for fact in facts if label_of(fact) in dict(named)]
    evidence = tuple({fact.id: fact for fact in [*told, *first]}.values())
    return Finding(text=text, evidence=evidence[:limit])


def _telling(facts: list[Fact], count: int) -> list[Fact]:
    """Return the longest, in order: they say most."""
    longest = sorted(facts, key=lambda fact: -len(fact.text))[:count]
    return sorted(longest, key=lambda fact: fact.start_s)
