"""A conversation on a stage: fakes on a manual clock, and a director who says what is heard."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from omnilive.core.clock import ManualClock
from omnilive.core.errors import BackendError
from omnilive.core.events import Answer, Percept, Timing
from omnilive.dialogue.base import DialogueEvent, ResponseDone, ToolCall, Turn
from omnilive.dialogue.config import DialogueConfig
from omnilive.dialogue.conversation import Conversation
from omnilive.perception.audio.segment import Utterance
from omnilive.perception.audio.voice import State, Voice

T = TypeVar("T")
RATE_HZ = 1000  # of the fakes' sound
WORD_S = 0.3  # how long the fake mouth takes for a word


class FakeOutput:
    """Plays in the manual clock's time."""

    rate_hz = RATE_HZ

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.queued_s = self._played_s = self._at = 0.0
        self.paused = False
        self.log: list[str] = []

    def begin(self) -> None:
        self.queued_s = self._played_s = 0.0
        self._at, self.paused = self._clock.now(), False
        self.log.append("begin")

    def play(self, pcm: np.ndarray) -> None:
        self._advance()
        self.queued_s += len(pcm) / self.rate_hz

    def pause(self) -> None:
        self._advance()
        self.paused = True
        self.log.append("pause")

    def resume(self) -> None:
        self._advance()
        self.paused = False
        self.log.append("resume")

    def clear(self) -> float:
        self._advance()
        self.queued_s = self._played_s
        self.log.append("clear")
        return self._played_s

    @property
    def played_s(self) -> float:
        self._advance()
        return self._played_s

    @property
    def pending_s(self) -> float:
        self._advance()
        return self.queued_s - self._played_s

    @property
    def is_sounding(self) -> bool:
        return not self.paused and self.pending_s > 1e-9

    def _advance(self) -> None:
        now = self._clock.now()
        if not self.paused:
            self._played_s = min(self.queued_s, self._played_s + now - self._at)
        self._at = now


class FakeMouth:
    """A tone as long as the text has words; says what it is told to break on."""

    name, languages, rate_hz = "fake", ("en",), RATE_HZ
    breaks_on = "\0"

    def can_say(self, text: str) -> bool:
        return text.isascii()

    async def say(self, text: str) -> AsyncIterator[np.ndarray]:
        if self.breaks_on in text:
            raise BackendError("out of breath")
        yield np.ones(round(WORD_S * len(text.split()) * RATE_HZ), np.float32)


@dataclass
class FakeBrain:
    """Answers with a fixed text, a piece at a time, after `think_s`."""

    clock: ManualClock
    pieces: list[Any] = field(default_factory=lambda: ["The red car came first. ", "Then a bus."])
    think_s: float = 0.1
    asked: list[dict[str, Any]] = field(default_factory=list)
    notes: list[Turn] = field(default_factory=list)
    closed: int = 0
    error: Exception | None = None
    written: list[str] = field(default_factory=list)  # the lines of the log, in their order
    supported: bool = True
    note_s: float = 0.0  # how long the log takes to write a turn

    async def stream(
        self, question: str, t: float | None = None, **more: Any
    ) -> AsyncIterator[str | ToolCall | Answer]:
        self.asked.append({"question": question, **more})
        try:
            await self.clock.sleep_until(self.clock.now() + self.think_s)
            if more.get("only_supported") and not self.supported:
                return
            for piece in self.pieces:
                if isinstance(piece, float):
                    await self.clock.sleep_until(self.clock.now() + piece)
                else:
                    yield piece
            if self.error is not None:
                raise self.error
            text = "".join(p for p in self.pieces if isinstance(p, str))
            if (before_log := more.get("before_log")) is not None:
                await before_log()
            self.written.append("answer")
            yield Answer(
                session="s", t=1.0, question=question, text=text, evidence=(),
                supported=self.supported, model="fake", timing=Timing(recall_s=0.05), seq=7,
            )  # fmt: skip
        finally:
            self.closed += 1

    async def note_turn(self, turn: Turn) -> dict[str, Any]:
        if self.note_s:
            await self.clock.sleep_until(self.clock.now() + self.note_s)
        self.notes.append(turn)
        self.written.append(turn.role)
        return turn.as_json()


