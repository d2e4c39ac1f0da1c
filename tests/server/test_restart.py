"""A server is stopped or killed in mid-conversation and started again: nothing is lost."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from omnilive.memory.library import Library
from omnilive.server.webrtc import ice
from tests.server.client import PATIENCE_S, events_in
from tests.server.webrtc.caller import Caller, Voice

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
SERVER = """
from omnilive.server.app import run
from omnilive.server.webrtc import ice
from omnilive.speech.config import SpeechConfig
from tests.server.client import NO_MODELS
with ice.loopback():
    run(NO_MODELS.model_copy(update={"speech": SpeechConfig(voice="off")}), port=0)
"""


class Process:
    """A server in a process of its own."""

    def __init__(self, library: Library) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            env={**os.environ, "OMNILIVE_DATA": str(library.root), "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.child.stderr is not None
        line = self.child.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + self.child.stderr.read()
        self.url = found[0]

    def end(self, sig: int) -> tuple[int, str]:
        self.child.send_signal(sig)
        _, said = self.child.communicate(timeout=30)
        return self.child.returncode, said


@asynccontextmanager
async def running(library: Library) -> AsyncIterator[Process]:
    process = await asyncio.to_thread(Process, library)
    try:
        yield process
    finally:
        if process.child.poll() is None:
            process.child.kill()
            process.child.communicate()


def socket_of(process: Process) -> Any:
    address = process.url.replace("http", "ws", 1)
    return websockets.connect(f"{address}/v1/realtime?session=s", open_timeout=PATIENCE_S)


async def say(socket: Any, text: str) -> str:
    """Type something; return the answer."""
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    await socket.send(json.dumps({"type": "conversation.item.create", "item": item}))
    response = {"output_modalities": ["text"]}
    await socket.send(json.dumps({"type": "response.create", "response": response}))
    async with asyncio.timeout(PATIENCE_S):
        while (event := json.loads(await socket.recv()))["type"] != "response.done":
            assert event["type"] != "error", event
    (message,) = event["response"]["output"]
    return message["content"][0]["text"]


async def log_of(process: Process, after: int, until: str) -> list[dict[str, Any]]:
    """Return the lines after a cursor, up to the first that is said by an assistant so."""
    lines: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url=process.url, timeout=PATIENCE_S) as http:
        async with http.stream("GET", f"/v1/sessions/s/events?after={after}") as stream:
            async with asyncio.timeout(PATIENCE_S):
                async for event in events_in(stream.aiter_lines()):
                    if "id" in event:
                        lines.append(event["data"])
                        if lines[-1]["type"] == until and lines[-1].get("role") != "user":
                            return lines
    raise AssertionError(lines)


async def test_killed_in_mid_conversation_it_goes_on(library: Library) -> None:
    library.create("s").close()
    async with running(library) as process:
        async with socket_of(process) as socket:
            assert await say(socket, "What do you see?")
            before = await log_of(process, 0, "turn")
            cursor = before[-1]["seq"]
            assert await say(socket, "And what was that?")  # its lines the client never gets
            await log_of(process, cursor, "turn")
            await asyncio.to_thread(process.end, signal.SIGKILL)
    async with running(library) as process:
        async with httpx.AsyncClient(base_url=process.url, timeout=PATIENCE_S) as http:
            facts = (await http.get("/v1/sessions/s")).json()
            assert facts["last_seq"] > cursor and not facts["running"]
        missed = await log_of(process, cursor, "turn")
        async with socket_of(process) as socket:
            assert await say(socket, "Are you back?")
        later = await log_of(process, missed[-1]["seq"], "turn")
    store = library.open("s")
    kept = [line.seq for line in store.log_after(0)]
    turns = [line.body for line in store.log_of("turn")]
    assert store.check() == "ok"
    store.close()
    seen = [line["seq"] for line in before + missed + later]
    assert seen == sorted(set(seen)) and seen == kept[: len(seen)]
    asked = [turn["text"] for turn in turns if turn["role"] == "user"]
    assert asked == ["What do you see?", "And what was that?", "Are you back?"]
    assert len([turn for turn in turns if turn["role"] == "assistant"]) == 3


async def test_a_stop_ends_calls_peers_and_streams_in_good_time(library: Library) -> None:
    library.create("s").close()
    async with running(library) as process:
        async with (
            httpx.AsyncClient(base_url=process.url, timeout=PATIENCE_S) as http,
            socket_of(process) as socket,
            http.stream("GET", "/v1/sessions/s/events") as stream,
        ):
            json.loads(await socket.recv())
            with ice.loopback():
                caller = Caller(http, "/s")
                assert (await caller.call([Voice()])).status_code == 201
            await asyncio.sleep(1.0)
            ending = asyncio.create_task(asyncio.to_thread(process.end, signal.SIGTERM))
            async with asyncio.timeout(PATIENCE_S):
                _ = [line async for line in stream.aiter_lines()]
                await socket.wait_closed()
                assert await ending == (0, "")
            assert socket.close_code in (1001, 1012)  # going away, or service restart
            await caller.pc.close()
    store = library.open("s")
    assert {row.state for row in store.sources()} <= {"ended", "interrupted"}
    assert store.check() == "ok"
    store.close()
