"""The event log as server-sent events, from a cursor; and what is too fresh to be in the log."""

import asyncio
import contextlib
import json
import logging
import math
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from omnilive.core.clock import stopwatch
from omnilive.core.errors import StoreError
from omnilive.memory.base import LogEntry
from omnilive.memory.store import Store
from omnilive.server.errors import Refusal
from omnilive.server.hub import Hub
from omnilive.server.limits import refuse_full
from omnilive.server.routing import SESSION, SSE_EVENT, HubDep, errors

logger = logging.getLogger(__name__)
router = APIRouter(tags=["events"])

POLL_S = 0.25
MAX_SEQ = 2**53  # beyond it, neither browsers nor the store count on
KEEP_ALIVE_S = 15.0
LINES = 500  # read from the log at once
PARTIALS = 32  # kept for a client that is slow to read
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@router.get(
    SESSION + "/events", response_class=StreamingResponse,
    responses=errors(429) | {
        200: {
            "description": "`id: SEQ`, `event: TYPE`, `data: JSON`; a partial caption has no id",
            "content": {"text/event-stream": {"schema": SSE_EVENT}},
        }
    },
)  # fmt: skip
async def follow_events(
    id: str,
    hub: HubDep,
    after: Annotated[
        int, Query(ge=0, le=MAX_SEQ, description="the last sequence number already known")
    ] = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Send the log after a sequence number, and go on as it grows, until the client leaves."""
    limit = hub.server.event_streams_max
    refuse_full(hub.listener_count, limit, "event streams open", "event_streams_max")
    await hub.read(id, Store.last_seq)  # unknown or damaged: said before the stream begins
    if last_event_id is not None and last_event_id.isdecimal():
        after = max(after, int(last_event_id) if len(last_event_id) < 16 else MAX_SEQ)
    return StreamingResponse(
        _stream(hub, id, after), media_type="text/event-stream", headers=STREAM_HEADERS
    )


class Partials:
    """Partial captions on their way to one client: the newest of each utterance, and few."""

    def __init__(self, capacity: int = PARTIALS) -> None:
        self._capacity = capacity
        self._lines: dict[int, dict[str, Any]] = {}
        self._final: deque[int] = deque(maxlen=256)
        self._wake = asyncio.Event()

    def hear(self, line: Mapping[str, Any]) -> None:
        """Take what a session tells; only partials are kept, the log brings the rest."""
        if line["seq"] is None and line["id"] not in self._final:
            self._lines.pop(line["id"], None)
            self._lines[line["id"]] = {k: v for k, v in line.items() if k != "seq"}
            while len(self._lines) > self._capacity:
                del self._lines[next(iter(self._lines))]
        self._wake.set()

    def settle(self, entry: LogEntry) -> None:
        """Forget the partials of what is final: they may not come after it."""
        id = entry.body.get("id")
        if entry.type == "percept" and isinstance(id, int):
            self._final.append(id)
            self._lines.pop(id, None)

    def take(self) -> list[dict[str, Any]]:
        """Return and forget what is waiting."""
        lines, self._lines = list(self._lines.values()), {}
        return lines

    async def wait(self, timeout_s: float) -> None:
        """Return when the session has told something, after `timeout_s` at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        self._wake.clear()


def sse(event: str, data: Mapping[str, Any], seq: int | None = None) -> str:
    """Return one server-sent event."""
    id = "" if seq is None else f"id: {seq}\n"
    return f"{id}event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


async def _stream(hub: Hub, name: str, after: int) -> AsyncIterator[str]:
    partials = Partials()
    began_s = spoke_s = stopwatch()
    longest_s = hub.server.event_stream_max_s or math.inf
    yield "retry: 1000\n\n"
    with hub.listening(name, partials.hear):
        while not hub.closing and stopwatch() - began_s < longest_s:
            try:
                entries = await hub.read(name, Store.log_after, after, LINES)
            except Refusal:
                return  # the session was deleted
            except StoreError as error:
                logger.error("events of %s: %s", name, error)
                return
            for entry in entries:
                partials.settle(entry)
                yield sse(entry.type, _line(entry), entry.seq)
                after = entry.seq
            waiting = partials.take() if len(entries) < LINES else []
            for line in waiting:
                yield sse(line["type"], line)
            if entries or waiting:
                spoke_s = stopwatch()
            elif stopwatch() - spoke_s >= KEEP_ALIVE_S:
                spoke_s = stopwatch()
                yield ": keep-alive\n\n"
            if len(entries) < LINES:
                await partials.wait(POLL_S)


def _line(entry: LogEntry) -> dict[str, Any]:
    return {"seq": entry.seq, "t": round(entry.t, 3), "type": entry.type, **entry.body}
