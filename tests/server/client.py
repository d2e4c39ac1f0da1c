"""A server without models for tests (perception off, answers scripted), and a client of it."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from omnilive.config import MemoryConfig, SessionConfig
from omnilive.memory.library import Library
from omnilive.perception.senses import PerceptionConfig
from omnilive.reasoning.config import ReasoningConfig
from omnilive.server.app import create_app
from omnilive.server.config import ServerConfig
from omnilive.server.hub import Hub

NO_MODELS = SessionConfig(
    perception=PerceptionConfig(
        vad="off", asr="off", sounds="off", objects="off", tags="off", text="off"
    ),
    memory=MemoryConfig(embedder="off"),
    reasoning=ReasoningConfig(backend="scripted", script=("It was a test.",) * 20),
)
PATIENCE_S = 20


class Api:
    """The calls of the tests; paths begin below /v1/sessions."""

    def __init__(self, app: FastAPI, http: httpx.AsyncClient) -> None:
        self.app, self.http = app, http
        self.hub: Hub = app.state.hub

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.get(f"/v1/sessions{path}", **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return await self.http.post(f"/v1/sessions{path}", json=body, **more)

    async def delete(self, path: str) -> httpx.Response:
        return await self.http.delete(f"/v1/sessions{path}")

    async def json(self, path: str, **more: Any) -> Any:
        response = await self.get(path, **more)
        assert response.status_code == 200, response.text
        return response.json()

    async def session(self, name: str = "s") -> str:
        assert (await self.post("", {"id": name})).status_code == 201
        return f"/{name}"

    async def watch(self, path: str, url: str, pace: str = "fast") -> dict[str, Any]:
        response = await self.post(f"{path}/sources", {"url": url, "pace": pace})
        assert response.status_code == 201, response.text
        return response.json()

    async def sources(self, path: str) -> list[dict[str, Any]]:
        return (await self.json(f"{path}/sources"))["sources"]

    async def watched(self, path: str, url: str) -> None:
        """Watch a file to its end, and until the session is let go."""
        await self.watch(path, url)
        await self.at_rest(path)
        assert (await self.sources(path))[-1]["state"] == "ended"

    async def at_rest(self, path: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until the session is let go."""
        name = path.removeprefix("/")
        await until(lambda: name not in self.hub.running, patience_s)

    async def until_seen(self, path: str, position_s: float) -> None:
        """Wait until the newest source is perceived up to there."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if (await self.sources(path))[-1]["position_s"] >= position_s:
                    return
                await asyncio.sleep(0.05)


async def until(claim: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(patience_s):
        while True:
            if claim():
                return
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def served(
    library: Library, config: SessionConfig = NO_MODELS, **server: Any
) -> AsyncIterator[Api]:
    """The app in this event loop, without a socket."""
    app = create_app(config, library, ServerConfig(**server))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http,
    ):
        yield Api(app, http)


@contextlib.asynccontextmanager
async def listening(
    library: Library, config: SessionConfig = NO_MODELS, **server: Any
) -> AsyncIterator[Api]:
    """The app on a real port: for streams, and for connections that break."""
    app = create_app(config, library, ServerConfig(**server))
    with socket.create_server(("127.0.0.1", 0)) as port:
        url = f"http://127.0.0.1:{port.getsockname()[1]}"
        server_ = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        serving = asyncio.create_task(server_.serve(sockets=[port]))
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as http:
            yield Api(app, http)
        app.state.hub.closing = True
        server_.should_exit = True
        await serving


def error_of(response: httpx.Response) -> tuple[int, str]:
    """Status and code of an answer that must be an error of the one shape."""
    assert set(response.json()) == {"error"}, response.text
    error = response.json()["error"]
    assert set(error) == {"code", "message"} and error["message"]
    return response.status_code, error["code"]


async def events_in(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
    """Each server-sent event as {"id", "event", "data"}."""
    event: dict[str, Any] = {}
    async for line in lines:
        if not line:
            if "data" in event:
                yield event
            event = {}
        elif not line.startswith((":", "retry:")):
            key, _, value = line.partition(": ")
            event[key] = json.loads(value) if key == "data" else value
