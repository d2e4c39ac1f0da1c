from pathlib import Path

import av
import pytest

from omnilive.memory.library import Library
from tests.made import a_file
from tests.server.client import Api, error_of, served

pytestmark = pytest.mark.anyio


async def test_a_clip_of_a_file(api: Api, clip: str, tmp_path: Path) -> None:
    path = await api.session()
    await api.watched(path, clip)
    await api.watched(path, str(Path(clip).parent / "." / "clip.mp4"))  # the same once more
    sources = await api.sources(path)
    at_s = sources[1]["offset_s"]
    response = await api.get(f"{path}/clip.mp4?start_s={at_s + 0.5}&end_s={at_s + 1.5}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "video/mp4"
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["cache-control"] == "private, no-cache" and response.headers["etag"]
    (tmp_path / "got.mp4").write_bytes(response.content)
    with av.open(str(tmp_path / "got.mp4")) as container:
        assert container.duration == pytest.approx(1e6, rel=0.06)
    part = await api.get(
        f"{path}/clip.mp4?start_s={at_s + 0.5}&end_s={at_s + 1.5}", headers={"Range": "bytes=0-9"}
    )
    assert part.status_code == 206 and part.content == response.content[:10]


@pytest.mark.parametrize(
    "query", ["", "start_s=1", "start_s=2&end_s=1", "start_s=1&end_s=1", "start_s=-1&end_s=1",
              "start_s=nan&end_s=1", "start_s=0&end_s=inf", "start_s=0&end_s=301",
              "start_s=x&end_s=1"],
)  # fmt: skip
async def test_bad_spans(api: Api, query: str) -> None:
    path = await api.session()
    status, code = error_of(await api.get(f"{path}/clip.mp4?{query}"))
    assert status == 422 and code in ("span", "invalid")


async def test_what_was_not_recorded(library: Library, clip: str) -> None:
    store = library.create("s")
    store.put_source(a_file(url="rtsp://camera/a", kind="network", duration_s=None, state="ended"))
    store.put_source(a_file(url="/gone/away.mp4", state="ended"))
    store.close()
    async with served(library, clip_max_s=5.0) as api:
        for query in ("start_s=1&end_s=2", "start_s=500&end_s=502"):
            assert error_of(await api.get(f"/s/clip.mp4?{query}")) == (404, "not_recorded")
        assert error_of(await api.get("/s/clip.mp4?start_s=0&end_s=6")) == (422, "span")
        unknown = await api.get("/none/clip.mp4?start_s=0&end_s=1")
        assert error_of(unknown) == (404, "unknown_session")


async def test_few_clips_are_kept_and_none_stays_behind(library: Library, clip: str) -> None:
    async with served(library) as api:
        path = await api.session()
        await api.watched(path, clip)
        for i in range(10):
            span = f"start_s={i / 10}&end_s={i / 10 + 0.2}"
            assert (await api.get(f"{path}/clip.mp4?{span}")).status_code == 200
        folder = api.app.state.clips._folder
        assert len(list(folder.iterdir())) == 8
        await api.delete(path)
        assert list(folder.iterdir()) == []
    assert not folder.exists()
