"""One response: text as it is decided, cut into phrases, spoken as it comes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import numpy as np

from omnilive.core.channel import Channel
from omnilive.core.clock import Clock
from omnilive.core.errors import OmniLiveError
from omnilive.core.events import Answer
from omnilive.dialogue.base import (
    AudioDelta,
    Brain,
    FunctionCall,
    Latency,
    Message,
    Mouth,
    Output,
    Reason,
    ResponseDone,
    ResponseStarted,
    Status,
    Tell,
    TextDelta,
    ToolCall,
    Turn,
    Unspoken,
)
from omnilive.dialogue.heard import Script
from omnilive.dialogue.phrases import Phrases
from omnilive.dialogue.turns import Said

AHEAD_S = 6.0  # sound made ahead of what is played, at most
PHRASES = 64  # text ahead of the voice, at most: then the text waits
POLL_S = 0.02
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a response is to be. `asked_t` is what its latency is counted from.

    `text` is said as it is; without it, the brain answers `question`.
    """

    reason: Reason
    asked_t: float
    question: str = ""
    text: str = ""
    watch: str | None = None
    said: Said | None = None
    instructions: str = ""
    tools: Sequence[Mapping[str, Any]] = ()
    images: Sequence[bytes] = ()
    history: Sequence[Message] | None = None
    speak: bool = True
    is_remark: bool = False  # nobody asked: without anything to go by, nothing is said


