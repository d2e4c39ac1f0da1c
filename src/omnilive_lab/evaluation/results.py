"""The results of a run on disk, written so that a kill at any moment loses nothing that is done.

run.json          what is run: settings, machine, commit, command (written first)
items.jsonl       one line an item: prompts, reply, score. Appended and synced. Depends on the
                  settings and the model alone, so a resumed run gives the very same bytes.
timings.jsonl     what each item and each sitting took; differs from run to run
summary.json      the figures; like items.jsonl, the same bytes however often it was resumed
performance.json  the figures of timings.jsonl
report.md, .html  all of it, to read
"""

import errno
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omnilive.core.errors import ConfigError, StoreError
from omnilive_lab.bench.base import Alert, Item, Prompt, Reply, Row, Score

RUN, ITEMS, TIMINGS = "run.json", "items.jsonl", "timings.jsonl"
SUMMARY, PERFORMANCE = "summary.json", "performance.json"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Appender:
    """Appends JSON lines to a file: each call is one write, then a sync; torn ends are cut off."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = whole_bytes(path)
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            os.ftruncate(self._file, self._size)
        except OSError as error:
            raise unwritable(path, error) from error

    def append(self, line: Mapping[str, Any]) -> None:
        """Write a line at the end; StoreError when it cannot be, and nothing of it stays."""
        data = json_line(line)
        try:
            done = 0
            while done < len(data):
                done += os.pwrite(self._file, data[done:], self._size + done)
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise unwritable(self._path, error) from error
        self._size += len(data)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def unwritable(path: Path, error: OSError) -> StoreError:
    """Return the error of a file that cannot be written."""
    if error.errno in _FULL:
        return StoreError(
            f"{path}: the disk is full; all items that were done are kept. Make room, then run "
            "the same command with --resume"
        )
    return StoreError(f"{path} cannot be written: {error.strerror}")


def whole_bytes(path: Path) -> int:
    """Return how many bytes of a file of lines are whole lines; 0 for no file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    return data.rfind(b"\n") + 1


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the whole lines of a file; StoreError for one that is damaged."""
    size = whole_bytes(path)
    if not size:
        return
    with path.open("rb") as file:
        for number, line in enumerate(file.read(size).splitlines(), 1):
            try:
                value = json.loads(line)
                value["id"]
            except (ValueError, KeyError, TypeError) as error:
                raise StoreError(
                    f"{path}, line {number} is damaged: remove the folder and run again"
                ) from error
            yield value


def json_line(value: Mapping[str, Any]) -> bytes:
    """Return one line of JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file in one step."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a file in one step: whoever reads it sees the old one or the new one, whole."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise unwritable(path, error) from error


def as_line(item: Item, prompts: Sequence[Prompt], reply: Reply, score: Score) -> dict[str, Any]:
    """Return an item's line: nothing in it depends on when or how fast it was made."""
    return {
        "id": item.id,
        "task": item.task,
        "category": item.category,
        "t": item.t,
        "prompts": [_prompt(prompt) for prompt in prompts],
        "answer": item.answer,
        "reply": {
            "text": reply.text,
            "evidence": [[_round(a), _round(b)] for a, b in reply.evidence],
            "supported": reply.supported,
            "alerts": [
                {"t": _round(a.t), "text": a.text, "at_s": _round(a.at_s)} for a in reply.alerts
            ],
            "error": reply.error,
            "data": dict(reply.data),
        },
        "score": {
            "official": score.official,
            "strict": score.strict,
            "parts": dict(score.parts),
            "status": score.status,
            "detail": score.detail,
            "judge": score.judge,
        },
    }


def as_row(item: Item, line: Mapping[str, Any]) -> Row:
    """Return what an item's line says."""
    reply, score = line["reply"], line["score"]
    alerts = (Alert(t=a["t"], text=a["text"], at_s=a["at_s"]) for a in reply["alerts"])
    return Row(
        item,
        Reply(
            text=reply["text"],
            evidence=tuple((a, b) for a, b in reply["evidence"]),
            supported=reply["supported"],
            alerts=tuple(alerts),
            error=reply["error"],
            data=reply["data"],
        ),
        Score(**score),
    )


def check_same(old: Mapping[str, Any], new: Mapping[str, Any], out: Path) -> None:
    """Refuse to go on with a run whose settings were others."""
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            raise ConfigError(
                f"{out} holds a run with another {name.replace('_', ' ')} "
                f"({json.dumps(old.get(name))[:120]}, now {json.dumps(new.get(name))[:120]}): "
                "give the same, or another --out"
            )


def _prompt(prompt: Prompt) -> dict[str, Any]:
    parts = {"system": prompt.system, "text": prompt.text, "prefill": prompt.prefill}
    return {name: text for name, text in parts.items() if text or name == "text"}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
