"""What the tests of benchmarks share: a runner of a few lines, scripted replies, a fake judge."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from omnilive_lab.bench.base import (
    Benchmark,
    Item,
    Judge,
    Mark,
    Prompt,
    Reply,
    Row,
    Score,
    Setup,
    Turn,
    Verdict,
)

Answerer = Callable[[Item, Prompt], Reply]


def run(
    benchmark: Benchmark,
    items: Sequence[Item],
    answer: Answerer,
    judge: Judge | None = None,
    setup: Setup | None = None,
) -> list[Row]:
    """Ask and score every item, in order, each after the earlier ones of its group."""
    rows: list[Row] = []
    for item in items:
        before = [Turn(r.item, r.reply) for r in rows if item.group and r.item.group == item.group]
        reply = ask(benchmark, item, before, answer, setup or Setup())
        rows.append(Row(item, reply, benchmark.score(item, reply, before, judge)))
    return rows


def ask(
    benchmark: Benchmark, item: Item, before: Sequence[Turn], answer: Answerer, setup: Setup
) -> Reply:
    if setup.mode == "online":
        return answer(item, benchmark.prompt(item, before, setup))
    dialogue = benchmark.dialogue(item, before, setup)
    prompt = next(dialogue)
    while True:
        try:
            prompt = dialogue.send(answer(item, prompt))
        except StopIteration as stop:
            return stop.value


def saying(text: str) -> Answerer:
    return lambda item, prompt: Reply(text=text)


def right(item: Item, prompt: Prompt) -> Reply:
    return Reply(text=item.answer)


def rows_of(scores: Sequence[tuple[Item, float | None, float | None]]) -> list[Row]:
    """Rows with given (official, strict) scores, for the arithmetic of summaries."""
    return [
        Row(item, Reply(), Score(official=official, strict=strict))
        for item, official, strict in scores
    ]


class FakeJudge:
    """Says what it is told, and reads marks from it as a real judge would."""

    name = "fake"

    def __init__(self, *said: str) -> None:
        self.said, self.asked = list(said), []

    def grade(self, text: str, marks: Sequence[Mark], system: str = "") -> Verdict:
        import re

        self.asked.append(text)
        said = self.said[min(len(self.asked), len(self.said)) - 1]
        found: dict[str, float] = {}
        for mark in marks:
            match = re.search(mark.pattern, said, re.S)
            if match and mark.lowest <= float(match[1]) <= mark.highest:
                found[mark.name] = float(match[1])
        return Verdict(found if len(found) == len(marks) else None, said)


def write_json(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def touch(path: Path) -> Path:
    """A media file that only has to be there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def without(entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != name}
