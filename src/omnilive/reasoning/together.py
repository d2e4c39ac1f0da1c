"""Makes one answer of what several sessions answered. Pure logic."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from omnilive.core.events import Evidence
from omnilive.reasoning.finding import Finding
from omnilive.reasoning.lexicon import spell
from omnilive.reasoning.question import Question

OTHERS = 2  # sessions beside the best whose answers are told as well


@dataclass(frozen=True, slots=True)
class Part:
    """What one session answered; `wall_s` is the Unix time of its first evidence."""

    session: str
    question: Question
    finding: Finding
    evidence: tuple[Evidence, ...]
    wall_s: float
    strength: float


@dataclass(frozen=True, slots=True)
class Whole:
    """The answer of all sessions together."""

    text: str
    evidence: tuple[Evidence, ...]
    supported: bool
    session: str  # that answers best


def together(parts: Sequence[Part], limit: int) -> Whole:
    """Return one answer: counts are summed, times compared, else the surest comes first."""
    good = [part for part in parts if part.finding.supported and part.evidence]
    if not good:
        first = parts[0]
        asked = ", ".join(part.session for part in parts)
        evidence = _named(first)[:limit]
        return Whole(f"{first.finding.text} ({asked})", evidence, False, first.session)
    question = good[0].question
    counts = [part.finding.count for part in good]
    if question.intent == "how_many" and len(good) > 1 and None not in counts:
        return _summed(good, [count for count in counts if count is not None], limit)
    good = _in_order(good, question)
    told = [good[0]]
    if question.intent not in ("order", "colour"):
        told += [p for p in good[1:] if _is_as_good(p, good[0], question)][:OTHERS]
    evidence = tuple(item for part in told for item in _named(part))
    texts = [f"{part.session}: {part.finding.text}" for part in told]
    return Whole(" ".join(texts), evidence[:limit], True, told[0].session)


def _summed(parts: Sequence[Part], counts: Sequence[int], limit: int) -> Whole:
    total = sum(counts)
    each = ", ".join(f"{part.session} {n}" for part, n in zip(parts, counts, strict=True))
    number = spell(total)
    digits = f" ({total})" if number != str(total) else ""
    evidence = tuple(item for part in parts for item in _named(part))
    text = f"{number.capitalize()}{digits} in all: {each}."
    return Whole(text, evidence[:limit], True, parts[counts.index(max(counts))].session)


def _in_order(parts: list[Part], question: Question) -> list[Part]:
    """Put the session first that answers best: by time where the question is about that."""
    best = max(part.strength for part in parts)
    sure = [part for part in parts if part.strength >= 0.6 * best]
    rest = [part for part in parts if part not in sure]
    is_first = question.ordinal == 0 or question.intent == "order" or (
        question.intent == "when" and question.ordinal is None
    )  # fmt: skip
    if is_first:
        return sorted(sure, key=lambda part: part.wall_s) + rest
    if question.ordinal is not None or question.asks_where or question.now:
        return sorted(sure, key=lambda part: -part.wall_s) + rest
    return sorted(parts, key=lambda part: (-round(part.strength, 1), -part.wall_s))


def _is_as_good(part: Part, best: Part, question: Question) -> bool:
    if question.ordinal is not None:
        return False  # one time was asked for
    return part.strength >= 0.8 * best.strength


def _named(part: Part) -> tuple[Evidence, ...]:
    return tuple(replace(item, session=part.session) for item in part.evidence)
