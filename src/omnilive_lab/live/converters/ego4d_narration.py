"""Ego4D narrations: one line a moment, two annotators a video.

K. Grauman and others, "Ego4D", arXiv 2110.07058. Read as published (narration.json with passes,
all_narrations_redacted.json) and as VideoLLM-online writes them
({video: {annotator: [{time, text}]}}).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from omnilive_lab.live.converters.base import (
    Converter,
    Notes,
    Raw,
    Source,
    Timeline,
    mapping,
    sequence,
    spans,
    videos_of,
)

TAG = re.compile(r"#(?:unsure|[cCoO]\b)|@c\b|#", re.IGNORECASE)


def clean(text: str) -> str:
    """Return "#C C picks up a knife #unsure" as "C picks up a knife." """
    words = TAG.sub(" ", text).strip(".,\n ").split()
    # As published, only the first letter is touched: capitalize() would lower "X's TV".
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]]) + "." if words else ""


def read(source: Source, notes: Notes) -> Iterator[Timeline]:
    """Yield one timeline for each annotator of each video."""
    for video, entry in videos_of(source.path, "videos").items():
        for annotator, rows in _annotators(mapping(entry)).items():
            raw = _rows(f"{video}/{annotator}", rows, notes)
            if found := spans(raw, notes):
                yield Timeline(video, found, part=annotator)


def _annotators(entry: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the narrations by annotator, in any of the three forms."""
    if "narrations" in entry:
        by_uid: dict[str, list[Any]] = {}
        for row in sequence(entry["narrations"]):
            by_uid.setdefault(str(mapping(row).get("_annotation_uid", "")), []).append(row)
        return by_uid
    passes = {k: mapping(v) for k, v in entry.items() if k.startswith("narration_pass")}
    if passes:
        return {name: sequence(one.get("narrations")) for name, one in passes.items()}
    return {name: rows for name, rows in entry.items() if isinstance(rows, list)}


def _rows(place: str, rows: list[Any], notes: Notes) -> list[Raw]:
    found: list[Raw] = []
    for number, row in enumerate(map(mapping, rows), 1):
        t = row.get("timestamp_sec", row.get("time"))
        text = row.get("narration_text", row.get("text"))
        words = clean(text) if isinstance(text, str) else ""
        if words and len(words.split()) < 2:  # at the least, "C" and a verb
            notes.add(f"{place}, row {number}", "less than two words: left out", repr(text))
        else:
            found.append((f"{place}, row {number}", t, t, words))
    return found


CONVERTER = Converter(
    name="ego4d-narration", title="Ego4D narrations (narration.json)", read=read,
    style="narrate", licence="Ego4D License Agreement", tags=True,
)  # fmt: skip
