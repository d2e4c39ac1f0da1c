"""Reads annotation files so that what is wrong with them is said by file, line and field.

for record in records(data / "questions.json", need):
    question = record.text("question")
    options = record.texts("options")
    for inner in record.each("questions"): ...
"""

import csv
import difflib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from omnilive.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Record:
    """One object of an annotation file. `at` says where it is, such as "q.json, line 12"."""

    at: str
    data: Mapping[str, Any]

    def __contains__(self, name: str) -> bool:
        return self.data.get(name) is not None

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field as it is, or the default where it is missing or null."""
        value = self.data.get(name)
        return default if value is None else value

    def text(self, name: str) -> str:
        """Return a field that holds text (a number is taken as its text)."""
        value = self._value(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.refuse(name, value, "text")
        return value if isinstance(value, str) else f"{value}"

    def number(self, name: str) -> float:
        """Return a field that holds a number, or the text of one."""
        value = self._value(name)
        try:
            if isinstance(value, bool):
                raise ValueError
            return float(value)
        except (TypeError, ValueError):
            self.refuse(name, value, "a number")

    def seconds(self, name: str) -> float:
        """Return a time: seconds, or "00:01:23", also with a fraction."""
        value = self._value(name)
        parts = str(value).strip().split(":")
        try:
            total = 0.0
            for part in parts:
                total = total * 60 + float(part)
            if isinstance(value, bool) or len(parts) > 3:
                raise ValueError
            return total
        except ValueError:
            self.refuse(name, value, "a time such as 83.5 or 00:01:23")

    def texts(self, name: str) -> list[str]:
        """Return a field that holds a list of texts."""
        return [self._text(name, entry) for entry in self.list(name)]

    def numbers(self, name: str) -> list[float]:
        """Return a field that holds a list of numbers."""
        wrong = (bool, str, list, dict, type(None))
        for entry in self.list(name):
            if isinstance(entry, wrong):
                self.refuse(name, entry, "a list of numbers")
        return [float(entry) for entry in self.list(name)]

    def list(self, name: str) -> list[Any]:
        """Return a field that holds a list."""
        value = self._value(name)
        if not isinstance(value, list):
            self.refuse(name, value, "a list")
        return value

    def each(self, name: str) -> Iterator["Record"]:
        """Yield the objects of a field that holds a list of them."""
        for index, entry in enumerate(self.list(name)):
            yield self.inner(f"{name}[{index}]", entry)

    def record(self, name: str) -> "Record":
        """Return a field that holds an object."""
        return self.inner(name, self._value(name))

    def inner(self, name: str, value: Any) -> "Record":
        """Return an object found inside this one, under the name it has there."""
        if not isinstance(value, Mapping):
            self.refuse(name, value, "an object")
        return Record(f"{self.at}, {name}", value)

    def refuse(self, name: str, value: Any, wanted: str) -> NoReturn:
        """Raise ConfigError: the field does not hold what it should."""
        shown = json.dumps(value, ensure_ascii=False, default=str)[:80]
        raise ConfigError(f"{self.at}: field {name!r} should be {wanted}, and is {shown}")

    def _value(self, name: str) -> Any:
        if name in self.data and self.data[name] is not None:
            return self.data[name]
        near = difflib.get_close_matches(name, [str(key) for key in self.data], 1, 0.5)
        hint = f" (renamed to {near[0]!r}?)" if near else ""
        have = ", ".join(str(key) for key in self.data) or "none"
        raise ConfigError(f"{self.at}: field {name!r} is missing{hint}; it has: {have}")

    def _text(self, name: str, entry: Any) -> str:
        if isinstance(entry, bool) or not isinstance(entry, str | int | float):
            self.refuse(name, entry, "a list of texts")
        return str(entry)


def require(path: Path, need: str) -> Path:
    """Return a path that must be there; ConfigError says what to download and where to put it."""
    if not path.exists():
        raise ConfigError(f"{path} is missing.\n{need}")
    return path


def read_text(path: Path, need: str) -> str:
    """Return the text of a file that must be there, in UTF-8 with or without a mark."""
    require(path, need)
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is no UTF-8: download it again") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def read_json(path: Path, need: str) -> Any:
    """Return what a JSON file holds."""
    text = read_text(path, need)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}, line {error.lineno}: no JSON ({error.msg})") from error


def records(path: Path, need: str) -> Iterator[Record]:
    """Yield the objects of a JSON list or of JSON lines, each with the line it begins on."""
    for at, value in entries(path, need):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{at}: should be an object, and is {json.dumps(value)[:60]}")
        yield Record(at, value)


def entries(path: Path, need: str) -> Iterator[tuple[str, Any]]:
    """Yield (where, value) of each entry of a JSON list or of JSON lines."""
    text = read_text(path, need)
    if not text.lstrip().startswith("["):
        yield from _lines(path, text)
        return
    read_json(path, need)  # says where a broken file is broken
    decoder, at, line = json.JSONDecoder(), text.index("[") + 1, 1
    counted = 0
    while True:
        while text[at] in " \t\r\n,":
            at += 1
        if text[at] == "]":
            return
        line += text.count("\n", counted, at)
        counted = at
        value, at = decoder.raw_decode(text, at)
        yield f"{path}, line {line}", value


def _lines(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield f"{path}, line {number}", json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigError(f"{path}, line {number}: no JSON ({error.msg})") from error


def table(path: Path, need: str, delimiter: str = "\t") -> Iterator[Record]:
    """Yield the rows of a table with a header, such as a .tsv."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.DictReader(read_text(path, need).splitlines(keepends=True), delimiter=delimiter)
    for row in reader:
        yield Record(f"{path}, line {reader.line_num}", row)
