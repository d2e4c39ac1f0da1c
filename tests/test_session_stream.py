"""Answers in pieces: stopped, with pictures and functions, and while a source runs."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from omnilive.config import SessionConfig
from omnilive.core.clock import stopwatch
from omnilive.core.errors import ConfigError
from omnilive.core.events import Answer
from omnilive.dialogue.base import Brain, Turn
from omnilive.memory.control.forget import forget
from omnilive.memory.library import Library
from omnilive.perception.audio.base import Transcript
from omnilive.perception.still import as_jpeg
from omnilive.pipeline import Pipeline
from omnilive.reasoning.base import Message, ToolCall
from omnilive.reasoning.config import ReasoningConfig
from omnilive.reasoning.prompt import NOW, SHOWN
from omnilive.session import Session
from tests.fakes import FAKE_CONFIG, FakeASR, fake_senses
from tests.server.client import until
from tests.story import Shot, draw, write_long

pytestmark = pytest.mark.anyio
CAR = as_jpeg(draw(Shot(0.0, 60, (("red", 0.1),), "WELCOME ABOARD"), (320, 240)))
TOOL = {"type": "function", "name": "light", "parameters": {"type": "object"}}


class Seer:
    """A model that looks at pictures, and speaks until it is stopped."""

    name, is_trusted, images, is_remote = "seer", True, 2, True

    def __init__(self, words: int = 3) -> None:
        self.words, self.asked = words, list[list[Message]]()
        self.closed = threading.Event()

    def stream(
        self, messages: list[Message], max_tok: int, tools: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[str | ToolCall]:
        self.asked.append(messages)
        try:
            for _ in range(self.words):
                yield "word "
                time.sleep(0.001)
        finally:
            self.closed.set()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "sessions")


@contextlib.asynccontextmanager
async def opened(
    library: Library, *script: str, model: Seer | None = None, asr: FakeASR | None = None
) -> AsyncIterator[Session]:
    senses = fake_senses(asr=asr)
    reasoning = ReasoningConfig(backend="scripted", script=script)
    config = FAKE_CONFIG.model_copy(update={"reasoning": reasoning})
    assert isinstance(config, SessionConfig)
    async with (
        asyncio.timeout(60),
        Session.open("s", config, library=library, senses=senses) as session,
    ):
        session.mind._model = model
        yield session
    senses.close()


@contextlib.asynccontextmanager
async def watching(session: Session, clip: Path, until_s: float) -> AsyncIterator[Pipeline]:
    """Watch at live pace meanwhile, from stream time `until_s` on."""
    started: asyncio.Future[Pipeline] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(session.watch(str(clip), "live", on_open=started.set_result))
    pipeline = await started
    await until(lambda: pipeline.t >= until_s)
    try:
        yield pipeline
    finally:
        session.stop()
        await task


async def collect(pieces: AsyncIterator[Any]) -> list[Any]:
    return [piece async for piece in pieces]


async def test_a_session_is_a_brain(library: Library) -> None:
    async with opened(library) as session:
        brain: Brain = session
        assert brain is session


async def test_pieces_come_first_and_the_answer_has_its_line(library: Library) -> None:
    async with opened(library, "It was red.") as session:
        lines: list[dict[str, Any]] = []
        session.listeners.append(lines.append)
        *words, answer = await collect(session.stream("What was there?"))
        assert len(words) == 3 and "".join(words) == answer.text == "It was red."
        (logged,) = session.store.log_of("answer")
        assert answer.seq == logged.seq == lines[0]["seq"]


async def test_a_remark_that_nothing_supports_gets_no_answer_and_leaves_no_line(
    library: Library,
) -> None:
    async with opened(library, "I have not seen that.") as session:
        assert await collect(session.stream("The red folder is here.", only_supported=True)) == []
        assert session.store.log_of("answer") == []


async def test_whoever_stops_listening_stops_the_model(library: Library) -> None:
    model = Seer(words=100_000)
    async with opened(library, model=model) as session:
        pieces = session.stream("What was there?")
        assert await anext(pieces) == "word "
        await pieces.aclose()
        assert await asyncio.to_thread(model.closed.wait, 5)
        assert session.store.log_of("answer") == []
        model.words, model.closed = 2, threading.Event()
        assert (await session.ask("And then?")).text == "word word"  # nothing blocks the next


async def test_a_cancelled_question_stops_the_model(library: Library) -> None:
    model = Seer(words=100_000)
    async with opened(library, model=model) as session:
        task = asyncio.create_task(session.ask("What was there?"))
        await until(lambda: bool(model.asked))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(model.closed.wait, 5)


async def test_functions_are_called_and_their_results_go_on(library: Library) -> None:
    async with opened(library, 'call light {"on": true}', "It is on.") as session:
        call, answer = await collect(session.stream("Turn on the light", tools=[TOOL]))
        assert call == ToolCall(name="light", arguments='{"on": true}', call_id="call_1")
        assert answer.text == "" and answer.seq is None  # nothing was said, nothing is logged
        history = [
            Message(role="user", text="Turn on the light"),
            Message(role="assistant", text="", tool_calls=(call,)),
            Message(role="tool", text="done", call_id="call_1"),
        ]
        *_, answer = await collect(session.stream("", tools=[TOOL], history=history))
        assert (answer.text, answer.question) == ("It is on.", "Turn on the light")


async def test_an_empty_question_is_refused(library: Library) -> None:
    async with opened(library) as session:
        with pytest.raises(ConfigError, match="ask something"):
            await collect(session.stream("  "))


async def test_a_turn_becomes_a_line_of_the_log(library: Library) -> None:
    async with opened(library) as session:
        lines: list[dict[str, Any]] = []
        session.listeners.append(lines.append)
        turn = Turn(role="user", text="hi", start_s=1.0, end_s=2.0, spoken=True, line="a")
        line = await session.note_turn(turn)
        (logged,) = session.store.log_of("turn")
        assert lines == [line] and logged.seq == line["seq"] and logged.t == 2.0
        assert logged.body == turn.as_json() and line["type"] == "turn"


async def test_a_turn_of_a_span_that_is_forgotten_meanwhile_is_not_stored(
    library: Library,
) -> None:
    async with opened(library) as session:
        lines: list[dict[str, Any]] = []
        session.listeners.append(lines.append)
        first, last = (
            Turn(role="user", text="hi", start_s=t, end_s=t + 1, spoken=True, line="a")
            for t in (2.5, 4.0)
        )
        await session.note_turn(last)
        forget(session.store, 0.0, 3.0, now_s=5.0)
        assert await session.note_turn(first) == {} and len(lines) == 1
        assert [line.t for line in session.store.log_of("turn")] == [5.0]


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("What is this?", "red car"), ("What colour is this?", "red"),
        ("Is there a car in the picture?", "Yes"), ("Is there a dog in the picture?", "No"),
        ("What does this say?", "WELCOME ABOARD"), ("How many cars are here?", "One"),
    ],
)  # fmt: skip
async def test_a_picture_is_looked_at(library: Library, question: str, held: str) -> None:
    async with opened(library) as session:
        answer = (await collect(session.stream(question, images=[CAR])))[-1]
        assert held in answer.text, answer.text
        assert all(e.keyframe is None and e.id < 0 for e in answer.evidence)


async def test_a_model_that_sees_gets_the_picture_itself(library: Library) -> None:
    model = Seer()
    async with opened(library, model=model) as session:
        await collect(session.stream("What is this?", images=[CAR], instructions="Be brief."))
        system, *_, asked = model.asked[0]
        assert asked.images == (CAR,) and "Be brief." in system.text and SHOWN in system.text


@pytest.mark.parametrize(
    "picture", [b"", b"rubbish", CAR[:200], b"\x89PNG\r\n\x1a\n" + b"\xff" * 16]
)
async def test_no_picture(library: Library, picture: bytes) -> None:
    async with opened(library) as session:
        with pytest.raises(ConfigError, match="picture"):
            await collect(session.stream("What is this?", images=[picture]))


async def test_too_many_pictures(library: Library) -> None:
    async with opened(library) as session:
        with pytest.raises(ConfigError, match="at most"):
            await collect(session.stream("What is this?", images=[CAR] * 9))


SLOW_S = 4.0  # far longer than any wait that is tested, on a busy machine too


class SlowASR(FakeASR):
    def transcribe(self, pcm: Any, *, quick: bool = False) -> Transcript:
        time.sleep(SLOW_S)
        return super().transcribe(pcm, quick=quick)


async def test_a_heard_question_waits_for_the_picture_alone(
    library: Library, tmp_path: Path
) -> None:
    clip = write_long(tmp_path / "long.mkv")
    async with opened(library, asr=SlowASR()) as session, watching(session, clip, 4.0) as pipeline:
        began = stopwatch()
        answer = (await collect(session.stream("What do you see now?", pictures_only=True)))[-1]
        took_s = stopwatch() - began
        assert isinstance(answer, Answer) and "blue dog" in answer.text
        assert took_s < SLOW_S / 2 and answer.t >= 4.0
        began = stopwatch()
        await collect(session.stream("Was there a bus?", pictures_only=True))
        assert stopwatch() - began < SLOW_S / 2
        assert pipeline.progress.audio_t < 4.0  # speech is behind, and was not waited for


async def test_the_wait_is_bounded(library: Library, tmp_path: Path) -> None:
    clip = write_long(tmp_path / "long.mkv")
    async with opened(library, asr=SlowASR()) as session, watching(session, clip, 4.0):
        began = stopwatch()
        answer = (await collect(session.stream("What was said?", catch_up_s=0.2)))[-1]
        assert stopwatch() - began < SLOW_S / 2
        assert answer.t < 4.0  # it says up to when


async def test_a_model_that_sees_gets_the_present_picture(library: Library, tmp_path: Path) -> None:
    clip, model = write_long(tmp_path / "long.mkv"), Seer()
    async with opened(library, model=model) as session, watching(session, clip, 1.0):
        await session.ask("What is there?")
        system, asked = model.asked[0]
        assert asked.images[0].startswith(b"\xff\xd8") and NOW in system.text
        model.images = 1  # then it is for what happened, unless the question is about now
        await session.ask("When did the dog appear?")
        await session.ask("What is this?")
        assert [NOW in system.text for system, *_ in model.asked[1:]] == [False, True]
