"""What the stages do when they cannot keep up."""

import asyncio
from typing import Any

import numpy as np

from omnilive.core.channel import Channel, Overflow
from omnilive.core.events import VideoFrame
from omnilive.core.trace import SpanTotals, Tracer
from omnilive.core.worker import Worker
from omnilive.perception.config import LookConfig
from omnilive.perception.continuation import Continuation
from omnilive.perception.stages import Page, Progress, watch
from omnilive.perception.video.look import Eye

DARK, LIGHT = (np.full((36, 64, 3), value, np.uint8) for value in (10, 240))


def test_a_cut_is_told_with_the_page_that_takes_the_place_of_the_one_that_showed_it() -> None:
    async def run() -> list[Page]:
        pictures: Channel[Any] = Channel("pictures", 20)
        pages: Channel[Any] = Channel("pages", 1, Overflow.DROP_OLDEST)
        worker = Worker("eye")
        for i, rgb in enumerate([DARK, DARK, DARK, LIGHT, LIGHT, LIGHT]):
            rgb = rgb.copy()
            rgb[0, 0] = i
            await pictures.put(VideoFrame(t=2.0 * i, rgb=rgb))
        await pictures.close()
        eye = Eye(LookConfig(), None, None)
        percepts: Channel[Any] = Channel("percepts", 100)
        await watch(
            pictures, pages, percepts, eye, worker, Progress(), Tracer(SpanTotals()),
            Continuation(),
        )  # fmt: skip
        worker.close()
        assert pages.dropped == 5
        return [page async for page in pages]

    (page,) = asyncio.run(run())
    assert page.t == 10.0 and page.is_cut
