import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from omnilive.memory.library import Library
from tests.media.clips import write_clip
from tests.server.client import Api, served


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "sessions")


@pytest.fixture
async def api(library: Library) -> AsyncIterator[Api]:
    async with served(library) as api:
        yield api


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """clip.mp4 of 2 s, and long.mp4, which takes a minute at live pace."""
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "clip.mp4", seconds=2.0)
    write_clip(folder / "long.mp4", seconds=60.0, size=(32, 32))
    return folder


@pytest.fixture
def clip(clips: Path) -> str:
    return str(clips / "clip.mp4")


@pytest.fixture
def long_clip(clips: Path) -> str:
    return str(clips / "long.mp4")


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as port:
        return port.getsockname()[1]
