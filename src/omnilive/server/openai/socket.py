"""`WS /v1/realtime`: the Realtime protocol over a WebSocket, sound and pictures as events."""

import asyncio
import contextlib
import json
import logging
from collections import deque
from typing import Any

from fastapi import APIRouter, WebSocket
from fastapi.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect

from omnilive.server.hub import Hub
from omnilive.server.line import Line
from omnilive.server.openai.items import new_id
from omnilive.server.openai.models import PREFIX, find_session
from omnilive.server.openai.problems import Problem, described
from omnilive.server.openai.realtime import RealtimeProtocol

logger = logging.getLogger(__name__)
router = APIRouter()

SUBPROTOCOL = "realtime"
OUTBOX_MAX_BYTES = 8 * 2**20  # a minute and a half of sound, as base64
GOING_AWAY, TRY_LATER = 1001, 1013
POLL_S = 0.25  # how often it is looked whether the server stops
PARTING_S = 1.0  # a client that does not read may hold up its own closing this long


@router.websocket("/v1/realtime")
async def realtime(socket: WebSocket) -> None:
    """Converse with the session that `session`, or `model` as omnilive:SESSION, names."""
    hub: Hub = socket.app.state.hub
    try:
        name = _session_of(hub, socket)
    except Problem as error:
        status, detail = described(error)
        await socket.send_denial_response(JSONResponse({"error": detail}, status))
        return
    offered = socket.scope.get("subprotocols", [])
    await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
    await Call(hub, name, socket).run()


class Outbox:
    """Events on their way to one client. When full it says so, and takes no more."""

    def __init__(self, max_bytes: int = OUTBOX_MAX_BYTES) -> None:
        self.is_full = False
        self._max_bytes, self._bytes = max_bytes, 0
        self._texts: deque[str] = deque()
        self._wake = asyncio.Event()

    def put(self, event: dict[str, Any]) -> None:
        """Queue an event."""
        text = json.dumps(event, ensure_ascii=False)
        self.is_full = self.is_full or self._bytes + len(text) > self._max_bytes
        if not self.is_full:
            self._texts.append(text)
            self._bytes += len(text)
        self._wake.set()

    async def take(self) -> str | None:
        """Return the next event as JSON; None when the client has read too little."""
        while not self._texts and not self.is_full:
            self._wake.clear()
            await self._wake.wait()
        if self.is_full:
            return None
        text = self._texts.popleft()
        self._bytes -= len(text)
        return text

    def rest(self) -> list[str]:
        """Return what still waits."""
        texts, self._texts = list(self._texts), deque()
        return [] if self.is_full else texts


class Call:
    """One client of /v1/realtime, from its first event to its last."""

    def __init__(self, hub: Hub, name: str, socket: WebSocket) -> None:
        self._hub, self._name, self._socket = hub, name, socket
        self._outbox = Outbox()
        self._protocol = RealtimeProtocol(
            self._outbox.put, self._open, session=name, dialogue=hub.config.dialogue,
            voice=hub.config.speech.voice, responses_per_minute=hub.server.asks_per_minute,
        )  # fmt: skip

    async def run(self) -> None:
        """Serve the client until it leaves, does not read, or the server stops."""
        self._protocol.start()
        parts = [self._read(), self._write(), self._protocol.run(), self._look_out()]
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for error in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(error, Exception) and not isinstance(error, WebSocketDisconnect):
                    logger.error("session %s: realtime", self._name, exc_info=error)
            await self._part(has_left=_is_over(tasks[0]) or _is_over(tasks[1], by_leaving=True))
            await self._protocol.close()

    async def _read(self) -> None:
        """Take what comes until the client has left."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            self._protocol.handle(text if text is not None else message.get("bytes") or b"")
            await self._protocol.wait_for_room()

    async def _write(self) -> None:
        while (text := await self._outbox.take()) is not None:
            await self._socket.send_text(text)

    async def _look_out(self) -> None:
        is_closing = False
        while not is_closing:
            await asyncio.sleep(POLL_S)
            is_closing = self._hub.closing
        self._protocol.go_away("the server is stopping")

    async def _part(self, has_left: bool) -> None:
        """Say good-bye, to whom it can be said."""
        if has_left:
            return
        code = GOING_AWAY if self._hub.closing else TRY_LATER
        reason = self._protocol.fate or "events were not read"
        with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(PARTING_S):
                for text in self._outbox.rest():
                    await self._socket.send_text(text)
                await self._socket.close(code, "the server is stopping" if code == 1001 else reason)

    async def _open(self, protocol: RealtimeProtocol) -> Line:
        return await Line.open(
            self._hub, self._name, label=new_id("realtime"), has_video=True, has_audio=True,
            output=protocol.speaker, tell=protocol.tell, dialogue=protocol.dialogue(),
        )  # fmt: skip


def _is_over(task: asyncio.Task[None], *, by_leaving: bool = False) -> bool:
    """Tell whether a part of a call has ended by itself, or because the client had left."""
    if task.cancelled():
        return False
    has_left = isinstance(task.exception(), WebSocketDisconnect)
    return has_left if by_leaving else True


def _session_of(hub: Hub, socket: WebSocket) -> str:
    name, model = socket.query_params.get("session"), socket.query_params.get("model")
    return find_session(hub, PREFIX + name if name is not None else model or "")
