"""DELETE /v1/sessions/{id}/memory: a span is gone from the answers, the page and the disk."""

from pathlib import Path

import pytest

from omnilive.memory.library import Library
from tests.made import a_file, put, said
from tests.server.client import Api, error_of, served

pytestmark = pytest.mark.anyio


async def forget(api: Api, query: str) -> dict:
    response = await api.delete(f"/s/memory?{query}")
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_span_is_forgotten(library: Library) -> None:
    store = library.create("s")
    store.put_source(a_file(url="camera", kind="network", duration_s=None, video_s=60.0))
    store.update_source(1, video_s=60.0, audio_s=60.0)
    put(store, said("the code is zanzibar", 10), said("hello", 30))
    for i in range(2):
        store.put_moment(i * 20.0, i * 20.0 + 20, ["said: the code is zanzibar", "said: hello"][i])
    store.put_keyframe(11.0, b"a picture of a face")
    store.close()
    async with served(library) as api:
        assert len((await api.json("/s/search?q=zanzibar"))["results"]) >= 1
        told = []
        with api.hub.listening("s", told.append):
            found = await forget(api, "start_s=5&end_s=15")
        assert found["facts"] == 1 and found["keyframes"] == 1 and found["wiped"]
        assert found["kept"] == found["deleted"] == []
        assert (await api.json("/s/search?q=zanzibar"))["results"] == []
        assert [m["text"] for m in (await api.json("/s/timeline"))["moments"]] == ["said: hello"]
        assert error_of(await api.get("/s/keyframes/1.jpg")) == (404, "unknown_keyframe")
        everything = [p.read_bytes() for p in library.folder("s").rglob("*") if p.is_file()]
        assert not any(b"zanzibar" in data or b"a face" in data for data in everything)
        facts = await api.json("/s")
        assert facts["last_seq"] == 1 and facts["duration_s"] == 60.0


async def test_an_upload_that_is_forgotten_cannot_be_played(api: Api, clip: str) -> None:
    path = await api.session()
    data = Path(clip).read_bytes()  # noqa: ASYNC240
    files = {"file": ("holiday.mp4", data)}
    response = await api.http.post("/v1/sessions/s/sources", files=files)
    assert response.status_code == 201
    await api.at_rest(path)
    assert (await api.get("/s/clip.mp4?start_s=0.5&end_s=1")).status_code == 200
    assert (await forget(api, "start_s=0.5&end_s=1"))["kept"] == ["holiday.mp4"]
    assert (await api.sources(path))[0]["playable"] is False
    assert error_of(await api.get("/s/sources/1/media")) == (404, "not_playable")
    assert error_of(await api.get("/s/clip.mp4?start_s=0.8&end_s=1.2")) == (404, "forgotten")
    assert (await api.get("/s/clip.mp4?start_s=1.1&end_s=1.6")).status_code == 200
    assert (await forget(api, "start_s=0&end_s=1000"))["deleted"] == ["holiday.mp4"]
    assert list((api.hub.library.folder("s") / "uploads").iterdir()) == []
    assert error_of(await api.get("/s/clip.mp4?start_s=1.1&end_s=1.6")) == (404, "forgotten")


async def test_a_session_forgets_while_it_is_watching(api: Api, long_clip: str) -> None:
    path = await api.session()
    await api.watch(path, long_clip, "live")
    await api.until_seen(path, 1.5)
    await forget(api, "start_s=0&end_s=1")
    position_s = (await api.sources(path))[0]["position_s"]
    await api.until_seen(path, position_s + 0.5)
    (source,) = await api.sources(path)
    assert source["state"] == "watching" and source["dropped"] == 0 and source["lag_s"] < 5
    lines = await api.hub.read("s", lambda store: store.log_of("forgotten"))
    assert [line.body for line in lines] == [{"start_s": 0.0, "end_s": 1.0}]


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 422), ("start_s=1", 422), ("start_s=nan&end_s=2", 422), ("start_s=-1&end_s=2", 422),
     ("start_s=2&end_s=1", 400), ("start_s=1&end_s=2", 400), ("start_s=1&end_s=2&uploads=x", 422)],
)  # fmt: skip
async def test_bad_spans(api: Api, query: str, status: int) -> None:
    path = await api.session()
    assert error_of(await api.delete(f"{path}/memory?{query}"))[0] == status
    assert error_of(await api.delete("/none/memory?start_s=0&end_s=1"))[0] == 404
