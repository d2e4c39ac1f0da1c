"""Writes the turns of one line into the log, in order, without making anyone wait."""

import asyncio
import logging
from dataclasses import replace

from omnilive.core.clock import Clock
from omnilive.dialogue.base import Brain, Turn
from omnilive.dialogue.heard import Script

GRACE_S = 0.5  # a client may still say how much it played
logger = logging.getLogger(__name__)


class Notes:
    """Turns are few, so that the queue needs no bound: each one cost a person some words."""

    def __init__(self, brain: Brain, clock: Clock) -> None:
        self._brain, self._clock = brain, clock
        self._held: tuple[Turn, Script] | None = None
        self._last: asyncio.Task[None] | None = None
        self._grace: asyncio.Task[None] | None = None

    def add(self, turn: Turn) -> None:
        """Write a turn after those before it."""
        self._let_go()
        self._write(turn)

    def hold(self, turn: Turn, script: Script) -> None:
        """Write the assistant's turn soon: until then `correct` may change what was heard."""
        self._let_go()
        self._held = (turn, script)
        self._grace = asyncio.create_task(self._after_grace())

    def drop(self) -> None:
        """Never write the turn that is held."""
        self._held = None

    def correct(self, heard_s: float) -> None:
        """The turn that is held was heard only so far."""
        if self._held is not None:
            turn, script = self._held
            self._held = (replace(turn, text=script.heard(heard_s), interrupted=True), script)

    async def settled(self) -> None:
        """Return when all turns so far are in the log."""
        self._let_go()
        if self._last is not None:
            await asyncio.shield(self._last)

    async def close(self) -> None:
        """Write what is left."""
        await self.settled()

    def _let_go(self) -> None:
        if self._grace is not None and self._grace is not asyncio.current_task():
            self._grace.cancel()
        self._grace = None
        if self._held is not None:
            (turn, _), self._held = self._held, None
            if turn.text:
                self._write(turn)

    async def _after_grace(self) -> None:
        await self._clock.sleep_until(self._clock.now() + GRACE_S)
        self._let_go()

    def _write(self, turn: Turn) -> None:
        self._last = asyncio.create_task(self._written(turn, self._last))

    async def _written(self, turn: Turn, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await self._brain.note_turn(turn)
        except Exception:  # the dialogue goes on although a line of it is lost
            logger.exception("a turn could not be noted")
