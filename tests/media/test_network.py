import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from omnilive.core.errors import SourceError
from omnilive.core.events import AudioChunk, Gap, SourceHealth, VideoFrame
from omnilive.media.base import Item, MediaConfig
from omnilive.media.container import masked
from omnilive.media.open import open_source
from omnilive.media.stream import StreamSource
from omnilive.media.wire import Request
from tests.media.clips import chunks_of, frames_of, pitch_hz, write_clip
from tests.media.servers import (
    FileServer,
    Publisher,
    RtmpServer,
    SilentServer,
    free_port,
    missing_for_rtmp,
)

QUICK = MediaConfig(backoff_s=0.1, backoff_max_s=0.2, stall_s=2.0, give_up_s=3.0)


def states(items: list[Item]) -> list[str]:
    return [item.state for item in items if isinstance(item, SourceHealth)]


def take_until(items: Iterator[Item], wanted: Callable[[Item], bool]) -> list[Item]:
    taken = []
    for item in items:
        taken.append(item)
        if wanted(item):
            break
    return taken


def assert_in_order(items: list[Item]) -> None:
    for kind in (VideoFrame, AudioChunk):
        times = [item.t for item in items if isinstance(item, kind)]
        assert times == sorted(set(times))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://me:s3cret@host/a", "rtsp://me:***@host/a"),
        ("rtsp://me:p@ss@host/a", "rtsp://me:***@host/a"),
        ("http://host/a?token=s3cret&x=1", "http://host/a?token=***&x=1"),
        ("srt://host:1?passphrase=s3cret", "srt://host:1?passphrase=***"),
        ("rtmp://host/live/a?api_key=s3cret#b", "rtmp://host/live/a?api_key=***#b"),
        ("rtsp://host/a:b@c", "rtsp://host/a:b@c"),
    ],
)
def test_secrets_are_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize("scheme", ["http", "rtmp", "rtsp"])
def test_unreachable_host_fails_fast_without_the_password(scheme: str) -> None:
    url = f"{scheme}://me:s3cret@127.0.0.1:{free_port()}/live/a"
    with pytest.raises(SourceError, match="refused: check host and port") as caught:
        open_source(url)
    assert "s3cret" not in str(caught.value) and "me:***@" in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "rtmp", "rtsp"])
def test_silent_server_fails_within_the_time_to_connect(scheme: str) -> None:
    config = MediaConfig(connect_s=1.5)
    with SilentServer() as server:
        start = time.monotonic()
        with pytest.raises(SourceError, match="check"):
            open_source(f"{scheme}://127.0.0.1:{server.port}/live/a", config)
        assert time.monotonic() - start < 3.0


def test_unknown_host_is_named() -> None:
    with pytest.raises(SourceError, match="host not found.*check the address"):
        open_source("http://no-such-host.invalid/a.mp4")


def test_unknown_protocol_of_this_build_says_so() -> None:
    with pytest.raises(SourceError, match="check|offer the stream"):
        open_source(f"srt://127.0.0.1:{free_port()}", MediaConfig(connect_s=2.0))


def test_http_error_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"not media at all, but long enough to be looked at" * 50)
    with (
        FileServer(tmp_path / "a.mp4") as server,
        pytest.raises(SourceError, match="not audio or video"),
    ):
        open_source(server.url)


def test_http_playlist_cannot_reach_files(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.ts", audio_codec="mp2")
    playlist = tmp_path / "a.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXTINF:2,\nfile://{clip}\n#EXT-X-ENDLIST\n")
    with FileServer(playlist) as server, pytest.raises(SourceError):
        open_source(server.url, MediaConfig(connect_s=4.0))


