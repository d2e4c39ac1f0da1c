import asyncio
from pathlib import Path

import pytest

from omnilive.config import SessionConfig
from omnilive.memory.base import SourceRow
from omnilive.memory.library import Library, Writing
from tests.media.clips import write_clip
from tests.server.client import Api, error_of, served

pytestmark = pytest.mark.anyio


async def test_a_file_is_watched(api: Api, clip: str) -> None:
    path = await api.session()
    first = await api.watch(path, clip)
    assert first["id"] == 1 and first["url"] == clip and first["kind"] == "file"
    assert first["has_video"] and first["has_audio"] and first["playable"]
    assert first["offset_s"] == 0 and first["duration_s"] == pytest.approx(2.0, abs=0.1)
    await api.at_rest(path)
    (source,) = await api.sources(path)
    assert source["state"] == "ended" and source["position_s"] == source["duration_s"]


async def test_a_second_file_joins_behind_the_first(api: Api, clip: str) -> None:
    path = await api.session()
    await api.watched(path, clip)
    await api.watched(path, clip)
    first, second = await api.sources(path)
    assert second["id"] == 2 and second["offset_s"] == pytest.approx(first["duration_s"], abs=0.1)


async def test_the_pace_of_a_file_is_fast_when_none_is_given(api: Api, long_clip: str) -> None:
    path = await api.session()
    response = await api.post(f"{path}/sources", {"url": long_clip})
    assert response.status_code == 201
    await api.until_seen(path, 20.0)  # within PATIENCE_S, long before a minute has passed
    assert (await api.delete(f"{path}/sources/1")).status_code == 204


async def test_stop_and_go_on(api: Api, long_clip: str) -> None:
    path = await api.session()
    source = await api.watch(path, long_clip, "live")
    assert source["state"] == "watching"
    await api.until_seen(path, 0.5)
    assert (await api.delete(f"{path}/sources/1")).status_code == 204
    (source,) = await api.sources(path)
    assert source["state"] == "interrupted" and 0.5 <= source["position_s"] < 30
    assert (await api.delete(f"{path}/sources/1")).status_code == 204  # over is over
    await api.at_rest(path)
    again = await api.watch(path, long_clip, "live")
    assert again["id"] == 1 and again["position_s"] >= source["position_s"]


async def test_unknown_source(api: Api) -> None:
    path = await api.session()
    assert error_of(await api.delete(f"{path}/sources/1")) == (404, "unknown_source")
    assert error_of(await api.get(f"{path}/sources/1/media")) == (404, "not_playable")
    assert error_of(await api.delete(f"{path}/sources/x")) == (422, "invalid")


async def test_what_cannot_be_opened_says_why(api: Api, tmp_path: Path) -> None:
    path = await api.session()
    (tmp_path / "diary.mp4").write_text("Dear diary, " * 100)
    for url, reason in (
        (tmp_path / "none.mp4", "no such file"),
        (tmp_path, "is a folder"),
        (tmp_path / "diary.mp4", "is a text file"),
        ("gopher://x", "is not a kind of source"),
        (" ", "is no source"),
    ):
        response = await api.post(f"{path}/sources", {"url": str(url), "pace": "fast"})
        assert error_of(response) == (422, "source")
        assert reason in response.json()["error"]["message"]
    assert await api.sources(path) == [] and not api.hub.running
    assert (await api.json(path))["running"] is False


async def test_an_unreachable_stream_says_why(api: Api, unused_tcp_port: int) -> None:
    path = await api.session()
    url = f"http://127.0.0.1:{unused_tcp_port}/live.ts"
    assert error_of(await api.post(f"{path}/sources", {"url": url})) == (422, "source")


@pytest.mark.parametrize(
    "body", [{}, {"url": ""}, {"url": "a", "pace": "slow"}, {"url": "a", "x": 1}, [], None]
)
async def test_bad_bodies(api: Api, body: object) -> None:
    path = await api.session()
    response = await api.post(f"{path}/sources", body, headers={"content-type": "application/json"})
    assert error_of(response) == (422, "invalid")


async def test_other_media_types_are_refused(api: Api) -> None:
    path = await api.session()
    response = await api.http.post(f"/v1/sessions{path}/sources", content=b"url=a.mp4")
    assert error_of(response) == (415, "media_type")


