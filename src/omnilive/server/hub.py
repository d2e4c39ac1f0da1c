"""The sessions of this process: opens one when it is to watch, shares the models, stops cleanly."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from starlette.concurrency import run_in_threadpool

from omnilive.core.clock import wall_time
from omnilive.core.errors import ConfigError
from omnilive.core.events import Answer, Evidence
from omnilive.memory.answers import log_answer
from omnilive.memory.control.about import About, forget_about
from omnilive.memory.control.forget import Forgotten, forget
from omnilive.memory.library import Library
from omnilive.memory.store import Store
from omnilive.memory.wall import now_in
from omnilive.server.config import ServerConfig
from omnilive.server.errors import Refusal
from omnilive.server.limits import refuse_full
from omnilive.server.line import Lines
from omnilive.server.readers import Readers
from omnilive.server.running import Pace, Running, Watch
from omnilive.server.shared import Shared
from omnilive.server.totals import Totals

if TYPE_CHECKING:
    from omnilive.config import SessionConfig
    from omnilive.reasoning.ask import Ask
    from omnilive.reasoning.base import ToolCall
    from omnilive.server.running import MakeSource
    from omnilive.session import Session

P = ParamSpec("P")
T = TypeVar("T")
Listener = Callable[[dict[str, Any]], None]


class Hub:
    """What the routes talk to. Lives on the event loop; stores are used on threads."""

    def __init__(self, config: "SessionConfig", library: Library, server: ServerConfig) -> None:
        self.config, self.library, self.server = config, library, server
        self.shared = Shared(config)
        self.readers = Readers(library)
        self.lines = Lines()
        self.running: dict[str, Running] = {}
        self.past = Totals()
        self.closing = False
        self._doors: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._listeners: dict[str, list[Listener]] = {}
        self._followers: set[asyncio.Task[None]] = set()

    async def read(
        self, name: str, fn: Callable[Concatenate[Store, P], T],
        *args: P.args, **kwargs: P.kwargs,
    ) -> T:  # fmt: skip
        """Run `fn(store, ...)` on a thread; an unknown session is refused with 404."""

        def call() -> T:
            with self.readers.reading(name) as store:
                return fn(store, *args, **kwargs)

        return await run_in_threadpool(call)

    # sessions

    async def create(self, name: str) -> None:
        """Make an empty session; refused when there is one of this name."""
        async with self._door(name):
            await run_in_threadpool(self._create, name)

    async def delete(self, name: str) -> None:
        """Stop a session's sources, then remove it with all its media."""
        async with self._door(name):
            self.readers.find(name)
            await self._close(name)
            await run_in_threadpool(self._delete, name)

    async def forget(
        self, name: str, start_s: float, end_s: float, *, delete_uploads: bool = False
    ) -> Forgotten:
        """Forget a span, also of a session that is being watched; its listeners are told."""
        return await self._forget(name, forget, start_s, end_s, delete_uploads=delete_uploads)

    async def forget_about(
        self, name: str, about: About, *, delete_uploads: bool = False
    ) -> Forgotten:
        """Forget what is about something, also of a session that is being watched."""
        return await self._forget(name, forget_about, about, delete_uploads=delete_uploads)

    async def _forget(
        self, name: str, fn: Callable[..., Forgotten], *args: Any, **kwargs: Any
    ) -> Forgotten:
        running = self.running.get(name)
        ts = [watch.pipeline.t for watch in running.watches.values()] if running else []
        found = await self.read(name, fn, *args, now_s=max(ts, default=0.0), **kwargs)
        if running is not None:
            for watch in running.watches.values():
                watch.pipeline.forget(found.start_s, found.end_s)
            for listener in list(running.session.listeners):
                listener(found.line)
        return found

    # sources

    async def watch(
        self, name: str, url: str, pace: Pace, source: "MakeSource | None" = None
    ) -> int:
        """Begin to watch; return the number of the source once it is open.

        `source` makes what `url` only names, see `Session.watch`. Raises SourceError when it
        cannot be opened, BackendError when a model is missing.
        """
        async with self._door(name):
            await self.check_free(name)
            count = sum(len(running.watches) for running in self.running.values())
            refuse_full(count, self.server.sources_max, "sources being watched", "sources_max")
            running = self.running.get(name) or await self._open(name)
            try:
                watch = await running.start(url, pace, source)
            except BaseException:
                await self._close_if_idle(name)
                raise
            follower = asyncio.create_task(self._follow(name, running, watch))
            self._followers.add(follower)
            follower.add_done_callback(self._followers.discard)
            self._end_in_time(watch)
            return watch.source_id

    def _end_in_time(self, watch: Watch) -> None:
        """Stop a source when it has been watched as long as the server allows."""
        if self.server.watch_max_s is not None:
            loop, close = asyncio.get_running_loop(), watch.pipeline.source.close
            timer = loop.call_later(
                self.server.watch_max_s, lambda: loop.run_in_executor(None, close)
            )
            watch.task.add_done_callback(lambda _: timer.cancel())

    async def check_free(self, name: str) -> None:
        """Refuse to watch into a session that another process writes."""
        if self.closing:
            raise Refusal(503, "closing", "the server is stopping")
        self.readers.find(name)
        if await self.is_written_elsewhere(name):
            raise Refusal(
                409,
                "busy",
                f"session {name!r} is being watched by another process: stop it, or use another "
                "session name",
            )

    async def is_written_elsewhere(self, name: str) -> bool:
        """Tell whether another process watches into the session."""
        if name in self.running:
            return False
        return await run_in_threadpool(self.library.is_being_written, name)

    async def stop(self, name: str, source_id: int) -> None:
        """Stop one source; one that is over already stays as it is."""
        async with self._door(name):
            sources = await self.read(name, Store.sources)
            if all(row.id != source_id for row in sources):
                raise Refusal(404, "unknown_source", f"{name!r} has no source {source_id}")
            if (line := self.lines.at(name, source_id)) is not None:
                await line.close()
            watch = self.watch_of(name, source_id)
            if watch is not None:
                await self.running[name].stop(watch, self.server.stop_s)

    def watch_of(self, name: str, source_id: int) -> Watch | None:
        """Return the watch of a source that runs in this process."""
        running = self.running.get(name)
        return running.watches.get(source_id) if running else None

    # questions

    async def answer(
        self, name: str, question: str, t: float | None, **more: Any
    ) -> "AsyncGenerator[str | ToolCall | Answer]":
        """Yield the answer in pieces as they are decided, and the whole Answer last.

        `more` is what `Session.stream` takes besides: instructions, tools, images, history.
        """
        self.readers.find(name)
        running = self.running.get(name)
        if running is not None and not running.is_closing:
            try:
                async with aclosing(running.stream(question, t, **more)) as pieces:
                    async for piece in pieces:
                        yield piece
            finally:
                await self._close_in_turn_if_idle(name)
            return
        async with self._reading(name) as store:
            pieces = await self._from_store(store, name, question, t, **more)
            async with aclosing(pieces):
                async for piece in pieces:
                    if isinstance(piece, Answer) and piece.text:
                        line = await run_in_threadpool(log_answer, store, piece)
                        piece = replace(piece, seq=line["seq"])
                    yield piece

    async def _from_store(
        self, store: Store, name: str, question: str, t: float | None,
        images: Sequence[bytes] = (), **more: Any,
    ) -> "AsyncGenerator[str | ToolCall | Answer]":  # fmt: skip
        """Return the answer of a session that watches nothing."""
        mind = await self.shared.mind()
        ask = await run_in_threadpool(_asked, store, question=question, t=t, **more)
        if images:
            senses, look = await self.shared.senses(), await run_in_threadpool(_shown)
            ask = replace(ask, pictures=images)
            ask = await look(ask, senses, self.config.perception, sees=await mind.sees())
        return mind.stream(store, name, ask)

    async def search(self, name: str, query: str, limit: int) -> list[Evidence]:
        """Return what is remembered and bears on the query, best first."""
        self.readers.find(name)
        mind = await self.shared.mind()

        def find(store: Store) -> list[Evidence]:
            return mind.search(store, query, limit, None, now_in(store, wall_time()))

        return await self.read(name, find)

    # listeners

    @contextmanager
    def listening(self, name: str, listener: Listener) -> Iterator[None]:
        """Tell the listener all that a session in this process perceives, on the event loop."""
        listeners = self._listeners.setdefault(name, [])
        listeners.append(listener)
        try:
            yield
        finally:
            listeners.remove(listener)
            if not listeners and self._listeners.get(name) is listeners:
                del self._listeners[name]

    @property
    def listener_count(self) -> int:
        """How many event streams are open."""
        return sum(len(listeners) for listeners in self._listeners.values())

    async def stop_all(self) -> None:
        """Stop every source and store all that was perceived; take no new ones."""
        self.closing = True
        await asyncio.gather(*(self._close_in_turn(name) for name in list(self.running)))
        await asyncio.gather(*self._followers)

    async def close(self) -> None:
        """Stop everything, and let the models and the stores go."""
        await self.stop_all()
        self.shared.close()
        await run_in_threadpool(self.readers.close)

    @asynccontextmanager
    async def _reading(self, name: str) -> AsyncIterator[Store]:
        """Give a store for longer than one call; it may have to be opened, on a thread."""
        lease = self.readers.reading(name)
        store = await run_in_threadpool(lease.__enter__)
        try:
            yield store
        finally:
            lease.__exit__(None, None, None)

    @asynccontextmanager
    async def resting(self, name: str) -> "AsyncIterator[Session]":
        """Open a session for a moment without watching, for what its running one would do."""
        mind = await self.shared.mind()
        open_session = await run_in_threadpool(_session_class)
        session = open_session(name, self.config, library=self.library, mind=mind)
        session.listeners.append(self._teller(name))
        async with session:
            yield session

    def _door(self, name: str) -> asyncio.Lock:
        """Return the lock through which a session is opened and closed, one at a time."""
        return self._doors.setdefault(name, asyncio.Lock())

    async def _open(self, name: str) -> Running:
        senses, mind = await self.shared.senses(), await self.shared.mind()
        live = await self.shared.live()
        open_session = await run_in_threadpool(_session_class)
        stack = AsyncExitStack()
        session = await stack.enter_async_context(
            open_session(
                name, self.config, library=self.library, senses=senses, mind=mind, live=live
            )
        )
        session.listeners.append(self._teller(name))
        self.running[name] = Running(session, stack)
        return self.running[name]

    def _teller(self, name: str) -> Listener:
        loop = asyncio.get_running_loop()

        def deliver(line: dict[str, Any]) -> None:
            for listener in self._listeners.get(name, ()):
                listener(line)

        def tell(line: dict[str, Any]) -> None:
            # The last lines of a source come from the thread of its store.
            loop.call_soon_threadsafe(deliver, line)

        return tell

    async def _close_in_turn_if_idle(self, name: str) -> None:
        async with self._door(name):
            await self._close_if_idle(name)

    async def _follow(self, name: str, running: Running, watch: Watch) -> None:
        await running.follow(watch)
        self.past.add(watch.pipeline)
        await self._close_in_turn_if_idle(name)

    async def _close_if_idle(self, name: str) -> None:
        running = self.running.get(name)
        if running is not None and running.is_idle:
            await self._close(name)

    async def _close_in_turn(self, name: str) -> None:
        async with self._door(name):
            await self._close(name)

    async def _close(self, name: str) -> None:
        running = self.running.get(name)
        if running is None:
            return
        try:
            await self.lines.close(name)
            await running.close(self.server.stop_s)
        finally:
            self.past.add_spans(running.session.spans)
            del self.running[name]

    def _create(self, name: str) -> None:
        if self.library.mark(name) is not None:
            raise Refusal(409, "session_exists", f"there is a session {name!r} already")
        stored = len(self.library.names())
        refuse_full(stored, self.server.sessions_max, "sessions", "sessions_max")
        self.library.create(name).close()

    def _delete(self, name: str) -> None:
        with self.readers.shut(name):
            self.library.delete(name)


def _asked(store: Store, **parts: Any) -> "Ask":
    from omnilive.reasoning.ask import Ask

    ask = Ask(**parts)
    if not ask.question.strip() and not ask.has_result:
        raise ConfigError('the question is empty: ask something, such as "what was said?"')
    if ask.t is not None:
        return ask
    return replace(ask, t=store.end_s(), now_wall_s=now_in(store, wall_time()))


def _shown() -> "Callable[..., Awaitable[Ask]]":
    from omnilive.reasoning.shown import shown

    return shown


def _session_class() -> "type[Session]":
    """Import on a thread: it loads the libraries of media and models."""
    from omnilive.session import Session

    return Session