class Response:
    """Runs once. `stop` may be called at any moment; after it nothing more is told or played."""

    def __init__(
        self,
        generation: int,
        request: Request,
        brain: Brain,
        output: Output,
        mouth: Mouth | None,
        tell: Tell,
        clock: Clock,
        now: Callable[[], float],
        settled: Callable[[], Awaitable[None]],
    ) -> None:
        self.generation, self.request = generation, request
        self.text, self.error = "", ""
        self.answer: Answer | None = None
        self.script = Script()
        self.is_over = self.is_held = False
        self.user_turn: Turn | None = None  # what it answers, until that is noted
        self.on_text: Callable[[], None] = lambda: None
        self.noted: Callable[[], Awaitable[None]] = settled  # what it answers is in the log
        self._brain, self._output, self._mouth = brain, output, mouth
        self._all, self._clock, self._now, self._settled = tell, clock, now, settled
        self._phrases = Phrases()
        self._queue: Channel[str] = Channel("phrases", PHRASES)
        self._at: dict[str, float] = {}

    @property
    def is_audible(self) -> bool:
        """Tell whether any sound has been queued."""
        return "first_audio_s" in self._at

    async def run(self) -> ResponseDone:
        """Think, speak, and return when the last sound has been played."""
        request = self.request
        self._tell(
            ResponseStarted(
                t=self._now(), generation=self.generation, reason=request.reason,
                question=request.question, watch=request.watch,
            )
        )  # fmt: skip
        self._output.begin()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._speak())
                await self._think()
        except* Exception as errors:  # of a voice or an output: the conversation goes on
            logger.exception("a response could not be spoken")
            self.error = f"the answer could not be spoken ({errors.exceptions[0]})"
        self._mark("total_s")
        return self._done("failed" if self.error and not self.text else "completed", 1e9)

    def hold(self) -> None:
        """Fall silent at once, and keep the place."""
        self.is_held = True
        self._output.pause()

    def release(self) -> None:
        """Go on from there."""
        self.is_held = False
        self._output.resume()

    def stop(self, played_s: float | None = None, error: str = "") -> ResponseDone:
        """Drop the rest; what was played by then is what was heard."""
        really_s = self._output.clear()
        self.error = self.error or error
        self._mark("total_s")
        return self._done("cancelled", really_s if played_s is None else min(played_s, 1e6))

    def _done(self, status: Status, played_s: float) -> ResponseDone:
        self.is_over = True
        return ResponseDone(
            t=self._now(), generation=self.generation, status=status, text=self.text.strip(),
            heard=self.script.heard(played_s), heard_s=min(played_s, self.script.end_s),
            answer=self.answer, latency=Latency(**self._at), error=self.error,
            watch=self.request.watch, reason=self.request.reason,
        )  # fmt: skip

    async def _think(self) -> None:
        try:
            async for piece in self._pieces():
                if isinstance(piece, str):
                    await self._write(piece)
                elif isinstance(piece, ToolCall):
                    self._call(piece)
                else:
                    self._answered(piece)
        except OmniLiveError as error:
            self.error = str(error)
        except Exception as error:
            logger.exception("a response failed")
            self.error = f"the answer failed ({type(error).__name__}: {error})"
        await self._speak_rest()
        await self._queue.close()

    async def _pieces(self) -> AsyncIterator[str | ToolCall | Answer]:
        request = self.request
        if request.text:
            yield request.text
            return
        await self._settled()  # the dialogue so far is in the log
        self._asked_t = self._now()
        said = request.said
        stream: Any = self._brain.stream(
            request.question, instructions=request.instructions, tools=request.tools,
            images=request.images, history=request.history,
            pictures_only=said is not None,
            spoken=(said.start_s, said.end_s) if said is not None else None,
            only_supported=request.is_remark, before_log=self._whole,
        )  # fmt: skip
        if not hasattr(stream, "aclose"):
            async for piece in stream:
                yield piece
            return
        async with aclosing(stream):
            async for piece in stream:
                yield piece

    async def _write(self, piece: str) -> None:
        if not piece:
            return
        if not self.text:
            self._mark("first_text_s")
            self.on_text()
        self.text += piece
        self._tell(TextDelta(t=self._now(), generation=self.generation, text=piece))
        for phrase in self._phrases.add(piece):
            await self._queue.put(phrase)

    async def _whole(self) -> None:
        """Have the rest spoken before anything is written: the text is whole."""
        await self._speak_rest()
        await self.noted()

    async def _speak_rest(self) -> None:
        for phrase in self._phrases.rest():
            await self._queue.put(phrase)

    def _call(self, call: ToolCall) -> None:
        self._tell(
            FunctionCall(
                t=self._now(), generation=self.generation, name=call.name,
                arguments=call.arguments, call_id=call.call_id,
            )
        )  # fmt: skip

    def _answered(self, answer: Answer) -> None:
        self.answer = answer
        asked_s = self._asked_t - self.request.asked_t
        self._at["recall_s"] = asked_s + answer.timing.recall_s

    async def _speak(self) -> None:
        async for phrase in self._queue:
            if not self.request.speak or self._mouth is None:
                self.script.read(phrase)
            elif not self._mouth.can_say(phrase):
                self._leave_unsaid(phrase, f"the voice {self._mouth.name} cannot say it")
            else:
                await self._say(phrase, self._mouth)
        while self.is_held or self._output.pending_s > 0:
            await self._clock.sleep_until(self._clock.now() + POLL_S)

    async def _say(self, text: str, mouth: Mouth) -> None:
        phrase = self.script.open(text)
        try:
            async for pcm in mouth.say(text):
                while self._output.pending_s > AHEAD_S:
                    await self._clock.sleep_until(self._clock.now() + POLL_S)
                self._play(pcm, mouth.rate_hz, "" if phrase.duration_s else text)
                phrase.duration_s += len(pcm) / mouth.rate_hz
        except Exception as error:
            if not isinstance(error, OmniLiveError):
                logger.exception("the voice failed")
            self._leave_unsaid("" if phrase.duration_s else text, str(error), add=False)
        phrase.is_whole = True

    def _play(self, pcm: np.ndarray, rate_hz: int, text: str) -> None:
        if self.is_over:
            return
        pcm = resampled(pcm, rate_hz, self._output.rate_hz)
        self._output.play(pcm)
        if self.is_held:
            self._output.pause()
        self._mark("first_audio_s")
        self._tell(
            AudioDelta(
                t=self._now(), generation=self.generation, pcm=pcm,
                rate_hz=self._output.rate_hz, text=text,
            )
        )  # fmt: skip

    def _leave_unsaid(self, text: str, reason: str, *, add: bool = True) -> None:
        if add:
            self.script.read(text)
        self._tell(Unspoken(t=self._now(), generation=self.generation, text=text, reason=reason))

    def note(self, name: str, t: float) -> None:
        """Note a milestone of the latency at session time `t`."""
        self._at[name] = max(0.0, t - self.request.asked_t)

    def _mark(self, name: str) -> None:
        if name not in self._at:
            self.note(name, self._now())

    def _tell(self, event: Any) -> None:
        if not self.is_over:
            self._all(event)


def resampled(pcm: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Return a phrase at another rate, exactly; its edges are silent. Shapes: (S,) -> (S',)."""
    if from_hz == to_hz or not len(pcm):
        return pcm
    wanted = round(len(pcm) * to_hz / from_hz)
    spectrum = np.fft.rfft(pcm)[: wanted // 2 + 1]
    return (np.fft.irfft(spectrum, wanted) * (wanted / len(pcm))).astype(np.float32)
