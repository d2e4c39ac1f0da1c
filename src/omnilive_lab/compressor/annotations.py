"""Ordinary annotations of a video as training data: each text is a question for its own span.

A file has rows of start, end (seconds) and text: CSV with a line of names, or JSON, a list of
such objects. What was annotated is what the clips are made of, unless features of the pictures
are used; then a compressor learns to find a clip by words from other clips' words and its own.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from omnilive.core.errors import ConfigError
from omnilive.memory.base import Fact
from omnilive.memory.compressor.base import Clip
from omnilive.memory.moments import MomentConfig, MomentCutter, belongs
from omnilive_lab.compressor.reels import Ask

NAMES = ("start", "end", "text")


def read_annotations(path: Path) -> list[Fact]:
    """Return the rows of a file as captions, by time. ConfigError names the row that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as text: {error}") from error
    rows = (
        _json(path, text) if path.suffix.lower() == ".json" else csv.DictReader(text.splitlines())
    )
    facts = [_fact(path, number, row) for number, row in enumerate(rows, 1)]
    if not facts:
        raise ConfigError(f"{path} holds no rows of {', '.join(NAMES)}")
    return sorted(facts, key=lambda fact: fact.start_s)


def annotated_clips(facts: Sequence[Fact], config: MomentConfig) -> list[Clip]:
    """Return moments with the captions in them; nothing says where scenes change."""
    end_s = max(fact.end_s for fact in facts)
    spans = MomentCutter(config, facts[0].start_s).until(end_s, last=True)
    held = [(span, [fact for fact in facts if belongs(fact, *span)]) for span in spans]
    return [
        Clip(id=i, start_s=start_s, end_s=end_s, facts=found)
        for i, ((start_s, end_s), found) in enumerate(held)
        if found
    ]


def annotated_asks(facts: Iterable[Fact]) -> list[Ask]:
    """Return each text once, as a question for all the spans that it stands at."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for fact in facts:
        spans.setdefault(fact.text, []).append((fact.start_s, fact.end_s))
    return [Ask(text, tuple(found), "annotation") for text, found in spans.items()]


def _json(path: Path, text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path} is no JSON: {error}") from error
    if not isinstance(found, list):
        raise ConfigError(f"{path} must hold a list of objects with {', '.join(NAMES)}")
    return found


def _fact(path: Path, number: int, row: object) -> Fact:
    if not isinstance(row, Mapping) or (missing := [n for n in NAMES if row.get(n) is None]):
        lacking = missing[0] if isinstance(row, Mapping) else "all names"
        raise ConfigError(f"{path}, row {number}: {lacking} is missing")
    try:
        start_s, end_s, text = float(row["start"]), float(row["end"]), str(row["text"]).strip()
    except ValueError as error:
        raise ConfigError(f"{path}, row {number}: {error}") from error
    if not (0 <= start_s <= end_s < float("inf")) or not text:
        raise ConfigError(
            f"{path}, row {number}: needs 0 <= start <= end and a text, "
            f"has {start_s:g}, {end_s:g}, {text!r}"
        )
    return Fact(
        id=number, kind="caption", start_s=start_s, end_s=end_s, text=text, confidence=1.0,
        open=False,
    )  # fmt: skip
