"""One source through all stages of one session, until it ends. Wires; decides nothing."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from omnilive.core.channel import Channel, Overflow
from omnilive.core.clock import Clock
from omnilive.core.errors import SourceError
from omnilive.core.events import (
    AudioChunk,
    Event,
    Gap,
    Label,
    Mark,
    Percept,
    SourceHealth,
    VideoFrame,
)
from omnilive.core.trace import Tracer
from omnilive.core.worker import Worker
from omnilive.live.narrator import Narrator
from omnilive.media.base import Item, Source
from omnilive.memory.ledger import Ledger
from omnilive.perception.audio.ear import Ear
from omnilive.perception.audio.voice import Voice
from omnilive.perception.config import PerceptionConfig
from omnilive.perception.continuation import Continuation
from omnilive.perception.senses import Senses
from omnilive.perception.stages import (
    Attention,
    EndUtterance,
    Progress,
    listen,
    read_text,
    transcribe,
    watch,
)
from omnilive.perception.video.look import Eye
from omnilive.perception.video.read import Reader

BOOKS_EVERY_S = 0.25
Listener = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Lags:
    """How far behind the stream things became known, in seconds: the last few thousand."""

    video_s: deque[float] = field(default_factory=lambda: deque(maxlen=5000))
    final_s: deque[float] = field(default_factory=lambda: deque(maxlen=2000))
    partial_s: deque[float] = field(default_factory=lambda: deque(maxlen=5000))
    stored_s: deque[float] = field(default_factory=lambda: deque(maxlen=5000))


class Pipeline:
    """Runs one source. `run` returns when it has ended; `mark` asks when `t` is perceived."""

    def __init__(
        self,
        source: Source,
        senses: Senses,
        config: PerceptionConfig,
        ledger: Ledger,
        store_worker: Worker,
        clock: Clock,
        *,
        live: bool,
        tracer: Tracer,
        continuation: Continuation,
        narrator: Narrator | None = None,
    ) -> None:
        self.narrator = narrator
        self.source, self.senses, self.config, self.ledger = source, senses, config, ledger
        self.progress, self.lags, self.tracer = Progress(), Lags(), tracer
        self.t = -1e9  # newest stream time handed in
        self.newest: VideoFrame | None = None  # the present picture
        self.audio_s = 0.0
        self.ended = False
        self._is_over = False
        self.live, self._clock, self._store_worker = live, clock, store_worker
        self._wall_minus_t = clock.now() - ledger.offset_s  # until an item says it exactly
        self._continuation = continuation
        overflow = Overflow.DROP_OLDEST if live else Overflow.BLOCK
        # Live, the newest counts: sessions that share a model would each wait for all that waits.
        most_pictures, most_pages = (3, 1) if live else (6, 3)
        self.pictures: Channel[Any] = Channel(
            "pictures", most_pictures, overflow, keep=_is_not_picture
        )
        self.pages: Channel[Any] = Channel("pages", most_pages, overflow, keep=_is_not_picture)
        self.sound: Channel[Any] = Channel("sound", 600)
        self.speech: Channel[Any] = Channel("speech", 16)
        self.percepts: Channel[Any] = Channel("percepts", 500)
        self._marks: dict[str, tuple[int, asyncio.Future[None]]] = {}
        self.listeners: list[Listener] = []
        self._attention = Attention()

    @property
    def voice_listeners(self) -> list[Callable[[Voice], None]]:
        """Called on the loop when someone begins to speak, pauses, goes on, has finished."""
        return self._attention.on_voice

    @property
    def speech_listeners(self) -> list[Callable[[Percept], None]]:
        """Called on the loop with each transcript, partial or final, before it is stored."""
        return self._attention.on_speech

    def end_utterance(self) -> None:
        """Close the open utterance behind all sound handed in; answered by Voice "ended"."""
        self.sound.force(EndUtterance(t=self.t))

    def label_utterance(self, number: int, **data: Any) -> None:
        """Add to the data of what was, or will be, stored as this utterance."""
        self.percepts.force(Label(t=self.t, id=f"speech{number}", data=data))

    def forget(self, start_s: float, end_s: float) -> None:
        """Let go of the present picture if it is of that span."""
        if self.newest is not None and start_s <= self.newest.t <= end_s:
            self.newest = None

    def look_away(self) -> None:
        """Let go of the present picture: from now on nothing is to be seen."""
        self.newest = None

    @property
    def now_t(self) -> float:
        """Where the stream is now, whether or not it has been read that far."""
        return self._clock.now() - self._wall_minus_t

    @property
    def dropped(self) -> int:
        """Pictures lost to overload, anywhere."""
        return self.source.dropped + self.pictures.dropped + self.pages.dropped

    async def run(self, items: AsyncIterator[Item], before: "Before") -> None:
        """Perceive until the source ends; `before(t)` is awaited before each item at `t`.

        Raises SourceError when the source breaks; what came before is stored all the same.
        """
        try:
            # Two groups: books that cannot be kept end the stages, which would else wait for
            # them for ever; a stage that fails leaves the books time to note what came before.
            async with asyncio.TaskGroup() as work:
                books = work.create_task(self._keep_books())
                try:
                    async with asyncio.TaskGroup() as stages:
                        feeding = stages.create_task(self._feed(items, before))
                        for stage in self._stages():
                            stages.create_task(stage)
                finally:
                    await self.percepts.close()
                    await asyncio.wait([books])
        except* Exception as group:
            raise _first(group) from None
        if (error := feeding.result()) is not None:
            raise error

    async def mark(self, name: str, t: float, *, sound: bool = True, text: bool = True) -> None:
        """Return when everything before now has been perceived and stored.

        Without `sound` or `text`, what was heard or is written need not be.
        """
        if self._is_over:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        mark = Mark(t=t, name=name, only_seen=not text)
        ways: list[Channel[Any]] = [self.pictures, *([self.sound] if sound else [])]
        if self.narrator is not None and not self.live:  # live, nobody waits for its remarks
            ways.append(self.narrator.items)
        self._marks[name] = (len(ways), done)
        try:
            for way in ways:
                await way.put(mark)
            await done
        finally:
            self._marks.pop(name, None)

    def _stages(self) -> list[Coroutine[Any, Any, None]]:
        s, config = self.senses, self.config
        eye = Eye(config.look, s.detector, s.tagger)
        reader = Reader(config.read, s.reader) if s.reader else None
        stages = [
            watch(
                self.pictures, self.pages, self.percepts, eye, s.eye_worker, self.progress,
                self.tracer, self._continuation,
            ),
            read_text(
                self.pages, self.percepts, reader, s.read_worker, self.progress, self.tracer,
                self._continuation,
            ),
        ]  # fmt: skip
        if self.narrator is not None:
            stages.append(self.narrator.run(self.percepts))
        ear = Ear(config.ear, s.vad, s.sounds)
        every_s = config.partial_every_s if self.live else 0.0
        return [
            *stages,
            listen(
                self.sound, self.speech, self.percepts, ear, s.ear_worker, every_s,
                self._continuation, self._attention,
            ),
            transcribe(
                self.speech, self.percepts, s.asr, ear, s.asr_worker, self.progress, self.tracer,
                self._attention,
            ),
        ]  # fmt: skip

    async def _feed(self, items: AsyncIterator[Item], before: "Before") -> SourceError | None:
        error = None
        if not self.source.info.has_video:
            self.progress.video_t = 1e12
        if not self.source.info.has_audio:
            self.progress.audio_t = 1e12
        try:
            async for item in items:
                await before(item.t)
                await self._hand_in(item)
        except SourceError as broken:
            error = broken
        finally:
            for channel in (self.pictures, self.sound):
                await channel.close()
            if self.narrator is not None:
                await self.narrator.items.close()
        return error

    async def _hand_in(self, item: Item) -> None:
        end_t = item.end_t if isinstance(item, AudioChunk | Gap) else item.t
        self.t = max(self.t, end_t)
        self._wall_minus_t = self._clock.now() - end_t
        if self.narrator is not None:
            await self.narrator.offer(item)
        if isinstance(item, VideoFrame):
            self.newest = item
            await self.pictures.put(item)
        elif isinstance(item, AudioChunk):
            self.audio_s += end_t - item.t
            await self.sound.put(item)
        elif isinstance(item, SourceHealth):
            self.ended = self.ended or item.state == "ended"
            await self.percepts.put(item)
        elif isinstance(item, Mark):  # no picture is to come before it, though sound goes on
            await self.pictures.put(item)
        else:
            await self.percepts.put(item)
            await self.pictures.put(item)
            await self.sound.put(item)

    async def _keep_books(self) -> None:
        """Write what was perceived, a few times a second, each time in one transaction."""
        closed = False
        while not closed:
            batch, closed = await self.percepts.drain(BOOKS_EVERY_S)
            events = [item for item in batch if not isinstance(item, Mark)]
            video_t, audio_t = self.progress.video_t, self.progress.audio_t
            lines = await self._store_worker.call(self.ledger.write, events, video_t, audio_t)
            self._measure(events)
            for line in lines:
                for listener in self.listeners:
                    listener(line)
            for item in batch:
                if isinstance(item, Mark):
                    self._arrive(item.name)
        self._is_over = True
        for _, done in self._marks.values():
            if not done.done():
                done.set_result(None)

    def _arrive(self, name: str) -> None:
        if name not in self._marks:
            return  # who asked no longer waits
        missing, done = self._marks.pop(name)
        if missing > 1:
            self._marks[name] = (missing - 1, done)
        elif not done.done():
            done.set_result(None)

    def _measure(self, events: list[Event]) -> None:
        now_t = self.now_t
        if -1e8 < self.progress.video_t < 1e11:
            self.lags.video_s.append(max(0.0, self.t - self.progress.video_t))
        for event in events:
            if not isinstance(event, Percept):
                continue
            lag = now_t - event.t
            if event.kind == "speech":
                (self.lags.final_s if event.final else self.lags.partial_s).append(lag)
            elif event.data.get("event") in ("appeared", "began"):
                self.lags.stored_s.append(lag)


Before = Callable[[float], Awaitable[None]]


def _first(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _is_not_picture(item: object) -> bool:
    return isinstance(item, Mark | Gap)
