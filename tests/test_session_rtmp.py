"""A session on a real RTMP stream of a real clip that is cut off and comes back."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from omnilive.memory.library import Library
from omnilive.session import Session
from tests.fakes import FAKE_CONFIG, fake_senses
from tests.media.servers import Publisher, RtmpServer, missing_for_rtmp

SAMPLE = Path(__file__).parent.parent / "examples" / "sample.mp4"

pytestmark = [
    pytest.mark.rtmp,
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_for_rtmp()), reason=f"not installed: {missing_for_rtmp()}"),
]


async def until(is_so: Callable[[], bool], limit_s: float = 60.0) -> None:
    async with asyncio.timeout(limit_s):
        while not is_so():  # noqa: ASYNC110  (the store has no events to wait for)
            await asyncio.sleep(0.1)


def test_a_session_goes_on_after_a_cut_and_says_what_is_missing(tmp_path: Path) -> None:
    async def watch(server: RtmpServer) -> None:
        publisher = Publisher(SAMPLE, server.url)
        await asyncio.sleep(2.0)
        senses = fake_senses()
        library = Library(tmp_path / "sessions")
        try:
            async with Session.open(
                "porch", FAKE_CONFIG, library=library, senses=senses
            ) as session:
                watching = asyncio.create_task(session.watch(server.url))
                await until(lambda: bool(session.pipelines) and session.pipelines[0].t > 3)
                publisher.kill()
                log = session.store.log_after
                lost = ("stalled", "reconnecting")
                await until(lambda: any(line.body.get("state") in lost for line in log(0)))
                publisher = Publisher(SAMPLE, server.url)
                await until(lambda: any(line.type == "gap" for line in log(0)))
                (gap,) = [line for line in log(0) if line.type == "gap"]
                end_s = gap.body["end_s"]
                await until(lambda: session.pipelines[0].progress.video_t > end_s + 1)
                assert not watching.done()
                session.stop()
                await watching
                assert 0 < end_s - gap.body["start_s"] < 40 and gap.body["reason"]
                scenes = session.store.facts(kinds=("scene",))
                assert scenes[0].end_s <= gap.body["start_s"] + 1  # what was seen before the cut
                assert scenes[-1].start_s >= end_s - 0.1  # and after it
        finally:
            publisher.kill()
            senses.close()

    with RtmpServer(tmp_path / "nginx") as server:
        asyncio.run(watch(server))
