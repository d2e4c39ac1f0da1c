"""Pictures that are given along with a question: looked at by the senses, or left to the model."""

import asyncio
from dataclasses import replace

from omnilive.core.errors import ConfigError
from omnilive.core.events import Percept
from omnilive.perception.config import PerceptionConfig
from omnilive.perception.senses import Senses
from omnilive.perception.still import decoded, glimpse
from omnilive.reasoning.ask import Ask

MAX_PICTURES = 8  # with one question


async def shown(ask: Ask, senses: Senses, config: PerceptionConfig, *, sees: bool) -> Ask:
    """Return the question with what its pictures hold, unless the model `sees` by itself.

    Raises ConfigError for what is no picture, or too large, or too many.
    """
    if len(ask.pictures) > MAX_PICTURES:
        raise ConfigError(f"{len(ask.pictures)} pictures: send {MAX_PICTURES} at most")
    pictures = [await asyncio.to_thread(decoded, picture) for picture in ask.pictures]
    if sees:
        return ask
    found: list[Percept] = []
    for rgb in pictures:
        found += await glimpse(senses, config, rgb, ask.t or 0.0)
    return replace(ask, glimpse=found)
