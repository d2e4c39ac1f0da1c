"""What all gates that are made of gates share: they judge the edges of those inside."""

from typing import Any

from omnilive.dialogue.watches.gate import Edge, Gate, Setting, Times
from omnilive.dialogue.watches.state import Change

KEPT = 40  # happenings that a gate remembers of each gate inside


class Combined(Gate):
    """Passes on what happens to the gates inside, and says what their edges mean."""

    def __init__(self, condition: Any, setting: Setting, *inner: Gate) -> None:
        super().__init__(condition, setting)
        self.inner = inner
        media = {gate.medium for gate in self.inner}
        self.medium = media.pop() if len(media) == 1 else "both"

    def see(self, change: Change, now: Times) -> list[Edge]:
        """Hand the change to each gate inside."""
        found = [(i, e) for i, gate in enumerate(self.inner) for e in gate.see(change, now)]
        return self._take(found, now)

    def tick(self, now: Times) -> list[Edge]:
        """Let time pass inside, then here."""
        found = [(i, e) for i, gate in enumerate(self.inner) for e in gate.tick(now)]
        return self._take(found, now)

    def _take(self, found: list[tuple[int, Edge]], now: Times) -> list[Edge]:
        raise NotImplementedError

    def value(self) -> dict[str, Any]:
        """Return what is known here and inside."""
        return {**super().value(), "of": [gate.value() for gate in self.inner]}
