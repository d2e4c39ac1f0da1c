"""COIN: instructional videos of 180 tasks, with steps.

Y. Tang and others, "COIN", CVPR 2019: {"database": {VIDEO: {"class", "subset", "duration",
"annotation": [{"segment": [s, s], "label", "id"}]}}}.
"""

import re
from collections.abc import Iterator

from omnilive_lab.live.converters.base import Converter, Notes, Source, Timeline, segments

BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def task(name: str) -> str:
    """Return "ReplaceTVBattery" as "replace TV battery"."""
    words = BORDER.sub(" ", name).split()
    return " ".join(w if len(w) > 1 and w.isupper() else w.lower() for w in words)


def read(source: Source, notes: Notes) -> Iterator[Timeline]:
    """Return one timeline a video."""
    return segments(
        source, notes, "annotation", "label", lambda entry: task(str(entry.get("class") or ""))
    )


CONVERTER = Converter(name="coin", title="COIN (COIN.json)", read=read, style="guide")
