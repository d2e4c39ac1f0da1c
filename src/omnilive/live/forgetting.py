"""What is forgotten of a session must not live on in the model that watches it."""

from collections.abc import Callable
from typing import Any

from omnilive.memory.ledger import Noted, Observer
from omnilive.memory.store import Store

NEWEST = 20  # lines that are looked at, at each write


def forgetting(store: Store, forget: Callable[[float, float], None]) -> Observer:
    """Return an observer that passes on each span that anybody, in any process, has forgotten."""
    seen = 0

    def observe(_: Noted) -> list[dict[str, Any]]:
        nonlocal seen
        for line in store.log_of("forgotten", NEWEST):
            if line.seq > seen:
                seen = line.seq
                forget(float(line.body["start_s"]), float(line.body["end_s"]))
        return []

    return observe
