"""Where the sound of a WebSocket client goes: it plays by itself, so a clock says how far."""

import numpy as np

from omnilive.core.clock import Clock, SystemClock


class Speaker:
    """An Output whose samples travel as events, faster than they are played.

    What was played is what the clock says, if the client began with the first piece; a client
    that knows better says so with `conversation.item.truncate`.
    """

    def __init__(self, rate_hz: int, clock: Clock | None = None) -> None:
        self.rate_hz = rate_hz
        self._clock = clock or SystemClock()
        self._queued_s = self._played_s = 0.0
        self._at = self._clock.now()
        self._is_paused = False

    def begin(self) -> None:
        """Open a new response."""
        self._queued_s = self._played_s = 0.0
        self._at, self._is_paused = self._clock.now(), False

    def play(self, pcm: np.ndarray) -> None:
        """Count (S,) samples as queued."""
        self._advance()
        self._queued_s += len(pcm) / self.rate_hz

    def pause(self) -> None:
        """Stop the clock."""
        self._advance()
        self._is_paused = True

    def resume(self) -> None:
        """Let the clock go on."""
        self._advance()
        self._is_paused = False

    def clear(self) -> float:
        """Drop the rest; return the seconds that were played."""
        self._advance()
        self._queued_s = self._played_s
        return self._played_s

    @property
    def played_s(self) -> float:
        """Seconds of this response that were played."""
        self._advance()
        return self._played_s

    @property
    def pending_s(self) -> float:
        """Seconds queued and not yet played."""
        self._advance()
        return self._queued_s - self._played_s

    def _advance(self) -> None:
        now = self._clock.now()
        if not self._is_paused:
            self._played_s = min(self._queued_s, self._played_s + now - self._at)
        self._at = now
