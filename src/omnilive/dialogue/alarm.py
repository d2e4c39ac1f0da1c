"""One moment at which to look again; it moves as things happen."""

import asyncio
from collections.abc import Callable

from omnilive.core.clock import Clock

SOONEST_S = 0.005


class Alarm:
    """Calls `ring` on the event loop once the time has come."""

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock, self._ring = clock, ring
        self._task: asyncio.Task[None] | None = None

    def set(self, wait_s: float | None) -> None:
        """Ring after `wait_s`, and not when it was to ring before; None: not at all."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        self._task = None
        if wait_s is not None:
            self._task = asyncio.create_task(self._wait(max(SOONEST_S, wait_s)))

    async def close(self) -> None:
        """Ring no more."""
        if (task := self._task) is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _wait(self, wait_s: float) -> None:
        await self._clock.sleep_until(self._clock.now() + wait_s)
        self._ring()
