"""Reads times and text files as people write them."""

import codecs
import re
from pathlib import Path

from omnilive.core.errors import ConfigError

CLOCK = re.compile(r"(?:(\d{1,5}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
PLAIN = re.compile(r"-?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:\s*s(?:ec(?:onds?)?)?)?")
MARKS = (  # the longer first: UTF-32 begins as UTF-16 does
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


def parse_time(text: str) -> float | None:
    """Return seconds of "75", "75.5 s", "75,5", "1:15" or "0:01:15,5"; None where it is none."""
    text = text.strip()
    if match := CLOCK.fullmatch(text):
        hours, minutes, seconds = match.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    if PLAIN.fullmatch(text):
        return float(text.rstrip("second ").replace(",", "."))
    return None


def read_text(path: Path, encoding: str = "") -> tuple[str, str]:
    """Return a file's text and its encoding: by its mark, else UTF-8, else Windows Latin.

    ConfigError when it cannot be read, is binary, or is not in the encoding that was given.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    named = encoding or next((name for mark, name in MARKS if data.startswith(mark)), "")
    try:
        text, used = _decoded(data, named)
    except (UnicodeDecodeError, LookupError) as error:
        hint = "give the right one with --encoding, as --encoding gb18030"
        raise ConfigError(f"{path} is no {named} text ({error}): {hint}") from error
    if "\0" in text:
        raise ConfigError(f"{path} is no text, or in another encoding: give it with --encoding")
    return text.removeprefix("\ufeff"), used


def _decoded(data: bytes, named: str) -> tuple[str, str]:
    if named:
        return data.decode(named), named
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), "cp1252"
