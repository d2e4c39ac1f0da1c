import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import numpy as np

from omnilive.core.clock import ManualClock
from omnilive.core.events import AudioChunk, Gap, VideoFrame
from omnilive.media.base import Item
from omnilive.media.open import open_source
from omnilive.media.pace import paced
from tests.media.clips import write_clip


class RushingClock(ManualClock):
    """Every sleeper is served at once, and noted."""

    async def sleep_until(self, t: float) -> None:
        self.advance(max(0.0, t - self.now()))


async def each(items: Iterable[Item]) -> AsyncIterator[Item]:
    for item in items:
        yield item


def test_an_item_waits_for_its_end() -> None:
    async def scene() -> None:
        pcm = np.zeros(1600, np.float32)
        items = [
            VideoFrame(t=10.0, rgb=np.zeros((2, 2, 3), np.uint8)),
            AudioChunk(t=10.0, pcm=pcm, rate_hz=16000),
            Gap(t=10.1, end_t=12.0, reason="test"),
        ]
        clock = ManualClock()
        play = paced(each(items), clock, 10.0)
        assert await anext(play) is items[0]
        for item, ready_s in ((items[1], 0.1), (items[2], 2.0)):
            waiting = asyncio.ensure_future(anext(play))
            clock.advance(ready_s - clock.now() - 0.01)
            await asyncio.sleep(0.01)
            assert not waiting.done()
            clock.advance(0.02)
            assert await waiting is item

    asyncio.run(scene())


def test_live_and_fast_choose_the_same(tmp_path: Path) -> None:
    path = str(write_clip(tmp_path / "a.mp4", stamps_s=[i / 13 for i in range(26)]))
    fast = list(open_source(path).items())

    async def live() -> list[Item]:
        source = open_source(path)
        return [item async for item in paced(each(source.items()), RushingClock(), 0.0)]

    slow = asyncio.run(live())
    assert [(type(item), item.t) for item in slow] == [(type(item), item.t) for item in fast]
