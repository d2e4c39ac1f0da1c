"""Delivery of alerts by a command, which ends."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omnilive.dialogue.watches.deliver.courier import Courier
from omnilive.dialogue.watches.deliver.senders import load_senders

if TYPE_CHECKING:
    from omnilive.config import SessionConfig
    from omnilive.memory.store import Store


def make_courier(session: str, store: "Store", config: "SessionConfig", folder: Path) -> Courier:
    """Return what delivers the alerts of a session; `folder` keeps the secret that is made."""

    async def read(fn: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return await asyncio.to_thread(fn, store, *args, **more)

    senders = load_senders(config.delivery, config.media, folder)
    return Courier(session, read, senders, config.delivery)


async def deliver_waiting(
    session: str, store: "Store", config: "SessionConfig", folder: Path, patience_s: float
) -> int:
    """Deliver for a while; return how many targets still have something waiting."""
    return await make_courier(session, store, config, folder).drain(patience_s)
