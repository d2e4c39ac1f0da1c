"""A server whose session hears scripted words, and callers of its realtime socket."""

import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from openai import AsyncOpenAI

from omnilive.dialogue.config import DialogueConfig
from omnilive.memory.library import Library
from omnilive.reasoning.config import ReasoningConfig
from tests.fakes import FAKE_CONFIG, fake_senses
from tests.server.client import Api, listening
from tests.server.openai.wire import check
from tests.story import Line, speak

PATIENCE_S = 20
RATE_HZ = 24000
SCRIPT = ("The red car came first.", "Then a bus.", "And a dog.") * 5


class FakeMouth:
    """A tone as long as the text has letters; keeps what it was given to say."""

    name, languages, rate_hz = "fake", ("en",), 24000
    letter_s = 0.02

    def __init__(self) -> None:
        self.said: list[str] = []

    def can_say(self, text: str) -> bool:
        return text.isascii()

    async def say(self, text: str) -> AsyncIterator[np.ndarray]:
        self.said.append(text)
        yield np.full(round(self.letter_s * len(text) * self.rate_hz), 0.25, np.float32)

    def close(self) -> None:
        pass


@contextlib.asynccontextmanager
async def conversing(
    library: Library, *, script: tuple[str, ...] = SCRIPT, letter_s: float = 0.02,
    dialogue: DialogueConfig = DialogueConfig(end_of_turn="silence", max_delay_s=0.4),  # noqa: B008
    **server: Any,
) -> AsyncIterator[Api]:  # fmt: skip
    """A server with a session "s", whose models are fakes."""
    reasoning = ReasoningConfig(backend="scripted", script=script)
    config = FAKE_CONFIG.model_copy(update={"reasoning": reasoning, "dialogue": dialogue})
    library.create("s").close()
    async with listening(library, config, **server) as api:
        mouth = FakeMouth()
        mouth.letter_s = letter_s
        shared: Any = api.hub.shared
        shared._senses, shared._has_voice, shared._voice = fake_senses(), True, mouth
        yield api


class Caller:
    """One connection of the official client; every event that comes is checked."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.events: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        event = json.loads(await self.connection.recv_bytes())
        check(event)
        self.events.append(event)
        return event

    async def until(self, type: str) -> dict[str, Any]:
        """Return the next event of a type; an error on the way is one of ours."""
        while True:
            event = await self.next()
            if event["type"] == type:
                return event
            assert event["type"] != "error", event

    def of(self, type: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == type]

    def sound(self) -> np.ndarray:
        """All that was to be heard so far."""
        parts = [e["delta"] for e in self.of("response.output_audio.delta")]
        data = b"".join(base64.b64decode(part) for part in parts)
        return np.frombuffer(data, "<i2").astype(np.float32) / 32768

    async def say(self, words: str, silence_s: float = 1.0) -> None:
        """Speak, in pieces of 0.1 s and as fast as they can be sent."""
        for piece in spoken(words, silence_s):
            await self.connection.input_audio_buffer.append(audio=piece)

    async def ask(self, text: str) -> None:
        """Type a question and have it answered."""
        content = [{"type": "input_text", "text": text}]
        item: Any = {"type": "message", "role": "user", "content": content}
        await self.connection.conversation.item.create(item=item)
        await self.connection.response.create()


def spoken(words: str, silence_s: float = 1.0) -> list[str]:
    """Words as the fakes hear them, as base64 of 24 kHz PCM, 0.1 s each, with silence after."""
    line = Line(0.2, words)
    pcm = speak([line], line.end_s + silence_s, RATE_HZ)
    data = (pcm * 32767).astype("<i2").tobytes()
    size = RATE_HZ // 10 * 2
    return [base64.b64encode(data[i : i + size]).decode() for i in range(0, len(data), size)]


@contextlib.asynccontextmanager
async def calling(api: Api, session: str = "s", key: str = "none") -> AsyncIterator[Caller]:
    """Connect with the official client."""
    url = f"{str(api.http.base_url).rstrip('/')}/v1"
    async with AsyncOpenAI(base_url=url, api_key=key, max_retries=0) as client:
        async with client.realtime.connect(model=f"omnilive:{session}") as connection:
            caller = Caller(connection)
            assert (await caller.next())["type"] == "session.created"
            yield caller
