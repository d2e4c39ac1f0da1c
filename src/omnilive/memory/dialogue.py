"""The dialogue as the log holds it: turns go in, exchanges of question and answer come out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omnilive.core.events import Evidence
from omnilive.memory.base import LogEntry
from omnilive.memory.store import Store

RECENT_S = 600.0
LINES = 6  # newest log lines of a type that are looked at for each exchange wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question and what was heard of its answer, at stream time `t`."""

    t: float
    question: str
    text: str  # what was heard of the answer, "" for nothing
    full_text: str = ""  # what the answer was to be
    evidence: tuple[Evidence, ...] = ()
    spoken: tuple[float, float] | None = None  # when the question was being said
    interrupted: bool = False


def log_turn(store: Store, t: float, body: Mapping[str, Any]) -> dict[str, Any]:
    """Write a `turn` line into the log at stream time `t`; return the line."""
    seq = store.append(t, "turn", body)
    return {"seq": seq, "t": round(t, 3), "type": "turn", **body}


def exchanges(
    store: Store, t: float, *, recent_s: float = RECENT_S, limit: int = 12
) -> list[Exchange]:
    """Return the newest exchanges of the `recent_s` before stream time `t`, oldest first.

    Of an answer that was interrupted, what was heard counts. Talk that was not meant for the
    assistant is left out.
    """
    turns = _lines(store, "turn", t, recent_s, limit)
    answers = {line.seq: line for line in _lines(store, "answer", t, recent_s, limit)}
    found: list[tuple[int, Exchange]] = []
    asked: dict[str, LogEntry] = {}  # the open question of each line
    told: set[int] = set()  # answers that a turn speaks of
    for turn in turns:
        line = str(turn.body.get("line", ""))
        if turn.body.get("role") == "user":
            if turn.body.get("addressed", True):
                asked[line] = turn
            continue
        answer = answers.get(turn.body.get("answer") or -1)
        if answer is not None:
            told.add(answer.seq)
        if (exchange := _of_turns(asked.pop(line, None), turn, answer)) is not None:
            found.append((turn.seq, exchange))
    found += [(seq, _of_answer(line)) for seq, line in answers.items() if seq not in told]
    return [exchange for _, exchange in sorted(found, key=lambda item: item[0])][-limit:]


def _lines(store: Store, type: str, t: float, recent_s: float, limit: int) -> list[LogEntry]:
    lines = store.log_of(type, LINES * limit, t + 0.05)
    return [line for line in lines if line.t >= t - recent_s]


def _of_turns(asked: LogEntry | None, turn: LogEntry, answer: LogEntry | None) -> Exchange | None:
    """Return an exchange told by turns; None for something said unasked."""
    if asked is None and answer is None:
        return None
    question = asked.body if asked else {}
    spoken = bool(question.get("spoken"))
    text = str(turn.body.get("text", ""))
    full = str(answer.body.get("text", "") if answer else turn.body.get("full_text") or text)
    return Exchange(
        t=answer.t if answer else turn.t,
        question=str(question.get("text") or (answer.body["question"] if answer else "")),
        text=text,
        full_text=full,
        evidence=_evidence(answer) if answer else (),
        spoken=(float(question["start_s"]), float(question["end_s"])) if spoken else None,
        interrupted=bool(turn.body.get("interrupted")),
    )


def _of_answer(line: LogEntry) -> Exchange:
    text = str(line.body.get("text", ""))
    return Exchange(
        t=line.t, question=str(line.body.get("question", "")), text=text, full_text=text,
        evidence=_evidence(line),
    )  # fmt: skip


def _evidence(line: LogEntry) -> tuple[Evidence, ...]:
    names = ("id", "kind", "start_s", "end_s", "text", "keyframe")
    return tuple(
        Evidence(**{name: item.get(name) for name in names})
        for item in line.body.get("evidence", ())
    )
