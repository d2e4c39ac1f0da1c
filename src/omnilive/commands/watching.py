"""One run of `omnilive watch`: feeds the view, and turns signals into a clean stop."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from omnilive.commands.couriers import make_courier
from omnilive.commands.desk import understood
from omnilive.commands.output import INTERRUPTED, ReaderLeft, clock, remark
from omnilive.commands.view import View
from omnilive.pipeline import Pipeline
from omnilive.session import Pace, Session

Asks = list[tuple[str, float | None]]
DELIVER_S = 10.0  # for alerts that are still on their way when the source has ended


class Run:
    """Watches one source. `stopped` when it was told to end before the source did."""

    def __init__(
        self,
        session: Session,
        view: View,
        alerts: Sequence[str] = (),
        narration: tuple[str | None, list[Any]] = (None, []),
    ) -> None:
        """`alerts` are watches in plain words; `narration` is a mode, and the steps for it."""
        self.session, self.view, self.alerts, self.narration = session, view, alerts, narration
        self.stopped = False
        self.summary: dict[str, Any] | None = None
        self._reader_left = False
        self._pipeline: Pipeline | None = None
        self._task: asyncio.Task[None] | None = None

    async def run(self, source: str, pace: Pace, asks: Asks) -> None:
        """Watch to the end, or until a signal comes or nobody reads the output any more."""
        with _on_signals(self.stop), self.view:
            self._task = asyncio.create_task(self._watch(source, pace, asks))
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def stop(self) -> None:
        """Stop cleanly; the second time, leave at once."""
        if self.stopped:
            self.view.__exit__(None, None, None)
            remark("omnilive: left at once; what was stored up to here is kept")
            self.leave()
        self.stopped = True
        remark("omnilive: stopping: finishing what was read (Ctrl-C again leaves at once)")
        self._stop()

    def leave(self) -> None:
        """End the process; threads that still load or decode something are not waited for."""
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(INTERRUPTED)

    def _stop(self) -> None:
        if self._pipeline is not None:
            self.session.stop()
        elif self._task is not None:
            self._task.cancel()

    async def _watch(self, source: str, pace: Pace, asks: Asks) -> None:
        at_times = [(question, at_s) for question, at_s in asks if at_s is not None]
        async with self.session as session:
            self._tell_what_is_there()
            session.listeners.append(self._show)
            async with self._armed(), self._delivered():
                self.summary = await session.watch(source, pace, at_times, self._opened)
            for question, at_s in asks:
                if at_s is None and not self.stopped:
                    await session.ask(question)
            self._finish(self.summary)

    @contextlib.asynccontextmanager
    async def _armed(self) -> AsyncIterator[None]:
        """Look out for what this run was told to; the watches go with it, their alerts stay."""
        desk, (mode, steps) = self.session.watches, self.narration
        found = [await understood(desk, words, {}) for words in self.alerts]
        added: list[str] = []
        try:
            for read in found:
                added.append((await desk.add(read.rule))["id"])
                remark(f"omnilive: looking out: {read.readable}")
                for note in read.notes:
                    remark(f"omnilive: note: {note}")
            if mode is not None:
                await desk.narrate(mode, steps)
            yield
        finally:
            for id in added:
                await desk.remove(id)
            if mode is not None:
                await desk.narrate("off")

    @contextlib.asynccontextmanager
    async def _delivered(self) -> AsyncIterator[None]:
        """Deliver alerts to webhooks and MQTT meanwhile, and for a moment after the end."""
        session = self.session
        courier = make_courier(session.name, session.store, session.config, session.library.root)
        running = asyncio.create_task(courier.run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            if left := await courier.drain(0.0 if self.stopped else DELIVER_S):
                remark(
                    f"omnilive: alerts for {left} target(s) wait to be delivered: "
                    f"`omnilive watches deliver {session.name}`"
                )

    def _opened(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.view.opened(pipeline)

    def _show(self, line: dict[str, Any]) -> None:
        try:
            self.view.show(line)
        except ReaderLeft:
            self._lose_reader()

    def _finish(self, summary: dict[str, Any]) -> None:
        try:
            self.view.done(summary)
        except ReaderLeft:
            self._lose_reader()
        if self.stopped and not self._reader_left:
            end = clock(self.session.store.end_s())
            remark(
                f"omnilive: stopped at {end}; everything up to there is kept; "
                "the same command goes on from there"
            )

    def _lose_reader(self) -> None:
        self._reader_left = True
        if not self.stopped:
            self.stopped = True
            self._stop()

    def _tell_what_is_there(self) -> None:
        sources = self.session.store.sources()
        if sources and sources[-1].state == "ended":
            remark(
                f"omnilive: session {self.session.name!r} holds "
                f"{clock(self.session.store.end_s())} already; this is added after it "
                "(--session NAME for another one)"
            )


@contextlib.contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
