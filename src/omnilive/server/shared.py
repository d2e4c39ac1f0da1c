"""The models that all sessions of this process share, loaded when the first one needs them."""

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.concurrency import run_in_threadpool

from omnilive.core.errors import OmniLiveError

if TYPE_CHECKING:
    from omnilive.config import SessionConfig
    from omnilive.dialogue.end_of_turn import TurnJudge
    from omnilive.live.host import LiveHost
    from omnilive.perception.senses import Senses
    from omnilive.reasoning.mind import Mind
    from omnilive.speech.mouth import WorkingMouth

logger = logging.getLogger(__name__)
T = TypeVar("T")


Load = Callable[["Shared"], Coroutine[Any, Any, T]]


def _uncut(load: Load[T]) -> Load[T]:
    """Let loading go on when whoever asked first leaves meanwhile: others need the model too."""

    @functools.wraps(load)
    async def loaded(self: "Shared") -> T:
        return await asyncio.shield(load(self))

    return loaded


class Shared:
    """One Senses, one Mind, one live model, one voice.

    A model that is missing is a BackendError, each time it is asked; a line goes on without a
    voice and without a model of turns.
    """

    def __init__(self, config: "SessionConfig") -> None:
        self._config = config
        self._loading = asyncio.Lock()
        self._senses: Senses | None = None
        self._mind: Mind | None = None
        self._live: LiveHost | None = None
        self._warming: asyncio.Task[None] | None = None
        self._preloading: asyncio.Task[None] | None = None
        self._talking = asyncio.Lock()
        self._voice: WorkingMouth | None = None
        self._end_of_turn: TurnJudge | None = None
        self._has_voice = self._has_end_of_turn = False

    @_uncut
    async def senses(self) -> "Senses":
        """Return what perceives."""
        async with self._loading:
            if self._senses is None:
                self._senses = await run_in_threadpool(_load_senses, self._config)
            return self._senses

    @_uncut
    async def mind(self) -> "Mind":
        """Return what answers, ready to search by meaning."""
        async with self._loading:
            if self._mind is None:
                self._mind = await run_in_threadpool(_load_mind, self._config)
                self._warming = asyncio.create_task(_warm_up(self._mind))
            return self._mind

    @_uncut
    async def live(self) -> "LiveHost | None":
        """Return what narrates, None where no checkpoint is set; made anew once it has failed."""
        async with self._loading:
            if self._live is None or self._live.failure is not None:
                if self._live is not None:
                    self._live.close()
                self._live = await run_in_threadpool(_load_live, self._config)
            return self._live

    @_uncut
    async def voice(self) -> "WorkingMouth | None":
        """Return what speaks; None where it is off or cannot be loaded, which is logged once."""
        async with self._talking:
            if not self._has_voice:
                self._has_voice = True
                self._voice = await _optional(_load_voice, self._config, "answers stay text")
            return self._voice

    @_uncut
    async def end_of_turn(self) -> "TurnJudge | None":
        """Return what judges whether a turn is over; None where only silence does."""
        async with self._talking:
            if not self._has_end_of_turn:
                self._has_end_of_turn = True
                self._end_of_turn = await _optional(
                    _load_end_of_turn, self._config, "turns end by silence"
                )
            return self._end_of_turn

    def preload(self) -> None:
        """Begin to load all models, so that the first caller does not wait for them."""
        self._preloading = asyncio.create_task(self._load_all())

    async def _load_all(self) -> None:
        try:
            for load in (self.senses, self.mind, self.voice, self.end_of_turn, self.live):
                await load()
        except OmniLiveError as error:
            logger.warning("%s", error)  # whoever needs the model is told again

    def close(self) -> None:
        """Let the workers of the models end."""
        if self._preloading is not None:
            self._preloading.cancel()
        for model in (self._voice, self._end_of_turn):
            if model is not None:
                model.close()
        if self._warming is not None:
            self._warming.cancel()
        if self._senses is not None:
            self._senses.close()
        if self._live is not None:
            self._live.close()
        if self._mind is not None:
            self._mind.close()


# The modules of models are imported here, on a thread, so that a server starts at once.


async def _warm_up(mind: "Mind") -> None:
    """Load the language model behind the first answers; without it they are quotes."""
    try:
        await mind.warm_up()
    except OmniLiveError as error:
        logger.warning("answers stay as they are computed: %s", error)


async def _optional(
    load: Callable[["SessionConfig"], T | None], config: "SessionConfig", without: str
) -> T | None:
    try:
        return await run_in_threadpool(load, config)
    except OmniLiveError as error:
        logger.warning("%s: %s", without, error)
        return None


def _load_voice(config: "SessionConfig") -> "WorkingMouth | None":
    from omnilive.speech.mouth import load_mouth

    return load_mouth(config.speech)


def _load_end_of_turn(config: "SessionConfig") -> "TurnJudge | None":
    from omnilive.dialogue.end_of_turn import load_end_of_turn

    return load_end_of_turn(config.dialogue)


def _load_senses(config: "SessionConfig") -> "Senses":
    from omnilive.perception.senses import load_senses

    return load_senses(config.perception)


def _load_live(config: "SessionConfig") -> "LiveHost | None":
    from omnilive.live.load import load_host

    return load_host(config.live)


def _load_mind(config: "SessionConfig") -> "Mind":
    from omnilive.reasoning.mind import Mind

    mind = Mind(config)
    _ = mind.embedder  # loads it, which would else hold up the event loop
    return mind
