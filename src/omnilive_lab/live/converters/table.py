"""Plain tables of (start, end, text): CSV, JSON or JSON lines, of one video or several.

Columns go by name (start, end, text; optional: video, goal, duration), or by place where the first
line holds no names. Times are seconds or clock times (1:02.5).
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from omnilive.core.errors import ConfigError
from omnilive_lab.live.converters.base import (
    Converter,
    Notes,
    Raw,
    Source,
    Timeline,
    seconds,
    spans,
)
from omnilive_lab.live.converters.times import parse_time, read_text

NAMES = {
    "start": ("start", "start_s", "start_time", "start_sec", "begin", "from", "onset"),
    "end": ("end", "end_s", "end_time", "end_sec", "stop", "to", "offset"),
    "text": ("text", "caption", "sentence", "label", "description", "step", "narration"),
    "video": ("video", "video_id", "video_uid", "file", "filename", "path"),
    "goal": ("goal", "task", "title", "activity"),
    "duration": ("duration", "duration_s", "video_duration"),
}
Row = tuple[str, Mapping[str, Any]]


def read(source: Source, notes: Notes) -> Iterator[Timeline]:
    """Yield one timeline a video. ConfigError when the file as a whole makes no sense."""
    text, _ = read_text(source.path, source.encoding)
    suffix = source.path.suffix.lower()
    if suffix == ".json":
        rows = list(_json(source, text))
    elif suffix in (".jsonl", ".ndjson"):
        rows = list(_json_lines(source, text, notes))
    else:
        rows = list(_csv(source, text))
    if not rows:
        raise ConfigError(f"{source.path} holds no rows of start, end, text")
    by_video: dict[str, list[Row]] = {}
    for place, row in rows:
        video = str(row.get("video") or source.video or source.path.stem)
        by_video.setdefault(video, []).append((place, row))
    for video, mine in by_video.items():
        yield from _timeline(video, mine, notes)


def _timeline(video: str, rows: list[Row], notes: Notes) -> Iterator[Timeline]:
    raw = [found for place, row in rows if (found := _raw(place, row, notes)) is not None]
    first = rows[0][1]
    duration_s = max(0.0, _time(first.get("duration")) or 0.0)
    if found := spans(raw, notes, duration_s):
        goal = str(first.get("goal") or "").strip()
        yield Timeline(video, found, goal=goal, duration_s=duration_s)


def _raw(place: str, row: Mapping[str, Any], notes: Notes) -> Raw | None:
    """Return a row with its times read; one time makes it a moment."""
    if "start" not in row:
        return notes.add(place, "no start: left out")
    start, end = _time(row["start"]), _time(row.get("end", row["start"]))
    for name, t in (("start", start), ("end", end)):
        if t is None:
            return notes.add(place, f"{name} is no time: left out", repr(row.get(name)))
    return place, start, end, row.get("text")


def _time(value: object) -> float | None:
    if isinstance(value, str):
        return parse_time(value)
    return seconds(value)


def _csv(source: Source, text: str) -> Iterator[Row]:
    """Yield the rows with known names; the place is the line of the file."""
    sample = text[:4096]
    delimiter = max(",;\t", key=lambda mark: _regular(sample, mark))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names: list[str] = []
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            place = f"{source.path.name}, line {rows.line_num}"
            if not names:
                names, is_head = _columns(source, cells)
                if is_head:
                    continue
            yield place, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise ConfigError(f"{source.path}, line {rows.line_num}: {error}") from error


def _regular(sample: str, mark: str) -> tuple[int, int]:
    """Return how many of the first lines have two marks at least, and how many marks there are."""
    lines = sample.splitlines()[:10]
    return sum(line.count(mark) >= 2 for line in lines), sample.count(mark)


def _columns(source: Source, cells: list[str]) -> tuple[list[str], bool]:
    """Return the known name of each column, and whether the line holds names."""
    if cells and parse_time(cells[0]) is not None:
        if len(cells) < 3:
            raise ConfigError(f"{source.path}, line 1: needs start, end, text; has {cells}")
        return ["start", "end", "text"], False
    names = [_known(cell) for cell in cells]
    missing = [name for name in ("start", "text") if name not in names]
    if missing:
        raise ConfigError(
            f"{source.path}, line 1: no column {' and no column '.join(missing)} among "
            f"{', '.join(cells)}; name them start, end, text"
        )
    return names, True


def _known(name: str) -> str:
    bare = name.strip().lower().replace(" ", "_").strip("()[]")
    return next((ours for ours, theirs in NAMES.items() if bare in theirs), bare)


def _json(source: Source, text: str) -> Iterator[Row]:
    """Yield the rows of a list, of {"video": [rows]}, or of {"annotations": [rows]}."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"{source.path}, {place}: no JSON ({error.msg})") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{source.path} is no list of rows ({error})") from error
    groups = found if isinstance(found, dict) else {"": found}
    for video, rows in groups.items():
        if not isinstance(rows, list):
            raise ConfigError(
                f"{source.path}: should be a list of objects with start, end, text, or an object "
                f"of such lists by video; {video!r} is {type(rows).__name__}"
            )
        more = {"video": video} if video not in ("", "annotations", "segments", "rows") else {}
        for number, row in enumerate(rows, 1):
            place = f"{source.path.name}, {f'{video}, ' if video else ''}row {number}"
            yield place, more | _named(row)


def _json_lines(source: Source, text: str, notes: Notes) -> Iterator[Row]:
    for number, line in enumerate(text.split("\n"), 1):  # texts may hold other line ends
        if not line.strip():
            continue
        place = f"{source.path.name}, line {number}"
        try:
            yield place, _named(json.loads(line))
        except (ValueError, RecursionError) as error:
            notes.add(place, "no JSON: left out", str(error))


def _named(row: object) -> dict[str, Any]:
    """Return an object with known names; a list of three is start, end, text."""
    if isinstance(row, list):
        return dict(zip(("start", "end", "text"), row, strict=False))
    return {_known(str(k)): v for k, v in row.items()} if isinstance(row, dict) else {}


CONVERTER = Converter(
    name="table", title="CSV, JSON or JSON lines of start, end, text", read=read, style="narrate"
)