async def test_nothing_runs_beside_a_file(api: Api, clip: str, long_clip: str) -> None:
    path = await api.session()
    await api.watch(path, long_clip, "live")
    for url in (clip, long_clip, "http://127.0.0.1:9/x"):
        response = await api.post(f"{path}/sources", {"url": url})
        assert error_of(response) == (409, "busy")
        assert "is watching" in response.json()["error"]["message"]
    assert len(await api.sources(path)) == 1


async def test_two_sessions_at_once(api: Api, long_clip: str) -> None:
    paths = [await api.session(name) for name in ("a", "b")]
    await asyncio.gather(*(api.watch(path, long_clip, "live") for path in paths))
    await asyncio.gather(*(api.until_seen(path, 0.5) for path in paths))
    assert set(api.hub.running) == {"a", "b"}
    senses = {id(running.session._senses) for running in api.hub.running.values()}
    assert len(senses) == 1


async def test_a_missing_model_says_what_to_type(
    library: Library, clip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNILIVE_HOME", str(tmp_path / "home"))
    async with served(library, SessionConfig()) as api:
        path = await api.session()
        response = await api.post(f"{path}/sources", {"url": clip})
        assert error_of(response) == (503, "backend")
        assert "omnilive models pull" in response.json()["error"]["message"]
        ready = await api.http.get("/readyz")
        assert error_of(ready) == (503, "backend") and "whisper-base" in ready.text


def _row(url: str, state: str) -> SourceRow:
    return SourceRow(
        id=0, url=url, kind="file", offset_s=0.0, duration_s=None, has_video=True, has_audio=False,
        state=state,
    )  # fmt: skip


async def test_what_a_killed_process_left_is_interrupted(api: Api, library: Library) -> None:
    path = await api.session()
    store = library.open("s")
    store.put_source(_row("/a.mp4", "watching"))
    store.close()
    assert (await api.sources(path))[0]["state"] == "interrupted"
    with Writing(library.folder("s")):  # as another process would
        assert (await api.sources(path))[0]["state"] == "watching"


async def test_shutdown_stores_what_was_perceived(library: Library, long_clip: str) -> None:
    async with served(library) as api:
        path = await api.session()
        await api.watch(path, long_clip, "live")
        await api.until_seen(path, 1.0)
    store = library.open("s")
    assert store.check() == "ok"
    assert store.sources()[0].state == "interrupted" and store.sources()[0].video_s >= 1.0
    store.close()
    with Writing(library.folder("s")):
        pass  # nobody holds it any more


async def test_media_whole_and_in_parts(api: Api, clip: str) -> None:
    path = await api.session()
    await api.watched(path, clip)
    data = await asyncio.to_thread(Path(clip).read_bytes)
    url = f"{path}/sources/1/media"
    whole = await api.get(url)
    assert whole.status_code == 200 and whole.content == data
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    for asked, part in (("0-99", data[:100]), ("100-", data[100:]), ("-50", data[-50:])):
        response = await api.get(url, headers={"Range": f"bytes={asked}"})
        assert response.status_code == 206 and response.content == part
    response = await api.get(url, headers={"Range": f"bytes={len(data)}-"})
    assert response.status_code == 416


async def test_only_playable_files_of_this_session_are_sent(
    api: Api, library: Library, tmp_path: Path
) -> None:
    path = await api.session()
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    store = library.open("s")
    for url in (str(secret), str(tmp_path / "gone.mp4"), str(tmp_path)):
        store.put_source(_row(url, "ended"))
    store.close()
    assert [source["playable"] for source in await api.sources(path)] == [False] * 3
    for n in (1, 2, 3, 4, 0, -1):
        assert error_of(await api.get(f"{path}/sources/{n}/media")) == (404, "not_playable")


async def test_sound_alone_is_playable(api: Api, tmp_path: Path) -> None:
    write_clip(tmp_path / "a.wav", video=False, audio_codec="pcm_s16le", seconds=1.0)
    path = await api.session()
    source = await api.watch(path, str(tmp_path / "a.wav"))
    assert source["playable"] and not source["has_video"]
    assert (await api.get(f"{path}/sources/1/media")).headers["content-type"] == "audio/wav"
