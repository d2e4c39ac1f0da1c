"""One source before the live model: pictures on a time grid in, remarks and answers out.

    pictures --offer--> items --run--> encoder --> engine
                 questions --'                       | remarks
    percepts <---------------------------------------'

The model follows one stream for the narration and all questions, and one for each standing watch
that was handed to it. Items keep their order, so that a question comes after exactly the pictures
that came before it.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from omnilive.core.channel import Channel, Overflow
from omnilive.core.clock import stopwatch
from omnilive.core.errors import BackendError, OmniLiveError
from omnilive.core.events import Event, Gap, Mark, Percept, Trouble, VideoFrame
from omnilive.live.base import Ended, LiveEvent, Said
from omnilive.live.grid import Grid
from omnilive.live.host import LiveHost, is_busy
from omnilive.live.settings import LiveConfig
from omnilive.media.base import SourceInfo
from omnilive.memory.spans import Span, overlaps

logger = logging.getLogger(__name__)
MOST_TOLD = 200  # remarks on their way into the memory; beyond that they are lost
PARTIAL_S = 0.2  # between two looks at a remark that is being made
CONFIDENCE = 0.5  # of a remark: the model does not say how sure it is


@dataclass(slots=True, eq=False)
class Reply:
    """An answer on its way; None in `pieces` ends it."""

    pieces: Channel[str | None] = field(default_factory=lambda: Channel("reply", 1))
    is_begun: bool = False
    is_over: bool = False

    def say(self, text: str | None) -> None:
        """Add a piece. The engine bounds how much there can be."""
        if not self.is_over:
            self.is_begun, self.is_over = True, text is None
            self.pieces.force(text)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question(Event):
    """A question on its way to the model, at its place among the pictures."""

    text: str
    reply: Reply


@dataclass(slots=True)
class Counts:
    """What became of pictures and words."""

    seen: int = 0
    remarks: int = 0
    answers: int = 0


Output = Percept | Mark | Trouble


class Narrator:
    """Runs beside the other stages of a pipeline. `offer`, `ask` and `run` on the event loop."""

    def __init__(self, host: LiveHost, config: LiveConfig, *, start_t: float, live: bool) -> None:
        """`start_t` is where the grid of pictures begins, in session time."""
        self.name, self._host, self._config = host.name, host, config
        self._fps = config.fps or host.fps
        given = config.instruction
        self._instruction = host.instruction if given is None else given.strip()
        overflow = Overflow.DROP_OLDEST if live else Overflow.BLOCK
        self.items: Channel[Event] = Channel("live", config.queue, overflow, keep=_is_kept)
        self.counts = Counts()
        self.failed = self._is_closed = False
        self._told: Channel[Output] = Channel("remarks", MOST_TOLD)
        self._start_t, self._grid = start_t, Grid(self._fps, start_t)
        self._looked: tuple[np.ndarray, Any] | None = None  # the latest picture, and its features
        self._first_t = self._fed_t = -1e9  # of the pictures that the model was given
        self._main: int | None = None
        self._follows: dict[str, int] = {}  # instruction of a watch -> its stream
        self._wanted: tuple[str, ...] = ()
        self._refused: set[str] = set()
        self._untold: dict[int, str] = {}  # stream -> what it is told behind its first picture
        self._replies: dict[int, Reply] = {}
        self._partials: dict[tuple[int, int], Percept] = {}
        self._shown_at = 0.0
        self._gone: list[Span] = []
        self._forgets = False

    # what the pipeline and the session do

    async def offer(self, item: Event) -> None:
        """Take what the stream brings; the model sees what was to be seen at times on its grid."""
        if isinstance(item, VideoFrame):
            for picture in self._grid.take(item):
                await self.items.put(picture)
        elif isinstance(item, Gap):
            self._grid.interrupt()

    def follow(self, instructions: tuple[str, ...]) -> None:
        """Say which standing watches the model is to follow from now on. Any thread."""
        self._wanted = instructions[: self._config.watches]

    def forget(self, start_s: float, end_s: float) -> None:
        """Let the model begin anew, knowing nothing, if it has seen something of that span.

        Any thread.
        """
        span = Span(start_s, end_s)
        self._gone = [*self._gone[-99:], span]
        if self._first_t > -1e9 and overlaps(Span(self._first_t, self._fed_t), span):
            self._forgets = True

    def told(self) -> dict[str, int]:
        """Return what became of pictures and words, for a summary."""
        return {**asdict(self.counts), "dropped": self.items.dropped}

    @property
    def since_t(self) -> float:
        """From which stream time on the model still has pictures before it."""
        window_tok = self._config.window_tok
        if not window_tok:
            return self._first_t
        reach_s = window_tok / self._host.frame_tok / self._fps
        return max(self._first_t, self._fed_t - reach_s)

    def is_ready_at(self, t: float) -> bool:
        """Tell whether a question at `t` can be put: the model has seen nothing later."""
        is_running = self._main is not None and not (
            self._is_closed or self.failed or self._forgets
        )
        return is_running and self._config.answers and self._first_t > -1e9 and t >= self._fed_t

    async def ask(self, text: str, t: float) -> AsyncGenerator[str]:
        """Yield what the model answers to a question at `t`; nothing, if it cannot or is late.

        Closing the iterator stops the model.
        """
        reply = Reply()
        self.items.insert(Question(t=t, text=text, reply=reply), lambda item: item.t >= t)
        try:
            while (piece := await self._next(reply)) is not None:
                yield piece
        finally:
            is_being_said, reply.is_over = reply.is_begun and not reply.is_over, True
            if is_being_said and self._main is not None:
                await self._cancel(self._main)

    async def _next(self, reply: Reply) -> str | None:
        try:
            async with asyncio.timeout(self._config.patience_s):
                return await reply.pieces.get()
        except TimeoutError:
            logger.warning("the live model said nothing for %g s", self._config.patience_s)
            return None

    async def _cancel(self, stream: int) -> None:
        try:
            await self._host.cancel(stream)
        except Exception as error:
            logger.warning("%s", error)

    # the stage

    async def run(self, percepts: Channel[Output]) -> None:
        """Follow the pictures until the items end; a model that fails ends nothing else."""
        telling = asyncio.create_task(self._tell(percepts))
        try:
            try:
                await self._follow_items()
            except Exception as error:  # a model's library raises what it likes
                is_told = isinstance(error, BackendError)  # by the host, with all that led to it
                logger.warning("no live model from here on: %s", error, exc_info=not is_told)
                await self._go_on_without(error)
            self._is_closed = True
            await self._told.close()
            await telling
        finally:
            self._is_closed = True
            telling.cancel()
            self._let_go()

    async def _follow_items(self) -> None:
        self._main = await self._open(self._instruction)
        async for item in self.items:
            await self._keep_up()
            if isinstance(item, VideoFrame):
                await self._see(item)
            elif isinstance(item, Question):
                await self._put(item)
            elif isinstance(item, Mark):
                await self._settle()
                self._told.force(item)
        await self._settle()

    async def _go_on_without(self, error: Exception) -> None:
        self.failed = True
        self._let_go()
        self._complain(str(error) or repr(error))
        async for item in self.items:
            if isinstance(item, Mark):
                self._told.force(item)
            elif isinstance(item, Question):
                item.reply.say(None)

    def _complain(self, detail: str) -> None:
        t = max(self._fed_t, self._start_t)
        self._told.force(Trouble(t=t, part="live model", detail=detail))

    async def _keep_up(self) -> None:
        """Open and close the streams of watches; begin anew after something was forgotten."""
        if self._forgets:
            self._forgets, self._first_t = False, -1e9
            self._let_go()
            self._main = await self._open(self._instruction)
        for instruction in [one for one in self._follows if one not in self._wanted]:
            self._host.end(self._follows.pop(instruction))
        for instruction in [one for one in self._wanted if one not in self._follows]:
            if instruction in self._refused:
                continue
            try:
                self._follows[instruction] = await self._open(instruction)
            except OmniLiveError as error:  # no stream is free; the narration goes on
                if self._host.failure is not None:
                    raise
                self._refused.add(instruction)
                self._complain(f"cannot follow “{instruction}”: {error}")

    async def _open(self, instruction: str) -> int:
        """Begin a stream. Its instruction comes behind the first picture, as in training."""
        id = await self._host.open(self._hear)
        self._untold[id] = instruction
        return id

    async def _see(self, frame: VideoFrame) -> None:
        if any(span.holds(frame.t) for span in self._gone):
            return
        if self._looked is None or self._looked[0] is not frame.rgb:
            self._looked = (frame.rgb, (await self._host.encode([frame.rgb]))[0])
        if self._first_t == -1e9:
            self._first_t = frame.t
        self._fed_t = max(self._fed_t, frame.t)
        for id in self._streams():
            if instruction := self._untold.pop(id, ""):
                await self._host.instruct(id, instruction, frame.t)
            await self._host.until(id, lambda status: status.waiting_frames < self._config.queue)
            await self._host.feed(id, frame.t, self._looked[1])
        self.counts.seen += 1

    async def _put(self, question: Question) -> None:
        reply = question.reply
        if reply.is_over or self._main is None:
            return  # who asked has left

        def asked(query: int) -> None:
            self._replies[query] = reply

        try:
            await self._host.ask(self._main, question.text, asked)
        except OmniLiveError as error:  # too long, or too many wait: the memory answers
            if self._host.failure is not None:
                raise
            logger.warning("the live model takes no question now: %s", error)
            reply.say(None)

    async def _settle(self) -> None:
        for id in self._streams():
            await self._host.until(id, lambda status: not is_busy(status))

    def _streams(self) -> list[int]:
        return [id for id in (self._main, *self._follows.values()) if id is not None]

    def _let_go(self) -> None:
        """End all streams; what was being said stays as it is."""
        for id in self._streams():
            self._host.end(id)
        self._main, self._follows, self._untold = None, {}, {}
        for reply in self._replies.values():
            reply.say(None)
        for partial in self._partials.values():
            self._remember(replace(partial, final=True))
        self._replies, self._partials = {}, {}

    # what the model says

    def _hear(self, event: LiveEvent) -> None:
        if isinstance(event, Said | Ended):
            if event.query is not None:
                self._answer(event)
            elif event.stream != self._main or self._instruction:
                self._remark(event)

    def _answer(self, event: Said | Ended) -> None:
        assert event.query is not None
        reply = self._replies.get(event.query)
        if reply is None:
            return
        if isinstance(event, Said):
            return reply.say(printable(event.text))
        del self._replies[event.query]
        self.counts.answers += not event.cancelled
        reply.say(None)

    def _remark(self, event: Said | Ended) -> None:
        key = (event.stream, event.reply)
        before = self._partials.pop(key, None)
        text = (
            event.text if isinstance(event, Ended) else (before.text if before else "") + event.text
        )
        percept = self._percept(before.t if before else event.t, event, text)
        if isinstance(event, Ended):
            self.counts.remarks += bool(percept.text.strip())
            self._remember(replace(percept, final=True))
            return
        self._partials[key] = percept
        if (now := stopwatch()) - self._shown_at >= PARTIAL_S and text.strip():
            self._shown_at = now
            self._remember(percept)

    def _percept(self, t: float, event: Said | Ended, text: str) -> Percept:
        told = [name for name, id in self._follows.items() if id == event.stream]
        return Percept(
            t=t, kind="caption", start_s=t, end_s=t, text=text, confidence=CONFIDENCE,
            final=False, data={
                "id": f"live-{t:.2f}-{event.stream if told else ''}-{event.reply}",
                "model": self.name, "reply": event.reply,
                **({"instruction": told[0]} if told else {}),
            },
        )  # fmt: skip

    def _remember(self, percept: Percept) -> None:
        percept = replace(percept, text=" ".join(printable(percept.text).split()))
        if len(self._told) < MOST_TOLD:
            self._told.force(percept)
        elif percept.final:
            logger.warning("a remark of the live model is lost: the memory is too slow")

    async def _tell(self, percepts: Channel[Output]) -> None:
        async for item in self._told:
            await percepts.put(item)


def printable(text: str) -> str:
    """Return the text without what would move a terminal's cursor: a model may write anything."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")


def _is_kept(item: Event) -> bool:
    return not isinstance(item, VideoFrame)


def narrator_of(
    host: LiveHost | None, config: LiveConfig, info: SourceInfo, start_t: float, live: bool
) -> Narrator | None:
    """Return the narrator of a source, None without a model or without pictures."""
    if host is None or not info.has_video:
        return None
    return Narrator(host, config, start_t=start_t, live=live)
