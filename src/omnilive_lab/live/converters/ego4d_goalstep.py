"""Ego4D Goal-Step: steps of a goal, and substeps of a step, each a stretch with a description.

Y. Song and others, "Ego4D Goal-Step", NeurIPS 2023. One timeline for the steps of a video, and one
for the substeps of each step that has any, as VideoLLM-online takes them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from omnilive.core.errors import ConfigError
from omnilive_lab.live.converters.base import (
    Converter,
    Notes,
    Raw,
    Source,
    Timeline,
    load_json,
    mapping,
    seconds,
    sequence,
    spans,
)


def read(source: Source, notes: Notes) -> Iterator[Timeline]:
    """Yield the timelines of each video."""
    found = load_json(source.path)
    videos = found.get("videos") if isinstance(found, dict) else found
    if not isinstance(videos, list):
        raise ConfigError(f"{source.path}: should hold a list of videos under 'videos'")
    for number, video in enumerate(map(mapping, videos), 1):
        uid = video.get("video_uid")
        if isinstance(uid, str) and uid:
            yield from _timelines(uid, video, str(video.get("goal_description") or ""), "", notes)
        else:
            notes.add(f"video {number}", "no video_uid: left out")


def _timelines(
    uid: str, entry: Mapping[str, Any], goal: str, part: str, notes: Notes
) -> Iterator[Timeline]:
    """Yield the timeline of the entry's segments, then those of the segments themselves."""
    segments = [mapping(segment) for segment in sequence(entry.get("segments"))]
    place = f"{uid}{f', step {part}' if part else ''}"
    if steps := spans((_row(place, i, s) for i, s in enumerate(segments, 1)), notes):
        start, end = seconds(entry.get("start_time")), seconds(entry.get("end_time"))
        stretch = None
        if part and start is not None and end is not None and 0 <= start < end:
            # Substeps may reach over the edges of their step by a little.
            stretch = (min(start, steps[0].start_s), max(end, max(s.end_s for s in steps)))
        yield Timeline(uid, steps, part=part, goal=goal.strip(), stretch=stretch)
    for i, segment in enumerate(segments, 1):
        about = str(segment.get("step_description") or "")
        yield from _timelines(uid, segment, about, f"{part}.{i}" if part else str(i), notes)


def _row(place: str, number: int, segment: Mapping[str, Any]) -> Raw:
    return (
        f"{place}, segment {number}", segment.get("start_time"), segment.get("end_time"),
        segment.get("step_description"),
    )  # fmt: skip


CONVERTER = Converter(
    name="ego4d-goalstep", title="Ego4D Goal-Step (goalstep_train.json)", read=read,
    style="dialogue", licence="MIT (annotations), Ego4D License Agreement (videos)", min_s=60.0,
)  # fmt: skip
