from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.media.clips import write_clip
from tests.server.client import Api, until
from tests.server.webrtc.caller import Caller, Clip, Voice

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("webrtc") / "clip.mp4"
    return write_clip(
        path, seconds=2.0, size=(320, 180), audio=False, video_codec="libx264", format="h264",
        options={"bsf": "h264_mp4toannexb"},
    )  # fmt: skip


@pytest.fixture
async def path(api: Api) -> AsyncIterator[str]:
    yield await api.session()


async def test_a_camera_and_a_microphone_are_perceived(api: Api, path: str, clip: Path) -> None:
    caller = Caller(api.http, path)
    voice = Voice()
    response = await caller.call([Clip(clip), voice], hears=True, label="kitchen")
    assert response.status_code == 201 and response.headers["content-type"] == "application/sdp"
    assert response.headers["location"].startswith("/v1/sessions/s/whip/")
    (source,) = await api.sources(path)
    assert source["url"] == "push:kitchen" and source["kind"] == "push"
    assert source["has_video"] and source["has_audio"]
    pipeline = api.hub.watch_of("s", 1).pipeline
    await until(lambda: pipeline.source.decoded > 20 and pipeline.audio_s > 1.0)
    (source,) = await api.sources(path)
    assert source["connection"]["state"] == "connected"
    assert source["connection"]["packets_received"] > 50
    await caller.hang_up()
    await api.at_rest(path)
    (source,) = await api.sources(path)
    assert source["state"] == "ended" and source["connection"] is None