class FakeEars:
    """The pipeline's hooks; keeps the labels."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.labels: dict[int, dict[str, Any]] = {}
        self.ends = 0

    @property
    def now_t(self) -> float:
        return self._clock.now()

    def end_utterance(self) -> None:
        self.ends += 1

    def label_utterance(self, number: int, **data: Any) -> None:
        self.labels.setdefault(number, {}).update(data)


@dataclass
class FakeJudge:
    """Gives the next of its probabilities, after `takes_s`."""

    clock: ManualClock
    probabilities: list[float] = field(default_factory=list)
    takes_s: float = 0.1
    heard_s: list[float] = field(default_factory=list)

    async def probability(self, pcm: np.ndarray) -> float:
        self.heard_s.append(len(pcm) / 16000)
        await self.clock.sleep_until(self.clock.now() + self.takes_s)
        return self.probabilities.pop(0) if self.probabilities else 0.95


class Stage:
    """One conversation and everything around it. Time moves only by `wait`."""

    def __init__(self, **config: Any) -> None:
        self.clock = ManualClock()
        self.output, self.mouth = FakeOutput(self.clock), FakeMouth()
        self.brain, self.ears = FakeBrain(self.clock), FakeEars(self.clock)
        self.judge = FakeJudge(self.clock)
        self.told: list[DialogueEvent] = []
        self.talk = Conversation(
            DialogueConfig(**config), self.brain, self.output, self.mouth, self.judge, self.ears,
            self.told.append, self.clock, "line",
        )  # fmt: skip
        self.number = -1
        self._start_s = self._end_s = 0.0

    # what happens around the microphone

    def voice(self, state: State, *, asked: bool = False, empty: bool = False) -> None:
        now = self.clock.now()
        said = None
        if not empty:
            said = Utterance(
                number=self.number, start_s=self._start_s, end_s=now,
                pcm=np.zeros(round(16000 * (now - self._start_s)), np.float32),
                speech_probability=0.9, voiced_s=self._start_s, voiced_end_s=self._end_s,
            )  # fmt: skip
        self.talk.on_voice(Voice(t=now, state=state, utterance=said, asked=asked))

    async def begin(self) -> None:
        """Someone starts to speak; it is noticed 0.16 s later."""
        self.number += 1
        self._start_s = self.clock.now()
        await self.wait(0.16)
        self._end_s = self.clock.now()
        self.voice("began")
        await self.settle()

    async def pause(self) -> None:
        """They have just fallen silent; it is noticed 0.2 s later."""
        self._end_s = self.clock.now()
        await self.wait(0.2)
        self.voice("paused")
        await self.settle()

    async def go_on(self) -> None:
        self._end_s = self.clock.now()
        self.voice("resumed")
        await self.settle()

    async def end(self, *, empty: bool = False, asked: bool = False) -> None:
        self.voice("ended", empty=empty, asked=asked)
        await self.settle()

    async def hear(
        self, text: str, *, final: bool = False, quick: bool = False, confidence: float = 0.9
    ) -> None:
        """The recogniser understood this of the present utterance."""
        data: dict[str, Any] = {"id": f"speech{self.number}", "language": "en"}
        if not final and not quick:
            data["until_s"] = self._end_s
        self.talk.on_speech(
            Percept(
                t=self.clock.now(), kind="speech", start_s=self._start_s, end_s=self._end_s,
                text=text, confidence=confidence, final=final, data=data,
            )
        )  # fmt: skip
        await self.settle()

    async def say(self, text: str, speaks_s: float = 1.0, asr_s: float = 0.3) -> None:
        """A whole utterance: speech, the pause, its transcript."""
        await self.begin()
        await self.wait(max(0.0, speaks_s - 0.16))
        await self.pause()
        await self.wait(asr_s)
        await self.hear(text)

    async def settle(self) -> None:
        for _ in range(30):
            await asyncio.sleep(0)

    async def wait(self, seconds: float) -> None:
        steps = round(seconds / 0.01)
        for _ in range(steps):
            self.clock.advance(0.01)
            await self.settle()

    # what came of it

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def questions(self) -> list[str]:
        return [asked["question"] for asked in self.brain.asked]

    @property
    def done(self) -> ResponseDone:
        return self.of(ResponseDone)[-1]

    @property
    def noted(self) -> list[tuple[str, str]]:
        return [(turn.role, turn.text) for turn in self.brain.notes]

    async def until_speaking(self) -> None:
        for _ in range(300):
            if self.output.is_sounding:
                return
            await self.wait(0.01)
        raise AssertionError("it never spoke")


def play(scene: Callable[[Stage], Coroutine[Any, Any, None]], **config: Any) -> Stage:
    """Run a scene on a new stage and close it; no task may be left over."""

    async def run() -> Stage:
        stage = Stage(**config)
        await scene(stage)
        await stage.talk.close()
        left = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        await asyncio.sleep(0)
        assert all(t.done() for t in left), left
        return stage

    return asyncio.run(run())
