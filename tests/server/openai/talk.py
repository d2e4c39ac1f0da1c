"""A protocol on a line without a session: what it is told and asked is the test's own script."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import cv2
import numpy as np

from omnilive.core.events import Answer, Evidence
from omnilive.dialogue.base import (
    AudioDelta,
    DialogueEvent,
    Latency,
    ResponseDone,
    ResponseStarted,
    TextDelta,
)
from omnilive.dialogue.config import DialogueConfig
from omnilive.server.openai.realtime import RealtimeProtocol
from tests.server.openai.wire import check

TONE = (0.5 * np.sin(np.arange(2400) / 5)).astype(np.float32)  # 0.1 s at 24 kHz
ANSWER = Answer(
    session="s", t=9.0, question="who?", text="A cat.", supported=True, model="computed",
    evidence=(Evidence(id=3, kind="object", start_s=1.0, end_s=2.0, text="cat appeared"),),
)  # fmt: skip
APPEND = {"type": "input_audio_buffer.append", "audio": base64.b64encode(b"\0\0" * 4800).decode()}


class FakeSink:
    """Keeps what it is given; `room_s` of sound fit."""

    def __init__(self) -> None:
        self.now_t = 100.0
        self.room_s = 60.0
        self.sound: list[tuple[np.ndarray, int]] = []
        self.pictures: list[np.ndarray] = []
        self.is_hungry = True

    def push_audio(self, pcm: np.ndarray, rate_hz: int) -> bool:
        self.room_s -= len(pcm) / rate_hz
        self.sound.append((pcm, rate_hz))
        return self.room_s >= 0

    def push_picture(self, picture: np.ndarray) -> bool:
        self.pictures.append(picture)
        return True

    def wants_picture(self) -> bool:
        return self.is_hungry


class FakeTalk:
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.briefed: dict[str, Any] = {}

    def commit(self) -> None:
        self.calls.append(("commit", None))

    def clear_input(self) -> None:
        self.calls.append(("clear_input", None))

    def respond(self, text: str | None = None, **more: Any) -> None:
        self.calls.append(("respond", {"text": text, **more}))

    def cancel(self, reason: str = "") -> None:
        self.calls.append(("cancel", reason))

    def truncate(self, heard_s: float) -> None:
        self.calls.append(("truncate", heard_s))

    def brief(self, **what: Any) -> None:
        self.briefed = what

    def update(self, config: DialogueConfig) -> None:
        self.calls.append(("update", config))


class FakeLine:
    def __init__(self) -> None:
        self.source, self.conversation = FakeSink(), FakeTalk()
        self.ended = asyncio.Event()
        self.is_closed = False

    async def settle(self) -> None:
        pass

    async def close(self) -> None:
        self.is_closed = True


class Bench:
    """A running protocol; every event that it sends is checked against the official types."""

    def __init__(self, **more: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        self.line = FakeLine()
        self.opened = 0
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.failure: Exception | None = None
        self.protocol = RealtimeProtocol(
            self._send, self._open, session="s", dialogue=DialogueConfig(), voice="hibari", **more
        )

    @property
    def calls(self) -> list[tuple[str, Any]]:
        return self.line.conversation.calls

    def types(self) -> list[str]:
        """The types of the events since the last look."""
        types = [event["type"] for event in self.sent]
        self.sent.clear()
        return types

    def only(self, type: str) -> dict[str, Any]:
        """The one event of this type since the last look."""
        (event,) = [event for event in self.sent if event["type"] == type]
        return event

    async def send(self, *events: dict[str, Any] | str | bytes) -> None:
        """Hand events in and let them be dealt with."""
        for event in events:
            self.protocol.handle(event)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(200):
            await asyncio.sleep(0.001)
            if not self.protocol._inbox:
                break
        await asyncio.sleep(0.01)

    async def fail(self, event: dict[str, Any] | str | bytes) -> dict[str, Any]:
        """Hand in an event that must be answered by one error and nothing else; return it."""
        self.sent.clear()
        await self.send(event)
        assert [e["type"] for e in self.sent] == ["error"], self.sent
        error = self.sent.pop()["error"]
        assert error["message"] and error["type"] in ("invalid_request_error", "server_error")
        return error

    def tell(self, *events: DialogueEvent) -> None:
        for event in events:
            self.protocol.tell(event)

    def _send(self, event: dict[str, Any]) -> None:
        event = json.loads(json.dumps(event))
        check(event)
        self.sent.append(event)

    async def _open(self, protocol: RealtimeProtocol) -> FakeLine:
        self.opened += 1
        await self.may_open.wait()
        if self.failure is not None:
            raise self.failure
        return self.line


@asynccontextmanager
async def bench(**more: Any) -> AsyncIterator[Bench]:
    made = Bench(**more)
    made.protocol.start()
    work = asyncio.create_task(made.protocol.run())
    try:
        yield made
    finally:
        await made.protocol.close()
        await work


def typed(text: str, **more: Any) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content, **more}
    return {"type": "conversation.item.create", "item": item}


def jpeg(width: int = 32, height: int = 24) -> bytes:
    rgb = np.full((height, width, 3), 90, np.uint8)
    return cv2.imencode(".jpg", rgb)[1].tobytes()


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def answer_aloud(b: Bench, generation: int = 1, reason: Any = "turn", status: Any = "completed"):
    b.tell(
        ResponseStarted(t=9.0, generation=generation, reason=reason, question="who?"),
        TextDelta(t=9.1, generation=generation, text="A cat."),
        AudioDelta(t=9.2, generation=generation, pcm=TONE, rate_hz=24000, text="A cat."),
        ResponseDone(
            t=9.9, generation=generation, status=status, text="A cat.", heard="A cat.",
            heard_s=0.1, answer=ANSWER, latency=Latency(first_audio_s=0.8), reason=reason,
        ),
    )  # fmt: skip
