"""A WHIP sender that is not ours."""

import asyncio
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from aiortc.rtcdtlstransport import generate_certificate
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from omnilive.memory.library import Library
from tests.server.client import listening, until
from tests.server.webrtc import ffmpeg_sender
from tests.server.webrtc.conftest import SILENT
from tests.server.webrtc.test_whip import all_gone, seconds_of

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(90),
    pytest.mark.skipif("whip" not in av.formats_available, reason="this FFmpeg has no WHIP muxer"),
]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    (tmp_path / "key.pem").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    (tmp_path / "cert.pem").write_bytes(generate_certificate(key).public_bytes(pem))
    return str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")


@pytest.mark.slow
async def test_ffmpeg_publishes_by_its_whip_muxer(
    library: Library, certificate: tuple[str, str]
) -> None:
    async with listening(library, SILENT) as api:
        path = await api.session()
        url = f"{str(api.http.base_url).rstrip('/')}/v1/sessions{path}/whip?label=ffmpeg"
        sender = await asyncio.create_subprocess_exec(
            sys.executable, ffmpeg_sender.__file__, url, *certificate, "5"
        )
        await until(lambda: bool(api.hub.lines.open), 30)
        (line,) = api.hub.lines.open
        got: list[np.ndarray] = []
        push = line.source.push_audio

        def record(pcm: np.ndarray, rate_hz: int) -> bool:
            got.append(pcm)
            return push(pcm, rate_hz)

        line.source.push_audio = record  # type: ignore[method-assign]
        assert await asyncio.wait_for(sender.wait(), 40) == 0
        await all_gone(api, path)  # it said good-bye by DELETE
        assert line.source.decoded > 50
        assert seconds_of(np.concatenate(got), ffmpeg_sender.TONE_HZ) > 3.5
        (source,) = await api.sources(path)
        assert (source["url"], source["state"]) == ("push:ffmpeg", "ended")
        assert source["has_video"] and source["has_audio"]
