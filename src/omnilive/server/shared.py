"""The models that all sessions of this process share, loaded when the first one needs them."""

import asyncio
import logging
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from omnilive.core.errors import OmniLiveError

if TYPE_CHECKING:
    from omnilive.config import SessionConfig
    from omnilive.perception.senses import Senses
    from omnilive.reasoning.mind import Mind

logger = logging.getLogger(__name__)


class Shared:
    """One Senses and one Mind. A model that is missing is a BackendError, each time it is asked."""

    def __init__(self, config: "SessionConfig") -> None:
        self._config = config
        self._loading = asyncio.Lock()
        self._senses: Senses | None = None
        self._mind: Mind | None = None
        self._warming: asyncio.Task[None] | None = None

    async def senses(self) -> "Senses":
        """Return what perceives."""
        async with self._loading:
            if self._senses is None:
                self._senses = await run_in_threadpool(_load_senses, self._config)
            return self._senses

    async def mind(self) -> "Mind":
        """Return what answers, ready to search by meaning."""
        async with self._loading:
            if self._mind is None:
                self._mind = await run_in_threadpool(_load_mind, self._config)
                self._warming = asyncio.create_task(_warm_up(self._mind))
            return self._mind

    def close(self) -> None:
        """Let the workers of the models end."""
        if self._warming is not None:
            self._warming.cancel()
        if self._senses is not None:
            self._senses.close()
        if self._mind is not None:
            self._mind.close()


# The modules of models are imported here, on a thread, so that a server starts at once.


async def _warm_up(mind: "Mind") -> None:
    """Load the language model behind the first answers; without it they are quotes."""
    try:
        await mind.warm_up()
    except OmniLiveError as error:
        logger.warning("answers stay as they are computed: %s", error)


def _load_senses(config: "SessionConfig") -> "Senses":
    from omnilive.perception.senses import load_senses

    return load_senses(config.perception)


def _load_mind(config: "SessionConfig") -> "Mind":
    from omnilive.reasoning.mind import Mind

    mind = Mind(config)
    _ = mind.embedder  # loads it, which would else hold up the event loop
    return mind
