"""The one place that reads the system clock; everything else is handed a Clock."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since the clock was made."""

    def now(self) -> float:
        """Return seconds on this clock."""
        ...

    async def sleep_until(self, t: float) -> None:
        """Return when the clock has reached `t`; at once when it is past."""
        ...


class SystemClock:
    """Real time, from zero when made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def now(self) -> float:
        """Return seconds since this clock was made."""
        return time.monotonic() - self._start

    async def sleep_until(self, t: float) -> None:
        """Sleep in real time."""
        await asyncio.sleep(max(0.0, t - self.now()))


class ManualClock:
    """Time moves only when a test says so."""

    def __init__(self) -> None:
        self._now, self._moved = 0.0, asyncio.Event()

    def now(self) -> float:
        """Return the time that was set."""
        return self._now

    def advance(self, dt_s: float) -> None:
        """Move time on and wake the sleepers."""
        self._now += dt_s
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, t: float) -> None:
        """Wait until the test has moved time far enough."""
        while self._now < t:
            await self._moved.wait()


def wall_time() -> float:
    """Return Unix time in seconds: kept once per session, never used to measure."""
    return time.time()


def stopwatch() -> float:
    """Return a monotonic reading in seconds, for differences only."""
    return time.perf_counter()
