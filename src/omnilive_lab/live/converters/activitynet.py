"""ActivityNet Captions: sentences about stretches of a video, which may overlap.

R. Krishna and others, "Dense-Captioning Events in Videos", ICCV 2017:
{VIDEO: {"duration": s, "timestamps": [[s, s]], "sentences": [text]}}.
"""

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


def read(source: Source, notes: Notes) -> Iterator[Timeline]:
    """Yield one timeline a video."""
    for video, entry in videos_of(source.path, "videos").items():
        entry = mapping(entry)
        times, texts = sequence(entry.get("timestamps")), sequence(entry.get("sentences"))
        if len(times) != len(texts):
            counts = f"{len(times)} and {len(texts)}"
            notes.add(video, "not as many timestamps as sentences: the rest left out", counts)
        raw = [
            (f"{video}, sentence {i}", *pair(time), text)
            for i, (time, text) in enumerate(zip(times, texts, strict=False), 1)
        ]
        duration_s = max(0.0, seconds(entry.get("duration")) or 0.0)
        if found := spans(raw, notes, duration_s):
            yield Timeline(video, found, duration_s=duration_s)


CONVERTER = Converter(
    name="activitynet", title="ActivityNet Captions (train.json)", read=read, style="narrate"
)
