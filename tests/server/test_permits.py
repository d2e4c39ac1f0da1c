from pathlib import Path

import pytest

from omnilive.core.errors import ConfigError
from omnilive.memory.library import Library
from omnilive.settings import load_settings
from tests.media.servers import FileServer
from tests.server.client import Api, error_of, served

pytestmark = pytest.mark.anyio
TOKEN = "a-long-random-text"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def add(api: Api, url: str) -> tuple[int, str]:
    body = {"url": url, "pace": "fast"}
    await api.http.post("/v1/sessions", json={"id": "s"}, headers=BEARER)
    response = await api.http.post("/v1/sessions/s/sources", json=body, headers=BEARER)
    await api.at_rest("/s")
    return (201, "") if response.status_code == 201 else error_of(response)


async def test_clients_with_a_token_watch_only_files_of_certain_folders(
    library: Library, clip: str, tmp_path: Path
) -> None:
    async with served(library, token=TOKEN) as api:
        assert await add(api, clip) == (403, "folder")
        assert await add(api, "/no/such/file.mp4") == (403, "folder")
        files = {"file": ("a.mp4", Path(clip).read_bytes())}  # noqa: ASYNC240
        response = await api.http.post("/v1/sessions/s/sources", files=files, headers=BEARER)
        assert response.status_code == 201
        await api.at_rest("/s")
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "link.mp4").symlink_to(clip)
    async with served(library, token=TOKEN, source_folders=[str(tmp_path / "open")]) as api:
        assert await add(api, str(tmp_path / "open" / "link.mp4")) == (403, "folder")
        assert await add(api, str(tmp_path / "open" / ".." / "x.mp4")) == (403, "folder")
    async with served(library, token=TOKEN, source_folders=[str(Path(clip).parent)]) as api:
        assert await add(api, str(tmp_path / "open" / "link.mp4")) == (201, "")


async def test_clients_with_a_token_switch_on_no_camera(library: Library) -> None:
    async with served(library, token=TOKEN) as api:
        assert await add(api, "device:/dev/none") == (403, "device")
    async with served(library, token=TOKEN, allow_devices=True) as api:
        assert await add(api, "device:/dev/none") == (422, "source")


async def test_clients_with_a_token_watch_no_private_addresses(library: Library, clip: str) -> None:
    with FileServer(Path(clip)) as there:
        async with served(library, token=TOKEN) as api:
            response = await api.http.post("/v1/sessions", json={"id": "s"}, headers=BEARER)
            body = {"url": there.url}
            response = await api.http.post("/v1/sessions/s/sources", json=body, headers=BEARER)
            assert error_of(response) == (422, "source")
            assert "server.allow_private_sources=true" in response.text and not there.requests
        for more in ({"allow_private_sources": True}, {"source_networks": ["127.0.0.0/8"]}):
            async with served(library, token=TOKEN, **more) as api:
                assert await add(api, there.url) == (201, "")
        async with served(library) as api:
            assert await add(api, there.url) == (201, "")
        async with served(library, allow_private_sources=False) as api:
            assert await add(api, there.url) == (422, "source")


def test_networks_are_checked() -> None:
    with pytest.raises(ConfigError, match="server.source_networks"):
        load_settings(sets=['server.source_networks=["192.168.1.0/99"]'])
