import asyncio
import errno
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from omnilive.memory.library import Library
from tests.server.client import Api, error_of, listening, served, until

pytestmark = pytest.mark.anyio


async def send(api: Api, path: str, name: str, data: bytes) -> httpx.Response:
    return await api.http.post(f"/v1/sessions{path}/sources", files={"file": (name, data)})


def uploads(library: Library) -> list[str]:
    folder = library.root / "s" / "uploads"
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []


@pytest.fixture
def data(clip: str) -> bytes:
    return Path(clip).read_bytes()


async def test_a_file_is_kept_with_its_session(api: Api, library: Library, data: bytes) -> None:
    path = await api.session()
    sent = await send(api, path, "my cat.mp4", data)
    assert sent.status_code == 201 and sent.json()["url"].endswith("/s/uploads/my_cat.mp4")
    await api.at_rest(path)
    assert (await api.get(f"{path}/sources/1/media")).content == data
    again = await send(api, path, "my cat.mp4", data)
    assert again.status_code == 201
    assert uploads(library) == ["my_cat-1.mp4", "my_cat.mp4"]
    assert (await api.delete(path)).status_code == 204
    assert uploads(library) == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [("../../evil.mp4", "evil.mp4"), ("C:\\videos\\a.mp4", "a.mp4"), ("..", "upload"),
     ("猫.mp4", "猫.mp4"), (".bashrc", "bashrc"), ("a" * 300 + ".mp4", "a" * 80 + ".mp4")],
)  # fmt: skip
async def test_names_are_made_harmless(
    api: Api, library: Library, data: bytes, name: str, kept: str
) -> None:
    path = await api.session()
    assert (await send(api, path, name, data)).status_code == 201
    assert uploads(library) == [kept]


async def test_no_media_leaves_nothing(api: Api, library: Library) -> None:
    path = await api.session()
    for data in (b"Dear diary, " * 100, bytes(1000), b""):
        assert error_of(await send(api, path, "a.mp4", data)) == (422, "source")
    assert uploads(library) == [] and await api.sources(path) == []


async def test_too_large(library: Library, data: bytes) -> None:
    async with served(library, upload_max_bytes=len(data)) as api:
        path = await api.session()
        assert error_of(await send(api, path, "a.mp4", data + b"x")) == (413, "too_large")
        assert error_of(await send(api, path, "a.mp4", data + bytes(2**17))) == (413, "too_large")
        assert uploads(library) == []
        assert (await send(api, path, "a.mp4", data)).status_code == 201


async def test_too_large_without_a_stated_length(library: Library) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(1000):
            yield bytes(2**16)

    async with served(library, upload_max_bytes=2**20) as api:
        path = await api.session()
        response = await api.http.post(
            f"/v1/sessions{path}/sources",
            content=endless(),
            headers={"content-type": "multipart/form-data; boundary=b"},
        )
        assert error_of(response) == (413, "too_large")
        assert uploads(library) == []


HEAD = b'--b\r\ncontent-disposition: form-data; name="%s"; filename="a.mp4"\r\n\r\n'


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [("multipart/form-data", b"", (400, "cut_off")),
     ("multipart/form-data; boundary=b", b"no form", (400, "malformed")),
     ("multipart/form-data; boundary=b", HEAD % b"file" + b"data", (400, "cut_off")),
     ("multipart/form-data; boundary=b", HEAD % b"other" + b"\r\n--b--\r\n", (422, "invalid")),
     ("multipart/form-data; boundary=" + "b" * 500, b"", (400, "malformed"))],
)  # fmt: skip
async def test_bad_forms(
    api: Api, library: Library, content_type: str, body: bytes, expected: tuple[int, str]
) -> None:
    path = await api.session()
    response = await api.http.post(
        f"/v1/sessions{path}/sources", content=body, headers={"content-type": content_type}
    )
    assert error_of(response) == expected
    assert uploads(library) == []


async def test_the_first_file_of_several_is_taken(api: Api, library: Library, data: bytes) -> None:
    path = await api.session()
    files = [("note", (None, b"hello")), ("file", ("a.mp4", data)), ("file", ("b.mp4", b"x"))]
    response = await api.http.post(f"/v1/sessions{path}/sources", files=files)
    assert response.status_code == 201 and uploads(library) == ["a.mp4"]


async def test_cut_off_midway_leaves_nothing(library: Library) -> None:
    async with listening(library) as api:
        path = await api.session()
        url = api.http.base_url
        _, writer = await asyncio.open_connection(url.host, url.port)
        head = (
            f"POST /v1/sessions{path}/sources HTTP/1.1\r\nHost: {url.host}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n"
        )
        writer.write(head.encode() + HEAD % b"file" + bytes(2_000_000))
        await writer.drain()
        await until(lambda: uploads(library) != [])
        writer.close()
        await until(lambda: uploads(library) == [])
        assert await api.sources(path) == []


async def test_full_disk(
    api: Api, library: Library, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = await api.session()
    monkeypatch.setattr(Path, "rename", full)
    assert error_of(await send(api, path, "a.mp4", data)) == (507, "disk_full")
    assert uploads(library) == []
