"""Where commands write: lines for people or programs to standard output, remarks beside it."""

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

INTERRUPTED = 130  # exit status


class ReaderLeft(Exception):
    """Nobody reads standard output any more, as in `omnilive ... | head`."""


def say(text: str = "") -> None:
    """Write one line of the result."""
    _say(text)


def say_json(line: Mapping[str, Any]) -> None:
    """Write one JSON object of the result, at once."""
    _say(json.dumps(line, ensure_ascii=False, allow_nan=False))


def remark(text: str) -> None:
    """Write one line that is not part of the result: progress, hints, errors."""
    with contextlib.suppress(BrokenPipeError):  # `2>&1 | head`
        _write(sys.stderr, text)


def clock(t: float) -> str:
    """Return seconds as m:ss, or h:mm:ss."""
    minutes, seconds = divmod(max(0, int(t)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def span(start_s: float, end_s: float) -> str:
    """Return two times as m:ss–m:ss, or one where they are the same second."""
    start, end = clock(start_s), clock(end_s)
    return start if start == end else f"{start}–{end}"


def size(n_bytes: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("B", "kB", "MB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}" if unit == "B" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} GB"


def table(rows: Iterable[Sequence[str]]) -> Iterable[str]:
    """Yield the rows as lines with aligned columns."""
    rows = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _say(text: str) -> None:
    try:
        _write(sys.stdout, text)
    except BrokenPipeError as error:
        # Python's own flush at the end must not fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise ReaderLeft from error


def _write(stream: Any, text: str) -> None:
    # A terminal or pipe that cannot show a character gets "?" instead of an error.
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    stream.flush()
