"""Answers become lines of the log, whoever asked: a session, the command line or the server."""

from typing import Any

from omnilive.core.events import Answer
from omnilive.memory.store import Store


def log_answer(store: Store, answer: Answer) -> dict[str, Any]:
    """Write an answer into the log; return the line. Needs no ledger: anyone may ask."""
    body = {k: v for k, v in answer.as_json().items() if k not in ("type", "t")}
    seq = store.append(answer.t, "answer", body)
    return {"seq": seq, "t": round(answer.t, 3), "type": "answer", **body}
