"""Forgets by age in the sessions that nobody watches; those that are watched do it themselves."""

import asyncio
import logging
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from omnilive.core.clock import wall_time
from omnilive.core.errors import OmniLiveError
from omnilive.memory.control.retention import REST_S, STEP_S, Retention
from omnilive.memory.store import Store
from omnilive.server.errors import Refusal

if TYPE_CHECKING:
    from omnilive.server.hub import Hub

LOOK_S = 600.0  # between two rounds through all sessions
logger = logging.getLogger(__name__)


class Aging:
    """One task of the server; it has nothing to do without rules (memory.retention)."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._rules = hub.config.memory.retention
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, if there are rules."""
        if self._rules.has_rules:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; what is not done yet is done another time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            for name in await run_in_threadpool(self._hub.library.names):
                try:
                    await self._age(name)
                except (OmniLiveError, Refusal) as error:  # damaged, deleted, or the disk is full
                    logger.warning("nothing is forgotten by age in %s: %s", name, error)
            await asyncio.sleep(LOOK_S)

    async def _age(self, name: str) -> None:
        """Take steps in one session until all is done or somebody watches it."""
        wait_s = 0.0
        while wait_s < REST_S and name not in self._hub.running:
            await asyncio.sleep(wait_s)
            wait_s = await self._hub.read(name, self._step)

    def _step(self, store: Store) -> float:
        return max(STEP_S, Retention(store, self._rules).step(wall_time()))
