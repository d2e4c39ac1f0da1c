"""YouCook2: cooking videos with a sentence for each step of the recipe.

L. Zhou and others, "Towards Automatic Learning of Procedures from Web Instructional Videos", AAAI
2018: {"database": {VIDEO: {"duration", "subset", "recipe_type", "annotations": [{"segment": [s, s],
"sentence"}]}}}. Names of recipes come from label_foodtype.csv (number,name) beside the file.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omnilive_lab.live.converters.base import Converter, Notes, Source, Timeline, segments


def read(source: Source, notes: Notes) -> Iterator[Timeline]:
    """Return one timeline a video."""
    names = _recipes(source.path.parent / "label_foodtype.csv")

    def goal(entry: Mapping[str, Any]) -> str:
        name = names.get(str(entry.get("recipe_type")), "")
        return f"make {name}" if name else ""

    return segments(source, notes, "annotations", "sentence", goal)


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
