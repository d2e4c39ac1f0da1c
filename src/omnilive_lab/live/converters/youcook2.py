"""YouCook2: cooking videos with a sentence for each step of the recipe.

L. Zhou and others, "Towards Automatic Learning of Procedures from Web Instructional Videos", AAAI
2018: {"database": {VIDEO: {"duration", "subset", "recipe_type", "annotations": [{"segment": [s, s],
"sentence"}]}}}. Names of recipes come from label_foodtype.csv (number,name) beside the file.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

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


def read(source: Source, notes: Notes) -> Iterator[Timeline]:
    """Yield one timeline a video."""
    names = _recipes(source.path.parent / "label_foodtype.csv")
    for video, entry in videos_of(source.path, "database").items():
        entry = mapping(entry)
        if source.subset and source.subset not in str(entry.get("subset", "")):
            continue
        rows = [mapping(row) for row in sequence(entry.get("annotations"))]
        raw = [
            (f"{video}, step {i}", *pair(row.get("segment")), row.get("sentence"))
            for i, row in enumerate(rows, 1)
        ]
        duration_s = max(0.0, seconds(entry.get("duration")) or 0.0)
        if found := spans(raw, notes, duration_s):
            goal = names.get(str(entry.get("recipe_type")), "")
            yield Timeline(video, found, goal=f"make {goal}" if goal else "", duration_s=duration_s)


def _recipes(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) >= 2]
    return {row[0].strip(): row[1].strip().replace("_", " ") for row in rows}


CONVERTER = Converter(
    name="youcook2", title="YouCook2 (youcookii_annotations_trainval.json)", read=read,
    style="dialogue",
)  # fmt: skip
