"""COIN: instructional videos of 180 tasks, with steps.

Y. Tang and others, "COIN", CVPR 2019: {"database": {VIDEO: {"class", "subset", "duration",
"annotation": [{"segment": [s, s], "label", "id"}]}}}.
"""

import re
from collections.abc import Iterator

from omnilive_lab.live.converters.base import (
    Converter,
    Notes,
    Source,
    Timeline,
    mapping,
    pair,
    seconds,
    sequence,
    spans,
    videos_of,
)

BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def task(name: str) -> str:
    """Return "ReplaceTVBattery" as "replace TV battery"."""
    words = BORDER.sub(" ", name).split()
    return " ".join(w if len(w) > 1 and w.isupper() else w.lower() for w in words)


def read(source: Source, notes: Notes) -> Iterator[Timeline]:
    """Yield one timeline a video."""
    for video, entry in videos_of(source.path, "database").items():
        entry = mapping(entry)
        if source.subset and source.subset not in str(entry.get("subset", "")):
            continue
        rows = [mapping(row) for row in sequence(entry.get("annotation"))]
        raw = [
            (f"{video}, step {i}", *pair(row.get("segment")), row.get("label"))
            for i, row in enumerate(rows, 1)
        ]
        duration_s = max(0.0, seconds(entry.get("duration")) or 0.0)
        if found := spans(raw, notes, duration_s):
            goal = task(str(entry.get("class") or ""))
            yield Timeline(video, found, goal=goal, duration_s=duration_s)


CONVERTER = Converter(name="coin", title="COIN (COIN.json)", read=read, style="guide")
