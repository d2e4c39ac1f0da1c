"""What the two speech benchmarks share: an item a recording, and rates over all tokens of a set."""

from collections.abc import Callable, Sequence
from pathlib import Path

from omnilive_lab.bench.base import Clip, Item, Reply, Row, Score
from omnilive_lab.bench.figures import Which, percent, split
from omnilive_lab.metrics.words import Errors

Tokens = Callable[[str], Sequence[str]]
PREFIX = {"official": "", "strict": "strict_"}


def recording(id: str, path: Path, words: str, column: str) -> Item:
    """Return the item of a recording; `column` is where it counts in the published table."""
    clip = Clip(path=path)
    return Item(id=id, clip=clip, question="", answer=words, task=column, transcribe=True)


def error_score(item: Item, reply: Reply, official: Tokens, strict: Tokens) -> Score:
    """Count errors and reference tokens twice; the scores are this recording's own rates."""
    first = Errors.of(official(reply.text), official(item.answer))
    second = Errors.of(strict(reply.text), strict(item.answer))
    return Score(
        official=first.rate,
        strict=second.rate,
        parts={
            "errors": first.errors, "length": first.length,
            "strict_errors": second.errors, "strict_length": second.length,
        },
    )  # fmt: skip


def error_rates(rows: Sequence[Row], which: Which) -> dict[str, float | None]:
    """Return per cent of errors for each column and over all: sums divided once."""
    rates = {column: _rate(part, which) for column, part in split(rows, _column).items()}
    return rates | {"All": _rate(rows, which)}


def counts(rows: Sequence[Row]) -> dict[str, int]:
    """Return how many recordings are behind each column."""
    found = {column: len(part) for column, part in split(rows, _column).items()}
    return {**found, "All": len(rows)}


def _column(item: Item) -> str:
    return item.task


def _rate(rows: Sequence[Row], which: Which) -> float | None:
    prefix = PREFIX[which]
    scored = [row.score.parts for row in rows if row.score.status == "scored"]
    parts = [
        Errors(int(part[f"{prefix}errors"] or 0), int(part[f"{prefix}length"] or 0))
        for part in scored
    ]
    return percent(Errors.total(parts).rate)
