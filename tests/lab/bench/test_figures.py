from pathlib import Path

import pytest

from omnilive_lab.bench.base import Clip, Item, Reply, Row, Score
from omnilive_lab.bench.figures import (
    accuracies,
    accuracy,
    chance,
    guess_interval,
    mean,
    values,
    wilson,
)


def row(task: str, official: float | None, strict: float | None = None, **more) -> Row:
    item = Item(
        id="i", clip=Clip(path=Path("v")), question="?", task=task, labels=more.pop("labels", ())
    )
    return Row(item, Reply(), Score(official=official, strict=strict, **more))


def test_only_what_was_scored_counts() -> None:
    rows = [
        row("a", 1.0, 0.0), row("a", 0.0), row("a", None, status="skipped"),
        row("b", None, status="failed"), row("b", 1.0, 1.0), row("a", 1.0, 1.0),
    ]  # fmt: skip
    assert values(rows, "official") == [1, 0, 1, 1] and values(rows, "strict") == [0, 1, 1]
    assert accuracy(rows, "official") == 75.0  # micro: 3 of 4
    assert accuracies(rows, lambda i: i.task, "official") == {
        "a": pytest.approx(200 / 3), "b": 100.0,
    }  # fmt: skip
    assert mean([None, None]) is None and accuracy([], "strict") is None


def test_the_wilson_interval_is_that_of_the_book() -> None:
    # 15 of 20 at 95 %: Newcombe (1998) tables give 0.5313 to 0.8881.
    low, high = wilson(15, 20)
    assert (round(low, 4), round(high, 4)) == (0.5313, 0.8881)
    assert wilson(0, 5)[0] == 0.0 and round(wilson(0, 5)[1], 4) == 0.4345
    assert wilson(5, 5)[1] == 1.0


def test_guesses_among_unlike_numbers_of_options() -> None:
    rows = [
        row("a", 1.0, labels=("A", "B")),
        row("a", 0.0, labels=("A", "B", "C", "D")),
        row("b", 1.0),
    ]
    shares = chance(r.item for r in rows)
    assert shares == [0.5, 0.25]
    # mean .375; variance (.25 + .1875) / 4, so the deviation is .33072.
    expected, low, high = guess_interval(shares, z=1.0)
    assert expected == 0.375
    assert low == pytest.approx(0.375 - 0.330719, abs=1e-6)
    assert high == pytest.approx(0.375 + 0.330719, abs=1e-6)
