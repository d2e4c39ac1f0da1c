"""Sees to it that what is in the outbox arrives: in order, retried, once each.

What is to be delivered is stored with the alert itself. A row is marked as done after the
receiver has taken it; a crash in between repeats the attempt with the same key. Each target is
served by itself, one alert after the other, so that a receiver that is down holds up nobody
else and gets everything in order when it is back.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from omnilive.core.clock import wall_time
from omnilive.dialogue.watches.deliver.base import NotDelivered, Parcel, Sender
from omnilive.dialogue.watches.deliver.config import DeliveryConfig
from omnilive.memory.store import Store
from omnilive.memory.watches import OutboxRow, WatchTable

logger = logging.getLogger(__name__)
POLL_S = 2.0
Read = Callable[..., Awaitable[Any]]
"""Runs `fn(store, *args)` where the session's store may be used, and returns its result."""


class Courier:
    """Delivers the alerts of one session, while `run` runs."""

    def __init__(
        self,
        session: str,
        read: Read,
        senders: Mapping[str, Sender],
        config: DeliveryConfig | None = None,
        now: Callable[[], float] = wall_time,
    ) -> None:
        self.session, self._read, self._senders = session, read, senders
        self.config, self._now = config or DeliveryConfig(), now
        self._wake = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(self.config.at_once)

    def wake(self) -> None:
        """Look at once: there may be something to deliver."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while True:
                self._wake.clear()  # before the look, so that what comes meanwhile is seen
                wait_s = await self.round()
                try:
                    async with asyncio.timeout(POLL_S if wait_s is None else wait_s):
                        await self._wake.wait()
                except TimeoutError:
                    pass
        finally:
            await self.close()

    async def close(self) -> None:
        """Break off what is under way; it is tried again later."""
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def drain(self, patience_s: float) -> int:
        """Deliver for a while; return how many rows are still waiting."""
        end = asyncio.get_running_loop().time() + patience_s
        runner = asyncio.create_task(self.run())
        try:
            while True:
                left = len(await self._read(_heads))
                if not left or asyncio.get_running_loop().time() >= end:
                    return left
                await asyncio.sleep(0.05)
        finally:
            runner.cancel()
            await asyncio.gather(runner, return_exceptions=True)

    async def round(self) -> float | None:
        """Start what is due, at most one row for each target.

        Returns the seconds until there is more to do, and None when nothing waits at all.
        """
        soonest_s = POLL_S
        heads = await self._read(_heads)
        for row in heads:
            key = _target_key(row.target)
            wait_s = row.due_wall_s - self._now()
            if key in self._busy:
                continue
            if wait_s > 0:
                soonest_s = min(soonest_s, wait_s)
                continue
            task = asyncio.create_task(self._serve(key, row))
            self._busy[key] = task
        return max(0.02, soonest_s) if heads else None

    async def _serve(self, key: str, row: OutboxRow) -> None:
        try:
            async with self._room:
                next_row: OutboxRow | None = row
                while next_row is not None and await self._attempt(next_row):
                    next_row = await self._next(key)
        except Exception:  # one row that cannot be dealt with must not end delivery
            logger.exception("delivering alert %s of %s", row.seq, self.session)
            await asyncio.sleep(POLL_S)
        finally:
            self._busy.pop(key, None)
            self._wake.set()

    async def _next(self, key: str) -> OutboxRow | None:
        """Return what the same target gets next: a backlog is delivered without a pause."""
        heads: list[OutboxRow] = await self._read(_heads)
        return next((row for row in heads if _target_key(row.target) == key), None)

    async def _attempt(self, row: OutboxRow) -> bool:
        """Try once; return whether this row is dealt with."""
        alert = await self._read(_alert, row.seq)
        sender = self._senders.get(str(row.target.get("kind")))
        if alert is None or sender is None:
            why = "the alert was forgotten" if alert is None else "no way to send to this target"
            await self._read(_update, row.id, state="failed", detail=why)
            return True
        alert = {"type": "alert", "session": self.session, **alert}
        parcel = Parcel(key=parcel_key(self.session, row), target=row.target, alert=alert)
        try:
            await sender.send(parcel)
        except NotDelivered as error:
            await self._failed(row, error)
            return False
        await self._read(_update, row.id, state="done", tries=row.tries + 1, detail="")
        return True

    async def _failed(self, row: OutboxRow, error: NotDelivered) -> None:
        tries = row.tries + 1
        wait_s = min(self.config.max_retry_s, self.config.first_retry_s * 2 ** min(row.tries, 30))
        wait_s = max(wait_s, error.retry_after_s or 0.0)
        waited_s = _waited_s(tries, self.config)
        is_over = not error.again or waited_s >= self.config.give_up_s
        state = "failed" if is_over else "waiting"
        due_s = self._now() + wait_s
        detail = str(error)[:300]
        await self._read(_update, row.id, state=state, tries=tries, due_wall_s=due_s, detail=detail)
        level = logging.ERROR if is_over else logging.WARNING
        end = "given up" if is_over else f"again in {wait_s:.0f} s"
        logger.log(level, "alert %s of %s: %s; %s", row.seq, self.session, detail, end)


def parcel_key(session: str, row: OutboxRow) -> str:
    """Return the key of an alert for a target: the same however often it is tried."""
    digest = hashlib.sha256(_target_key(row.target).encode()).hexdigest()[:12]
    return f"{session}-{row.seq}-{digest}"


def _waited_s(tries: int, config: DeliveryConfig) -> float:
    """Return about how long it has been since the first of so many attempts."""
    waits = (min(config.max_retry_s, config.first_retry_s * 2 ** min(i, 30)) for i in range(tries))
    return sum(waits) if tries < 100_000 else float("inf")


def _target_key(target: Mapping[str, Any]) -> str:
    return json.dumps(target, sort_keys=True)


def _heads(store: Store) -> list[OutboxRow]:
    return WatchTable(store).heads()


def _update(store: Store, id: int, **values: Any) -> None:
    WatchTable(store).update(id, **values)


def _alert(store: Store, seq: int) -> dict[str, Any] | None:
    entries = store.log_after(seq - 1, 1)
    if not entries or entries[0].seq != seq or entries[0].type != "alert":
        return None
    return {"seq": seq, "t": round(entries[0].t, 3), **entries[0].body}
