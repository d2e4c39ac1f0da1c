"""What converters share: timelines, reading, and notes of what could not be used."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omnilive.core.errors import ConfigError

LONGEST_S = 1e8  # as in a sample
SHOWN = 20  # notes that are kept word for word


@dataclass(frozen=True, slots=True)
class Span:
    """What is said of a stretch of the video, in seconds; of a moment where both times agree."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that one annotation says of one video, or of one stretch of it."""

    video: str  # its name in the data set, or a file
    spans: tuple[Span, ...]  # by start; at least one
    part: str = ""  # which of several timelines of the video
    goal: str = ""  # what it is all about, as "make an omelette"
    duration_s: float = 0.0  # of the video; 0: not said
    stretch: tuple[float, float] | None = None  # what of the video the annotation is about


@dataclass
class Notes:
    """What could not be used as it stood: counts by kind, and the first few with their place."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def add(self, place: str, what: str, about: str = "") -> None:
        """Count one `what`; `about` says more of this one."""
        self.counts[what] += 1
        if len(self.lines) < SHOWN:
            self.lines.append(f"{place}: {what}{f' ({about})' if about else ''}")


@dataclass(frozen=True, slots=True)
class Source:
    """An annotation file, and what the command line says about it."""

    path: Path
    video: str = ""  # of a file that does not name any
    subset: str = ""  # "training": only those videos, where the format tells
    encoding: str = ""  # of text files; empty: found out
    only: frozenset[str] | None = None  # names of the videos that are wanted
    without: frozenset[str] = frozenset()  # and of those that are not

    def wants(self, video: str) -> bool:
        """Whether a video is wanted."""
        return video not in self.without and (self.only is None or video in self.only)


Reader = Callable[[Source, Notes], Iterator[Timeline]]


@dataclass(frozen=True, slots=True)
class Converter:
    """One annotation format."""

    name: str
    title: str
    read: Reader
    style: str  # how its timelines are best made into talk: see styles.py
    licence: str = ""  # where the data set has one; empty: `--licence` must say
    min_s: float = 0.0  # shorter stretches are left out
    tags: bool = False  # remarks call the camera wearer C


def load_json(path: Path) -> Any:
    """Return what a JSON file holds. ConfigError says where it breaks off."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(
            f"{path}, {place}: no JSON ({error.msg}); is the download whole?"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read as JSON text: {error}") from error


def videos_of(path: Path, key: str) -> dict[str, Any]:
    """Return the object under `key`, or the whole file where it is one of videos by name."""
    found = load_json(path)
    if isinstance(found, dict) and key in found:
        found = found[key]
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: should be an object of videos by name, under {key!r} or whole")
    return found


def names_in(path: Path) -> frozenset[str]:
    """Return the videos that a file names: lines of text, a JSON list, or all its video_uid."""
    if path.suffix.lower() != ".json":
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read as text: {error}") from error
        return frozenset(line.strip() for line in lines if line.strip())
    found = load_json(path)
    if isinstance(found, list) and all(isinstance(item, str) for item in found):
        return frozenset(found)
    names = frozenset(_uids(found))
    if not names:
        raise ConfigError(f"{path} names no video: should be a list of names, or hold video_uid")
    return names


def _uids(found: object) -> Iterator[str]:
    if isinstance(found, dict):
        if isinstance(uid := found.get("video_uid"), str):
            yield uid
        for value in found.values():
            yield from _uids(value)
    elif isinstance(found, list):
        for value in found:
            yield from _uids(value)


def seconds(value: object) -> float | None:
    """Return a time, also one that is written as text; None where it is none."""
    if isinstance(value, bool):
        return None
    try:
        t = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return t if abs(t) <= LONGEST_S else None


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object as it is, and anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: object) -> list[Any]:
    """Return a list as it is, and anything else as an empty one."""
    return value if isinstance(value, list) else []


def pair(value: object) -> tuple[object, object]:
    """Return the two items of a list, or two that are no times."""
    return (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (None, None)


Raw = tuple[str, object, object, object]  # place, start, end, text


def spans(raw: Iterable[Raw], notes: Notes, duration_s: float = 0.0) -> tuple[Span, ...]:
    """Return the rows that make sense, by time; the others, and all that was mended, are noted."""
    found: list[Span] = []
    for place, start, end, text in raw:
        span = _span(place, seconds(start), seconds(end), text, notes)
        if span is not None:
            found.append(_within(place, span, duration_s, notes))
    ordered = sorted(found, key=lambda span: (span.start_s, span.end_s))
    if ordered != found:
        notes.add(f"{len(found)} rows", "times are not in order: sorted", found[0].text)
    return tuple(ordered)


def _span(
    place: str, start: float | None, end: float | None, text: object, notes: Notes
) -> Span | None:
    words = " ".join(text.split()) if isinstance(text, str) else ""
    if start is None or end is None:
        return notes.add(place, "a time is no number: left out")
    if not words:
        return notes.add(place, "no text: left out")
    if end < start:
        return notes.add(place, "ends before it starts: left out", f"{start:g} to {end:g} s")
    if end < 0:
        return notes.add(place, "negative time: left out", f"{start:g} to {end:g} s")
    if start < 0:
        notes.add(place, "negative start: set to 0", f"{start:g} s")
    return Span(max(0.0, start), end, words)


def _within(place: str, span: Span, duration_s: float, notes: Notes) -> Span:
    if not duration_s or span.end_s <= duration_s:
        return span
    notes.add(place, "goes beyond the video: cut", f"{span.end_s:g} of {duration_s:g} s")
    return Span(min(span.start_s, duration_s), duration_s, span.text)


def segments(
    source: Source, notes: Notes, rows: str, text: str, goal: Callable[[Mapping[str, Any]], str]
) -> Iterator[Timeline]:
    """Yield one timeline a video of a "database" whose `rows` have a "segment" and a `text`."""
    for video, entry in videos_of(source.path, "database").items():
        entry = mapping(entry)
        if source.subset and source.subset not in str(entry.get("subset", "")):
            continue
        steps = [mapping(row) for row in sequence(entry.get(rows))]
        raw = [
            (f"{video}, step {i}", *pair(step.get("segment")), step.get(text))
            for i, step in enumerate(steps, 1)
        ]
        duration_s = max(0.0, seconds(entry.get("duration")) or 0.0)
        if found := spans(raw, notes, duration_s):
            yield Timeline(video, found, goal=goal(entry), duration_s=duration_s)