def test_http_file_plays_to_its_end(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", options={"movflags": "faststart"})
    with FileServer(path) as server:
        source = open_source(server.url, offset_s=100.0)
        assert source.info.kind == "network" and not source.info.live
        items = list(source.items())
    assert states(items) == ["live", "ended"]
    assert [frame.t for frame in frames_of(items)] == [100.0 + i / 4 for i in range(8)]
    local = frames_of(open_source(str(path)).items())
    for a, b in zip(frames_of(items), local, strict=True):
        np.testing.assert_array_equal(a.rgb, b.rgb)
    assert pitch_hz(chunks_of(items)) == pytest.approx(440, abs=2)
    assert source.decoded == 40 and source.dropped == 0


@pytest.mark.parametrize("stall", [False, True])
def test_http_file_that_breaks_is_resumed(tmp_path: Path, stall: bool) -> None:
    path = write_clip(
        tmp_path / "a.mp4", seconds=8.0, size=(320, 240), options={"movflags": "faststart"}
    )
    with FileServer(path, path.stat().st_size // 2, stall) as server:
        items = []
        for item in open_source(server.url, QUICK).items():
            items.append(item)
            if isinstance(item, SourceHealth) and item.state == "reconnecting":
                server.revive()
    broken = ["stalled", "reconnecting"] if stall else ["reconnecting"]
    assert states(items)[:1] == ["live"] and states(items)[-2:] == ["live", "ended"]
    assert set(broken) <= set(states(items))
    assert [frame.t for frame in frames_of(items)] == [i / 4 for i in range(32)]
    assert_in_order(items)
    assert not [item for item in items if isinstance(item, Gap)]
    assert sum(len(chunk.pcm) for chunk in chunks_of(items)) / 16000 == pytest.approx(8, abs=0.2)


def test_stream_that_stays_away_is_given_up(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "a.mp4", seconds=8.0, size=(320, 240), options={"movflags": "faststart"}
    )
    items = []
    with FileServer(path, path.stat().st_size // 2) as server:
        source = open_source(server.url, QUICK.model_copy(update={"give_up_s": 1.0}))
        with pytest.raises(SourceError, match=r"ended at t = \d.*what was seen is kept: check"):
            for item in source.items():
                items.append(item)
    assert len(frames_of(items)) > 4


def lavfi(config: MediaConfig, graph: str = "testsrc=size=64x48:rate=20") -> StreamSource:
    request = Request(name=graph, format="lavfi", live=True, config=config)
    return StreamSource("test", "device", request)


def test_slow_reader_loses_old_pictures_and_no_order() -> None:
    source = lavfi(MediaConfig(max_fps=20.0))
    items = source.items()
    next(items)
    time.sleep(1.5)
    taken = take_until(items, lambda item: item.t > 30)
    source.close()
    assert source.dropped > 0
    assert_in_order(taken)


def test_close_from_another_thread_ends_the_items() -> None:
    source = lavfi(MediaConfig(), "testsrc=size=64x48:rate=20,realtime")
    threading.Timer(0.5, source.close).start()
    start = time.monotonic()
    list(source.items())
    assert time.monotonic() - start < 5.0
    source.close()


def test_killed_child_is_replaced() -> None:
    source = lavfi(QUICK, "testsrc=size=64x48:rate=20,realtime")
    items = source.items()
    take_until(items, lambda item: isinstance(item, VideoFrame))
    assert source._connection
    os.kill(source._connection.pid, signal.SIGKILL)
    taken = take_until(items, lambda item: isinstance(item, Gap))
    source.close()
    assert states(taken) == ["reconnecting", "live"]
    assert "died" in taken[-1].reason and taken[-1].end_t > taken[-1].t


def test_child_dies_with_its_parent() -> None:
    code = (
        "import time\n"
        "from tests.media.test_network import lavfi\n"
        "from omnilive.media.base import MediaConfig\n"
        "source = lavfi(MediaConfig(), 'testsrc=size=64x48:rate=20,realtime')\n"
        "print(source._connection.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5.0
    while Path(f"/proc/{child}/cmdline").exists() and time.monotonic() < deadline:
        if not Path(f"/proc/{child}/cmdline").read_bytes():
            break  # a zombie that nobody has reaped yet
        time.sleep(0.05)
    assert time.monotonic() < deadline


@pytest.mark.rtmp
@pytest.mark.skipif(bool(missing_for_rtmp()), reason=f"not installed: {missing_for_rtmp()}")
def test_rtmp_stream_that_is_cut_comes_back(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "a.flv", seconds=4.0, video_codec="libx264", rate_hz=44100, keyframe_every=10
    )
    config = MediaConfig(backoff_s=0.1, backoff_max_s=0.3, stall_s=3.0, connect_s=8.0)
    with RtmpServer(tmp_path / "nginx") as server:
        publisher = Publisher(clip, server.url)
        try:
            time.sleep(1.0)
            source = open_source(server.url, config, offset_s=50.0)
            assert source.info.live and source.info.has_video and source.info.has_audio
            items = source.items()
            before = take_until(items, lambda item: isinstance(item, AudioChunk))
            before += take_until(items, lambda item: item.t > before[-1].t + 1.5)
            publisher.kill()
            away = take_until(items, lambda item: getattr(item, "state", "") == "reconnecting")
            publisher = Publisher(clip, server.url)
            back = take_until(items, lambda item: isinstance(item, Gap))
            after = take_until(items, lambda item: item.t > back[-1].end_t + 1.5)
        finally:
            publisher.kill()
            source.close()
    everything = before + away + back + after
    assert_in_order(everything)
    assert before[0].state == "live" and frames_of(before) and chunks_of(before)
    gap = back[-1]
    assert states(back)[-1] == "live"
    assert gap.t == pytest.approx(max(i.t for i in frames_of(before + away)), abs=1.0)
    assert 0.0 < gap.end_t - gap.t < 15.0 and "connection lost" in gap.reason
    assert frames_of(after) and chunks_of(after)
    assert pitch_hz(chunks_of(after)) == pytest.approx(440, abs=8)
