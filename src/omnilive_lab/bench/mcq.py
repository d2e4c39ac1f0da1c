"""What the loaders share: lettered options, right answers, media, ids, scores.

Nothing here belongs to one benchmark; prompts and official readings are in their own files.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import Item, Reply, Score
from omnilive_lab.bench.letters import read_letter
from omnilive_lab.bench.reading import Record


def without_letters(options: Sequence[str]) -> tuple[str, ...]:
    """Return the options without the "A. " that some files write before them.

    Only where each option has its own letter: "A. M. Turing" in a list of names stays.
    """
    marked = [re.match(rf"\(?{chr(65 + i)}[.):]\s*", o) for i, o in enumerate(options)]
    if not all(marked):
        return tuple(options)
    return tuple(o[m.end() :] for o, m in zip(options, marked, strict=True) if m)


def with_letters(options: Sequence[str], form: str = "{}. {}") -> list[str]:
    """Return the options, each with its letter before it."""
    return [form.format(chr(65 + i), option) for i, option in enumerate(options)]


def answer_letter(record: Record, name: str, count: int) -> str:
    """Return the right letter of a field; ConfigError if it is none of the first `count`."""
    letter = record.text(name).strip()
    if len(letter) != 1 or not "A" <= letter < chr(65 + count):
        record.refuse(name, letter, f"one of the letters A to {chr(64 + count)}")
    return letter


def answer_index(record: Record, options: Sequence[str]) -> int:
    """Return which option equals the field "answer".

    The last one where several do, as the loops of MVBench's and MLVU's scripts have it.
    """
    answer = record.text("answer")
    hits = [i for i, option in enumerate(options) if option == answer]
    if not hits:
        record.refuse("answer", answer, f"one of the candidates {list(options)}")
    return hits[-1]


def media(*places: Path) -> Path:
    """Return the first place that exists, else the first one.

    What is missing fails its own items, by id and path, when they are asked (run.py): a film that
    was taken off the net must not cost the other 899.
    """
    return next((place for place in places if place.exists()), places[0])


class Ids:
    """Refuses an id that was there before: resuming and reports go by it."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def new(self, record: Record, field: str, value: str) -> str:
        """Return `value`; ConfigError names both entries when it is not new."""
        if value in self._seen:
            raise ConfigError(
                f"{record.at}: field {field!r}: {value!r} is there twice, first at"
                f" {self._seen[value]}; remove one of the entries"
            )
        self._seen[value] = record.at
        return value


def choice_score(item: Item, reply: Reply, official: float | None) -> Score:
    """Return the official score, and beside it whether the strict reading is right."""
    chosen = read_letter(reply.text, item.choices)
    same = item.meta.get("same", [])  # further letters whose option has the right words
    return Score(official=official, strict=float(chosen == item.answer or chosen in same))
