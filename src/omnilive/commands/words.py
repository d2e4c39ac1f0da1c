"""Log lines as people read them: one plain line each, answers with their evidence."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omnilive.commands.output import clock, span

Line = Mapping[str, Any]
_MARGIN = " " * 6


def event_line(line: Line, shown: set[str]) -> str:
    """Return what a log line tells a person, or "" when it tells nothing new.

    `shown` holds what has begun and not yet ended, by id, so that an end is not news twice.
    """
    kind = line["type"]
    if kind == "percept":
        return _percept(line, shown)
    if kind == "gap":
        lost = f"nothing from {span(line['start_s'], line['end_s'])}: {line['reason']}"
        return _row(line["start_s"], "gap", lost)
    if kind == "alert":
        return _row(line["at_s"], "alert", line["text"])
    if kind == "remark":
        return _row(line["t"], "says", line["text"])
    if kind in ("health", "source") and line["state"] not in ("ended", "live", "watching"):
        detail = f": {line['detail']}" if line.get("detail") else ""
        return _row(line["t"], "source", f"{line['state']}{detail}")
    return ""


def answer_lines(line: Line, folder: Path) -> Iterator[str]:
    """Yield an answer and the evidence for it; keyframes lie in the session's `folder`."""
    yield _row(line["t"], "asked", line["question"])
    yield f"{_MARGIN}  answer  {line['text']}"
    for item in line["evidence"]:
        yield f"{_MARGIN}          {evidence_line(item, folder)}"


def alert_lines(line: Line, folder: Path) -> Iterator[str]:
    """Yield an alert, which watch raised it, and the evidence for it."""
    yield _row(line["at_s"], "alert", line["text"])
    yield f"{_MARGIN}  {line['watch']}: {line['rule']}"
    for item in line["evidence"]:
        yield f"{_MARGIN}  {evidence_line(item, folder)}"


def evidence_line(item: Line, folder: Path) -> str:
    """Return one remembered span and where its picture lies; `session` where there are several."""
    session = item.get("session")
    folder = folder / session if session else folder
    keyframe = f"  [{folder / item['keyframe']}]" if item["keyframe"] else ""
    text = item["text"] or "(no words)"
    name = f"{session} " if session else ""
    about = "some time in " if item.get("coarse_s") else ""
    when = f"{about}{span(item['start_s'], item['end_s'])}"
    return f"{name}{when} {item['kind']}: {text}{keyframe}"


def moment_line(line: Line) -> str:
    """Return one line of a timeline."""
    return f"{span(line['start_s'], line['end_s']):<13}  {line['text']}"


def summary_line(line: Line) -> str:
    """Return what was watched, how fast, and what was lost."""
    frames, wall_s = line["frames"], max(line["wall_s"], 1e-6)
    speed = line["duration_s"] / wall_s
    return (
        f"watched {clock(line['duration_s'])} in {clock(wall_s)} ({speed:.1f} times real time): "
        f"{frames['decoded']} pictures, {frames['perceived']} looked at, "
        f"{frames['dropped']} dropped; {clock(line['audio_s'])} of sound{_live(line)}"
    )


def _live(line: Line) -> str:
    """Return what the live model did, where there was one."""
    if not (live := line.get("live")):
        return ""
    return (
        f"; live model: {live['seen']} pictures, {live['dropped']} dropped, "
        f"{live['remarks']} remarks, {live['answers']} answers"
    )


def _row(t: float, kind: str, text: str) -> str:
    return f"{clock(t):>6}  {kind:<6}  {text}"


def _percept(line: Line, shown: set[str]) -> str:
    kind, text, data = line["kind"], line["text"], line.get("data", {})
    if kind in ("speech", "caption"):
        name = {"speech": "said", "caption": "live"}[kind]
        return _row(line["start_s"], name, text) if line["final"] else ""
    id = str(data.get("id", ""))
    was_shown, over = id in shown, line["final"] and line["end_s"] > line["start_s"]
    (shown.discard if line["final"] else shown.add)(id)
    if kind == "object":
        return _object(line, data, was_shown, over)
    if over and was_shown:
        ends = {"sound": f"{text} ended", "text": f'"{text}" gone'}
        return _row(line["end_s"], kind, ends[kind]) if kind in ends else ""
    if was_shown:
        return ""
    said = {"sound": text, "text": f'"{text}"', "scene": text}.get(kind, text)
    return _row(line["start_s"], kind, said)


def _object(line: Line, data: Mapping[str, Any], was_shown: bool, over: bool) -> str:
    where = f" ({data['position']})" if data.get("position") else ""
    if over and was_shown:
        return _row(line["end_s"], "object", f"{line['text']} left{where}")
    return "" if was_shown else _row(line["start_s"], "object", f"{line['text']} appeared{where}")
