"""One session that watches in this process: its sources as tasks, from start to stop."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from starlette.concurrency import run_in_threadpool

from omnilive.core.errors import OmniLiveError
from omnilive.media.open import kind_of
from omnilive.server.errors import Refusal

if TYPE_CHECKING:
    from omnilive.core.events import Answer
    from omnilive.media.base import Source
    from omnilive.pipeline import Pipeline
    from omnilive.reasoning.base import ToolCall
    from omnilive.session import Session

    MakeSource = Callable[[float], Source]

logger = logging.getLogger(__name__)
Pace = Literal["live", "fast"]


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """A source that is being watched."""

    pipeline: "Pipeline"
    task: asyncio.Task[dict[str, Any]]

    @property
    def source_id(self) -> int:
        """The number of the source in its session."""
        return self.pipeline.ledger.source_id

    @property
    def is_file(self) -> bool:
        """Whether the source is a file, which has a length of its own on the clock."""
        return self.pipeline.source.info.kind == "file"


class Running:
    """An open session and its watches. Starts and stops are the hub's to put in order."""

    def __init__(self, session: "Session", closing: AsyncExitStack) -> None:
        self.session = session
        self.watches: dict[int, Watch] = {}
        self.is_closing = False
        self._closing = closing
        self._answering = 0
        self._answered = asyncio.Event()
        self._answered.set()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is watched or asked."""
        return not self.watches and not self._answering

    async def start(self, url: str, pace: Pace, source: "MakeSource | None" = None) -> Watch:
        """Begin to watch; return once the source is open. Raises what `Session.watch` does."""
        self._refuse_overlap(is_file=source is None and kind_of(url) == "file")
        opened: asyncio.Future[Pipeline] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(
            self.session.watch(url, pace, on_open=opened.set_result, source=source)
        )
        try:
            await asyncio.wait({task, opened}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            raise
        if not opened.done():
            await task  # it failed, and says how
        watch = Watch(opened.result(), task)
        self.watches[watch.source_id] = watch
        return watch

    async def follow(self, watch: Watch) -> None:
        """Return when a watch is over, however it ended; the store has noted that already."""
        try:
            await asyncio.wait({watch.task})
            watch.task.result()
        except OmniLiveError as error:
            logger.warning("session %s: %s", self.session.name, error)
        except asyncio.CancelledError:
            logger.warning("session %s: source %d cut off", self.session.name, watch.source_id)
        except Exception:
            logger.exception("session %s: source %d", self.session.name, watch.source_id)
        self.watches.pop(watch.source_id, None)

    async def stop(self, watch: Watch, patience_s: float) -> None:
        """End a watch; what it holds is perceived and stored first, if that takes not too long."""
        await run_in_threadpool(watch.pipeline.source.close)
        _, late = await asyncio.wait({watch.task}, timeout=patience_s)
        for task in late:
            task.cancel()
            await asyncio.wait({task})

    async def stream(
        self, question: str, t: float | None, **more: Any
    ) -> "AsyncGenerator[str | ToolCall | Answer]":
        """Answer while watching goes on; the session stays open until it is answered."""
        self._answering += 1
        self._answered.clear()
        try:
            async with aclosing(self.session.stream(question, t, **more)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._answering -= 1
            if not self._answering:
                self._answered.set()

    async def close(self, patience_s: float) -> None:
        """Stop everything and let go of the session."""
        self.is_closing = True
        await asyncio.gather(*(self.stop(watch, patience_s) for watch in self.watches.values()))
        with suppress(TimeoutError):  # a client that reads no further keeps nobody
            async with asyncio.timeout(patience_s):
                await self._answered.wait()
        await self._closing.aclose()

    def _refuse_overlap(self, *, is_file: bool) -> None:
        """A file has its own length on the session clock, so nothing else may run beside it."""
        others = list(self.watches.values())
        if others and (is_file or any(watch.is_file for watch in others)):
            busy = others[0].pipeline.source.info.url
            raise Refusal(
                409,
                "busy",
                f"session {self.session.name!r} is watching {busy}: wait for its end or stop it, "
                "or use another session",
            )
