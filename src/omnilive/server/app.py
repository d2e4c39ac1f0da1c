"""The HTTP server: `create_app` puts its parts together, `run` serves it until told to stop."""

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI

from omnilive import __version__
from omnilive.memory.library import Library
from omnilive.server import (
    about,
    across,
    ask,
    clips,
    control,
    events,
    health,
    memory,
    metrics,
    sessions,
    sources,
    watches,
)
from omnilive.server.address import is_private, listen, web_address
from omnilive.server.aging import Aging
from omnilive.server.config import ServerConfig
from omnilive.server.couriers import Couriers
from omnilive.server.errors import answer_errors
from omnilive.server.guard import Guard
from omnilive.server.hub import Hub
from omnilive.server.openai import chat, models
from omnilive.server.openai import socket as realtime
from omnilive.server.page import Page
from omnilive.server.permits import restricted
from omnilive.server.tokens import lock
from omnilive.server.webrtc import whip
from omnilive.server.webrtc.peers import Peers

if TYPE_CHECKING:
    from omnilive.config import SessionConfig

DRAIN_S = 8  # requests under way have this long to finish when the server stops
STOP_S = 45.0  # the process ends this long after a signal, come what may
# Answers to pings wait behind what a client sends: a call whose line is slow to open, or whose
# client is busy, is no dead one.
SOCKET_PATIENCE_S = 60.0
LINGER_S = 2.0  # and this soon once all is stored: threads may still load or compute


def create_app(
    config: "SessionConfig", library: Library | None = None, server: ServerConfig | None = None
) -> FastAPI:
    """Return the ASGI app. `server` defaults to the settings and OMNILIVE_TOKEN.

    Sessions are stopped and stored when the app's lifespan ends.
    """
    server = server or ServerConfig.from_environment(config.server)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.couriers.start()
        app.state.aging.start()
        yield
        await app.state.aging.close()
        await app.state.peers.close()
        await app.state.couriers.close()
        await app.state.hub.close()
        app.state.clips.close()

    app = FastAPI(
        title="OmniLive",
        version=__version__,
        summary="Watches, remembers and answers with time-stamped evidence.",
        lifespan=lifespan,
        docs_url=None,  # these pages load scripts from other sites
        redoc_url=None,
    )
    library = library or Library.default(config.memory.store)
    app.state.hub = Hub(restricted(config, server), library, server)
    app.state.peers = Peers(app.state.hub)
    app.state.couriers = Couriers(app.state.hub)
    app.state.aging = Aging(app.state.hub)
    app.state.clips = clips.Clips()
    for part in (
        about,
        whip,
        health,
        metrics,
        sessions,
        sources,
        ask,
        events,
        memory,
        control,
        clips,
    ):
        app.include_router(part.router)
    for part in (across, watches, models, chat, realtime):
        app.include_router(part.router)
    app.router.default = Page()  # not mounted: a known path with a wrong method stays a 405
    answer_errors(app)
    app.add_middleware(Guard, config=server)
    return app


def run(
    config: "SessionConfig", host: str = "127.0.0.1", port: int = 8080, *, new_token: bool = False
) -> None:
    """Serve until SIGINT or SIGTERM; then all that was perceived is stored before it returns.

    Where others can reach it and no token is given, one is made at the first start, shown on
    standard error, and asked for from then on; `new_token` makes another. Raises ConfigError
    when the address cannot be used, or when the token that is given is too short.
    """
    library = Library.default(config.memory.store)
    server = ServerConfig.from_environment(config.server)
    with listen(host, port) as listening:
        is_open = is_private(listening) and not new_token
        server, made = lock(server, library.root, is_open=is_open, new_token=new_token)
        app = create_app(config, library, server)
        settings = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # addresses may hold a token
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=DRAIN_S,
            ws_ping_timeout=SOCKET_PATIENCE_S,
        )
        address = web_address(host, listening)
        said = f"OmniLive serves on {address} (Ctrl-C stops it)"
        if made:
            said += f"\nIts token, shown this once: {made}\nIn a browser: {address}/?token={made}"
        elif server.is_locked:
            said += "\nIt asks for its token; `omnilive serve --new-token` makes another"
        print(said, file=sys.stderr, flush=True)
        _Server(settings, app.state.hub).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends event streams and sources at the first signal, while other requests are finished."""

    def __init__(self, settings: uvicorn.Config, hub: Hub) -> None:
        super().__init__(settings)
        self._hub = hub

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to load the models once the address answers."""
        await super().startup(sockets)
        if self._hub.server.preload:
            self._hub.shared.preload()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; a second Ctrl-C does not wait. The signal is not raised again afterwards."""
        if not self._hub.closing:
            _exit_in(STOP_S, 1)
        self._hub.closing = True
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop the sources at once: whoever sent the signal may not wait long."""
        await asyncio.gather(super().shutdown(sockets), self._hub.stop_all())
        _exit_in(LINGER_S, 0)


def _exit_in(wait_s: float, code: int) -> None:
    """End the process then if it has not ended by itself.

    Python waits for threads that cannot be broken off, such as one that loads a model on a busy
    machine, for as long as that takes. The stores are safe: they survive a process that is killed.
    """
    timer = threading.Timer(wait_s, os._exit, (code,))
    timer.daemon = True
    timer.start()
