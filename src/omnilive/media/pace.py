"""Plays items at the speed of a clock instead of as fast as they come."""

from collections.abc import AsyncIterator

from omnilive.core.clock import Clock
from omnilive.core.events import AudioChunk, Gap
from omnilive.media.base import Item


async def paced(items: AsyncIterator[Item], clock: Clock, start_t: float) -> AsyncIterator[Item]:
    """Hand each item on when the clock, which starts at 0, has come to its end minus `start_t`.

    A chunk of sound is ready only when its last sample has been played, as from a microphone.
    """
    async for item in items:
        end_t = item.end_t if isinstance(item, AudioChunk | Gap) else item.t
        await clock.sleep_until(end_t - start_t)
        yield item
