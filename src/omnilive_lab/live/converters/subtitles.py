"""SubRip (.srt) and WebVTT (.vtt) subtitles of one video.

Markup, speaker names and positions are taken off. Cues that roll up (the last line again, with a
new one) are told apart: only what is new counts.
"""

import html
import re
from collections.abc import Iterator
from pathlib import Path

from omnilive.core.errors import ConfigError
from omnilive_lab.live.converters.base import Converter, Notes, Raw, Source, Timeline, spans
from omnilive_lab.live.converters.times import parse_time, read_text

ARROW = re.compile(r"\s*(-?[\d:.,]+)\s*-+>\s*(-?[\d:.,]+)(?:\s.*)?")
MARKUP = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")
SKIPPED = ("NOTE", "STYLE", "REGION", "X-TIMESTAMP-MAP")


def read(source: Source, notes: Notes) -> Iterator[Timeline]:
    """Yield the one timeline of the file."""
    text, encoding = read_text(source.path, source.encoding)
    if encoding == "cp1252" and not source.encoding:
        notes.add(str(source.path), "no UTF-8: read as Windows Latin (or give --encoding)")
    rows = list(_new_lines(_cues(text, source.path, notes)))
    if not rows and not notes.counts:
        raise ConfigError(f"{source.path} holds no cue, as 00:00:01,000 --> 00:00:02,000")
    if found := spans(rows, notes):
        yield Timeline(source.video or source.path.stem, found)


def _cues(text: str, path: Path, notes: Notes) -> Iterator[tuple[str, float, float, list[str]]]:
    """Yield (place, start, end, lines) of each cue."""
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if ARROW.fullmatch(line)]
    for start, stop in zip(starts, [*starts[1:], len(lines) + 1], strict=False):
        match = ARROW.fullmatch(lines[start])
        times = [parse_time(t) for t in match.groups()] if match else []
        place = f"{path.name}, line {start + 1}"
        if len(times) != 2 or times[0] is None or times[1] is None:
            notes.add(place, "a time is no number: left out", lines[start].strip())
            continue
        body = _body(lines[start + 1 : stop], is_last=stop > len(lines))
        yield place, times[0], times[1], [plain(line) for line in body]


def _body(lines: list[str], is_last: bool) -> list[str]:
    """Return the lines of a cue: up to a note or style, without blank lines."""
    if not is_last:
        lines = _without_name(lines)
    kept: list[str] = []
    for i, line in enumerate(lines):
        is_block = line.startswith(SKIPPED) and (i == 0 or not lines[i - 1].strip())
        if is_block:
            break
        kept.append(line)
    return [line for line in kept if line.strip()]


def _without_name(lines: list[str]) -> list[str]:
    """Return the lines without the number or name of the next cue, which ends them."""
    count = len(lines)
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    if not lines:
        return []
    is_near, is_number = len(lines) == count, lines[-1].strip().isdigit()
    is_apart = len(lines) > 1 and not lines[-2].strip()
    is_name = (is_near and (is_number or is_apart)) or (is_number and is_apart)
    return lines[:-1] if is_name else lines


def _new_lines(cues: Iterator[tuple[str, float, float, list[str]]]) -> Iterator[Raw]:
    """Yield rows without the lines that the cue before showed already."""
    shown: list[str] = []
    shown_until = 0.0
    for place, start, end, lines in cues:
        lines = [line for line in lines if line]
        rolls = start <= shown_until + 0.1
        new = [line for line in lines if not (rolls and line in shown)]
        if new or not lines:
            yield place, start, end, " ".join(new)
        shown, shown_until = lines, end


def plain(line: str) -> str:
    """Return a line without markup and entities."""
    return " ".join(html.unescape(MARKUP.sub("", line)).split())


CONVERTER = Converter(name="subtitles", title="SRT or WebVTT subtitles", read=read, style="narrate")
