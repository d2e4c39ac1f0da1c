"""One session: watch sources into its memory, and ask it at any moment."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from omnilive.asking import answered
from omnilive.catalog import fetch
from omnilive.config import SessionConfig
from omnilive.core.clock import Clock, SystemClock, stopwatch, wall_time
from omnilive.core.errors import ConfigError
from omnilive.core.events import Answer
from omnilive.core.trace import SpanTotals, Tracer
from omnilive.core.worker import Worker
from omnilive.dialogue.base import Turn
from omnilive.dialogue.watches.desk import Watches
from omnilive.dialogue.watches.known import Known, known_of
from omnilive.live.forgetting import forgetting
from omnilive.live.host import LiveHost
from omnilive.live.load import load_host
from omnilive.live.narrator import narrator_of
from omnilive.media.base import Item, Source
from omnilive.media.open import kind_of, open_source
from omnilive.media.pace import paced
from omnilive.memory.answers import log_answer
from omnilive.memory.base import SourceRow
from omnilive.memory.consolidation.compaction import Compactor
from omnilive.memory.control.keeper import Keeper
from omnilive.memory.dialogue import log_turn
from omnilive.memory.ledger import Ledger
from omnilive.memory.library import Library
from omnilive.memory.resume import PUSH, Plan, plan_watch
from omnilive.memory.search.embed import Embedder
from omnilive.memory.spans import Span, overlaps
from omnilive.memory.store import Store
from omnilive.memory.wall import WallMarks, zone_called
from omnilive.perception.senses import MODELS, Senses, load_senses
from omnilive.pipeline import Listener, Pipeline
from omnilive.reasoning.ask import Ask, if_supported
from omnilive.reasoning.base import Message, ToolCall
from omnilive.reasoning.mind import Mind
from omnilive.reasoning.shown import shown
from omnilive.wholeness import check_whole, unseen

Pace = Literal["live", "fast"]
TAG_LABELS = "efficientnet_labels.txt"


class Session:
    """A named memory that can watch, listen and answer. Use it with `async with`.

    `config` defaults to the laptop recipe. `senses`, `mind` and `live` may be shared between the
    sessions of one process; a session that loaded its own also closes them.
    """

    def __init__(
        self,
        name: str,
        config: SessionConfig | None = None,
        *,
        library: Library | None = None,
        senses: Senses | None = None,
        mind: Mind | None = None,
        live: LiveHost | None = None,
        clock: Callable[[], Clock] = SystemClock,
    ) -> None:
        self.name = name
        self._clock = clock  # makes one for each source
        self.config = config or SessionConfig()
        self.library = library or Library.default(self.config.memory.store)
        self.spans = SpanTotals()
        self.listeners: list[Listener] = []
        self.pipelines: list[Pipeline] = []
        self._sources: list[Source] = []
        self._senses, self._owns_senses = senses, senses is None
        self._mind, self._owns_mind = mind, mind is None
        self._live, self._owns_live = live, live is None
        self._tracer = Tracer(self.spans)
        self._worker = Worker(f"store-{name}")
        self._writing = contextlib.ExitStack()
        self._is_writing = False
        self._store: Store | None = None
        self._compactor: Compactor | None = None
        self._keeper: Keeper | None = None
        self._aging: asyncio.Task[None] | None = None
        self._learning: asyncio.Task[None] | None = None
        self.watches = Watches(
            self.config.watches, self._worker, self._tell, self.ask, self._known,
            self.config.reasoning.backend not in ("embedded", "scripted"),
        )  # fmt: skip

    @classmethod
    def open(cls, name: str, config: SessionConfig | None = None, **shared: Any) -> "Session":
        """Return the session of this name; it is made when it is new."""
        return cls(name, config, **shared)

    async def __aenter__(self) -> "Session":
        self._store = await self._worker.call(self.library.create, self.name)
        try:
            if self._mind is None:
                self._mind = Mind(self.config)
            if self._learns:
                await asyncio.to_thread(lambda: self.mind.ranker)
            self.watches.open(self._store, self._mind)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop()
        if self._aging is not None:
            self._aging.cancel()
            await asyncio.wait([self._aging])
        if self._learning is not None:
            await asyncio.wait([self._learning])
        await self.watches.close()
        self._writing.close()
        if self._senses is not None and self._owns_senses:
            self._senses.close()
        if self._live is not None and self._owns_live:
            self._live.close()
        if self._mind is not None and self._owns_mind:
            self._mind.close()
        if self._store is not None:
            await self._worker.call(self._store.close)
        self._worker.close()

    @property
    def store(self) -> Store:
        """The memory on disk."""
        assert self._store is not None, "use the session with `async with`"
        return self._store

    @property
    def mind(self) -> Mind:
        """What answers."""
        assert self._mind is not None, "use the session with `async with`"
        return self._mind

    def stop(self) -> None:
        """End all watching soon; what was perceived is kept, and a file can go on later."""
        for source in self._sources:
            source.close()

    async def watch(
        self,
        url: str,
        pace: Pace = "live",
        asks: Sequence[tuple[str, float]] = (),
        on_open: Callable[[Pipeline], None] | None = None,
        source: Callable[[float], Source] | None = None,
    ) -> dict[str, Any]:
        """Perceive a source to its end and return a summary.

        `asks` are (question, stream time): each is answered from what was perceived up to
        then, and its answer goes to the listeners. `on_open` is called once the source is
        open and noted in the store. A file whose watching was interrupted goes on where it
        stopped. `source` makes what `url` only names, such as a PushSource, from the session
        time at which it begins; it may not block. Raises SourceError when the source cannot
        be opened or breaks; what was seen before is kept.
        """
        if pace not in ("live", "fast"):
            raise ConfigError(f"no pace {pace!r}; choose from live, fast")
        kind = PUSH if source else kind_of(url)
        self._lock()
        await self._keep()
        began = stopwatch()
        if self._senses is None:
            self._senses = await asyncio.to_thread(load_senses, self.config.perception)
        if self._live is None:
            self._live = await asyncio.to_thread(load_host, self.config.live)
        embedder = await asyncio.to_thread(lambda: self.mind.embedder)
        await self.watches.begin(embedder)
        plan = await self._worker.call(
            plan_watch, self.store, url, kind, wall_time(), bool(self.pipelines)
        )
        opener = Worker("media")
        try:
            make = source or partial(_open, url, self.config, plan)
            opened = await opener.call(make, plan.offset_s)
            async with self._opened(opened, plan, embedder, pace) as pipeline:
                if on_open is not None:
                    on_open(pipeline)
                await self._run(pipeline, plan, opener, pace, asks)
            if pace == "fast":
                await self.watches.idle()
            check_whole(opened, pipeline, plan)
        finally:
            opener.close()
        return self._summary(pipeline, plan, stopwatch() - began)

    @asynccontextmanager
    async def _opened(
        self, source: Source, plan: Plan, embedder: Embedder | None, pace: Pace
    ) -> AsyncIterator[Pipeline]:
        """Note an open source in the store and make its pipeline; note how it ended."""
        self._sources.append(source)
        try:
            source_id = await self._worker.call(self._register, source, plan)
            live = pace == "live" or source.info.live
            pipeline = self._pipeline(source, source_id, plan, embedder, live=live)
            if (narrator := pipeline.narrator) is not None:
                pipeline.ledger.observers += [
                    await self.watches.handed_to(narrator.follow),
                    forgetting(self.store, narrator.forget),
                ]
            self.pipelines.append(pipeline)
            state, detail = "failed", ""
            try:
                yield pipeline
                state = "ended" if pipeline.ended else "interrupted"
            except (asyncio.CancelledError, KeyboardInterrupt):
                state = "interrupted"
                raise
            except BaseException as error:
                detail = str(error)
                raise
            finally:
                self.pipelines.remove(pipeline)
                ending = self._worker.call(self._end, pipeline, source_id, plan, state, detail)
                for line in await asyncio.shield(ending):
                    self.watches.hear(line)
        finally:
            source.close()
            self._sources.remove(source)

    async def ask(self, question: str, t: float | None = None) -> Answer:
        """Answer from everything perceived up to stream time `t` (default: now).

        While a source runs, what has just happened is waited for (CATCH_UP_S at most), and
        watching goes on meanwhile.
        """
        async with aclosing(self.stream(question, t)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Answer):
                    return piece
        raise AssertionError("an answer always ends with itself")

    async def stream(
        self,
        question: str,
        t: float | None = None,
        *,
        catch_up_s: float | None = None,
        pictures_only: bool = False,
        instructions: str = "",
        tools: Sequence[Mapping[str, Any]] = (),
        images: Sequence[bytes] = (),
        history: Sequence[Message] | None = None,
        spoken: tuple[float, float] | None = None,
        only_supported: bool = False,
        before_log: Callable[[], Awaitable[None]] | None = None,
    ) -> AsyncGenerator[str | ToolCall | Answer]:
        """Yield the answer in pieces as they are decided, calls of `tools`, the Answer last.

        Closing the iterator stops the model. With `pictures_only`, which is for questions that
        were heard, nothing is waited for but the picture, and that only if it matters; for
        `catch_up_s` at most (default: CATCH_UP_S, or HEARD_S for what was heard).
        `images` (JPEG or PNG) are looked at, and what is in them is asked about. See
        dialogue/base.py for the rest. ConfigError for an empty question or a bad picture.
        """
        ask = Ask(
            question=question.strip(), t=t, instructions=instructions, tools=tools,
            history=history, spoken=spoken, pictures=images,
        )  # fmt: skip
        if not ask.question and not ask.has_result:
            raise ConfigError('the question is empty: ask something, such as "what was said?"')
        answering = answered(
            ask, [p for p in self.pipelines if p.t > -1e9], self.store, self.name, self.mind,
            catch_up_s=catch_up_s, pictures_only=pictures_only, look=self._with_glimpse,
        )  # fmt: skip
        async with aclosing(answering) as pieces:
            async for piece in if_supported(pieces) if only_supported else pieces:
                if isinstance(piece, Answer) and piece.text:
                    if before_log is not None:
                        await before_log()
                    line = await self._worker.call(log_answer, self.store, piece)
                    self._tell(line)
                    piece = replace(piece, seq=line["seq"])
                yield piece

    async def note_turn(self, turn: Turn) -> dict[str, Any]:
        """Write a turn of a conversation into the log, tell the listeners; return the line.

        Nothing, {}, when it was said in a span that has been forgotten since.
        """
        line = await self._worker.call(_noted, self.store, turn)
        if line:
            self._tell(line)
        return line

    async def _with_glimpse(self, ask: Ask) -> Ask:
        if self._senses is None:
            self._senses = await asyncio.to_thread(load_senses, self.config.perception)
        t = ask.t if ask.t is not None else await asyncio.to_thread(self.store.end_s)
        sees = await self.mind.sees()
        return await shown(replace(ask, t=t), self._senses, self.config.perception, sees=sees)

    def _lock(self) -> None:
        if not self._is_writing:
            self._writing.enter_context(self.library.writing(self.name))
            self._is_writing = True

    async def _keep(self) -> None:
        """Begin to keep the rules of this memory, once; only who writes may."""
        if self._keeper is not None:
            return
        memory = self.config.memory
        keeper = self._keeper = Keeper(
            self.store, self.config.media, memory.recording, memory.retention, memory.quiet_hours,
            zone_called(memory.time_zone),
        )  # fmt: skip
        await self._worker.call(keeper.take_up)
        if memory.retention.has_rules:
            self._aging = asyncio.create_task(self._age(keeper))

    async def _age(self, keeper: Keeper) -> None:
        wait_s = 0.0
        while True:
            await asyncio.sleep(wait_s)
            wait_s = await self._worker.call(keeper.age)

    def _register(self, source: Source, plan: Plan) -> int:
        if self._compactor is None:  # one for all sources; only who writes may have it
            memory = self.config.memory
            self._compactor = Compactor(self.store, memory.budget, memory.time_zone)
        info = source.info
        state = "live" if info.live else "watching"
        if plan.resumes is not None:
            self.store.update_source(plan.resumes, state=state, detail="")
            body = {"source": plan.resumes, "url": info.url, "start_s": plan.start_s}
            self.store.append(plan.offset_s + plan.start_s, "source", {**body, "state": "resumed"})
            return plan.resumes
        row = SourceRow(
            id=0, url=plan.url if info.kind == "file" else info.url, kind=info.kind,
            offset_s=plan.offset_s, duration_s=info.duration_s, has_video=info.has_video,
            has_audio=info.has_audio, state=state,
        )  # fmt: skip
        id = self.store.put_source(row)
        body = {"source": id, "url": row.url, "offset_s": plan.offset_s, "state": "began"}
        self.store.append(plan.offset_s, "source", body)
        if plan.gap_s:
            start_s = plan.offset_s - plan.gap_s
            gap = {"start_s": start_s, "end_s": plan.offset_s, "reason": "nobody was watching"}
            self.store.append(plan.offset_s, "gap", gap)
        return id

    def _pipeline(
        self, source: Source, source_id: int, plan: Plan, embedder: Embedder | None, *, live: bool
    ) -> Pipeline:
        assert self._senses is not None
        ledger = Ledger.begin(
            self.store, source_id, plan.offset_s, plan.moment_s, self.config.memory.moments,
            embedder, self._compactor,
        )  # fmt: skip
        pipeline = Pipeline(
            source, self._senses, self.config.perception, ledger, self._worker, self._clock(),
            live=live, tracer=self._tracer, continuation=plan.continuation,
            narrator=narrator_of(self._live, self.config.live, source.info, plan.offset_s, live),
        )  # fmt: skip
        pipeline.listeners += [self._tell, self.watches.follow]
        if self._learns:
            pipeline.listeners.append(self._learn)
        ledger.observers += [self.watches.book.observe, self.watches.narration.observe]
        if live:
            self.watches.book.now[source_id] = lambda: pipeline.now_t
            ledger.observers.append(WallMarks(self.store, lambda: pipeline.now_t).observe)
        return pipeline

    async def _run(
        self,
        pipeline: Pipeline,
        plan: Plan,
        opener: Worker,
        pace: Pace,
        asks: Sequence[tuple[str, float]],
    ) -> None:
        source = pipeline.source
        assert self._keeper is not None
        kept = self._keeper.items(
            pipeline.ledger.source_id, source.info, plan.url, source.items(), pipeline.look_away
        )
        items: AsyncIterator[Item] = opener.iterate(kept)
        if pace == "live" and not source.info.live:
            items = paced(items, self._clock(), plan.offset_s + plan.start_s)
        waiting = sorted(asks, key=lambda ask: ask[1])
        answering: set[asyncio.Task[Answer]] = set()

        async def before(t: float) -> None:
            while waiting and waiting[0][1] <= t:
                question, at_s = waiting.pop(0)
                await pipeline.mark(f"at-{at_s}-{question}", at_s)
                task = asyncio.create_task(self.ask(question, at_s))
                answering.add(task)
                if not pipeline.live:
                    await task

        try:
            async with aclosing(unseen(items, plan)) as stream:
                await pipeline.run(stream, before)
            await asyncio.gather(*answering)
        finally:
            for task in answering:
                task.cancel()
        if not pipeline.ended:
            return
        for question, at_s in waiting:  # beyond the end: all there is has been seen
            await self.ask(question, at_s)

    def _end(
        self, pipeline: Pipeline, source_id: int, plan: Plan, state: str, detail: str
    ) -> list[dict[str, Any]]:
        end_t = max(pipeline.t, plan.offset_s + plan.start_s)
        # A stopped stream cannot go on where it was, as a file can: its last moment ends here.
        is_over = state == "ended" or pipeline.source.info.live
        lines = pipeline.ledger.finish(end_t) if is_over else []
        self.watches.book.now.pop(source_id, None)
        if self._keeper is not None:
            self._keeper.end(source_id)
        if is_over:
            self.store.close_open_facts(source_id)
        self.store.update_source(source_id, state=state, detail=detail)
        body = {"source": source_id, "state": state, "detail": detail}
        return [*lines, pipeline.ledger.note(end_t, "source", body)]

    def _summary(self, pipeline: Pipeline, plan: Plan, wall_s: float) -> dict[str, Any]:
        frames = {
            "decoded": pipeline.source.decoded,
            "perceived": pipeline.progress.looked,
            "dropped": pipeline.dropped,
            "still": pipeline.progress.still,
        }
        start_t = plan.offset_s + plan.start_s
        live = {"live": pipeline.narrator.told()} if pipeline.narrator else {}
        return {
            "type": "summary",
            "session": self.name,
            "duration_s": round(max(0.0, pipeline.t - start_t), 3),
            "frames": frames,
            **live,
            "audio_s": round(pipeline.audio_s, 3),
            "wall_s": round(wall_s, 3),
        }

    def _known(self, sources: tuple[str, ...]) -> Known:
        """Return what a watch can be about."""
        model = MODELS.get(self.config.perception.tags)
        labels = fetch.library().folder(fetch.library().find(model)) if model else None
        return known_of(
            self.config.perception, sources, labels / TAG_LABELS if labels else None,
            checks=self.watches.can_check, live=self.config.live,
        )  # fmt: skip

    @property
    def _learns(self) -> bool:
        return self.config.memory.recall == "compressor"

    def _learn(self, line: dict[str, Any]) -> None:
        """Let the compressor take in each moment as it comes, beside everything else."""
        is_idle = self._learning is None or self._learning.done()
        if line["type"] == "moment" and is_idle:
            self._learning = asyncio.create_task(asyncio.to_thread(self.mind.learn, self.store))

    def _tell(self, line: dict[str, Any]) -> None:
        for listener in list(self.listeners):
            listener(line)


def _noted(store: Store, turn: Turn) -> dict[str, Any]:
    said = Span(turn.start_s, turn.end_s)
    if any(overlaps(said, gone) for gone in store.forgotten()):
        return {}
    return log_turn(store, turn.end_s, turn.as_json())


def _open(url: str, config: SessionConfig, plan: Plan, offset_s: float) -> Source:
    return open_source(url, config.media, offset_s=offset_s, start_s=plan.start_s)
