"""Delivers the alerts of all sessions of this server, and what earlier runs left behind."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from omnilive.core.errors import OmniLiveError
from omnilive.dialogue.watches.deliver.courier import Courier
from omnilive.dialogue.watches.deliver.senders import load_senders
from omnilive.memory.store import Store
from omnilive.memory.watches import WatchTable
from omnilive.server.errors import Refusal

if TYPE_CHECKING:
    from omnilive.server.hub import Hub

logger = logging.getLogger(__name__)
LOOK_S = 0.3


class Couriers:
    """One courier for each session that runs, or that has alerts waiting."""

    def __init__(self, hub: "Hub") -> None:
        """Raises ConfigError when the settings of delivery are none."""
        self._hub = hub
        config = hub.config
        self._senders = load_senders(config.delivery, config.media, hub.library.root)
        self._couriers: dict[str, Courier] = {}
        self._left: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; what earlier runs could not deliver comes first."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; what is not delivered stays in the stores."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for courier in self._couriers.values():
            await courier.close()

    async def _run(self) -> None:
        self._left = set(await run_in_threadpool(self._hub.library.names))
        while True:
            for name in sorted(self._left | set(self._hub.running)):
                try:
                    await self._look(name)
                except (OmniLiveError, Refusal) as error:  # deleted or damaged meanwhile
                    self._left.discard(name)
                    logger.warning("alerts of %s are not delivered: %s", name, error)
                except Exception:
                    self._left.discard(name)
                    logger.exception("delivering alerts of %s", name)
            await asyncio.sleep(LOOK_S)

    async def _look(self, name: str) -> None:
        runs_here = name in self._hub.running
        if not runs_here and await self._hub.is_written_elsewhere(name):
            return  # the process that watches it delivers as well
        if name not in self._couriers:
            if not await self._hub.read(name, _has_waiting):
                self._left.discard(name)
                return
            self._couriers[name] = self._courier(name)
        if await self._couriers[name].round() is not None:
            self._left.add(name)
        else:
            self._left.discard(name)
            await self._couriers.pop(name).close()

    def _courier(self, name: str) -> Courier:
        async def read(fn: Callable[..., Any], *args: Any, **more: Any) -> Any:
            return await self._hub.read(name, fn, *args, **more)

        return Courier(name, read, self._senders, self._hub.config.delivery)


def _has_waiting(store: Store) -> bool:
    return bool(WatchTable(store).waiting(1))
