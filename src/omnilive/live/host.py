"""One loaded live model for all sessions of a process: engine and encoder, each on a worker.

Streams of all sessions are stepped in one batch. Everything but the two workers' calls happens on
the event loop. Needs no torch by itself.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from omnilive.core.errors import BackendError
from omnilive.core.worker import Worker
from omnilive.live.base import LiveEvent, Status

logger = logging.getLogger(__name__)


class Engine(Protocol):
    """What steps the model; called from one thread only. See live/engine.py."""

    def open(self) -> int:
        """Begin a stream; return its number."""
        ...

    def close(self, id: int) -> None:
        """End a stream and let go of what it held."""
        ...

    def feed(self, id: int, t: float, features_ND: Any) -> Any:
        """Queue the features of a frame; when too many wait, the oldest is lost."""
        ...

    def ask(self, id: int, text: str) -> int:
        """Queue a query behind the frames that wait; return its number in this stream."""
        ...

    def instruct(self, id: int, text: str, t: float | None = None) -> Any:
        """Tell the model something that it does not answer, behind the frames up to `t`."""
        ...

    def cancel(self, id: int) -> None:
        """End the reply in progress."""
        ...

    def step(self) -> Sequence[LiveEvent]:
        """Let every stream that has work go on; return what happened."""
        ...

    def state(self, id: int) -> Status:
        """Return where a stream stands."""
        ...

    def has_work(self) -> bool:
        """Return whether a step would do anything."""
        ...


Encode = Callable[[Sequence[np.ndarray]], Any]  # (H, W, 3) uint8 pictures -> features (T, N, D)


@dataclass(slots=True)
class _Stream:
    hear: Callable[[LiveEvent], None]
    status: Status


class LiveHost:
    """An engine, an encoder and what is known of the checkpoint.

    `fps` is the rate of pictures that it was trained with, `frame_tok` how many tokens one takes,
    `instruction` what its training began with. A step that fails ends the host: `failure` says
    why, and everything that is awaited of it raises that.
    """

    def __init__(
        self, engine: Engine, encode: Encode, *, name: str, fps: float, frame_tok: int,
        instruction: str = "",
    ) -> None:  # fmt: skip
        self.name, self.fps, self.frame_tok, self.instruction = name, fps, frame_tok, instruction
        self.failure: BackendError | None = None
        self._engine, self._encode = engine, encode
        self._worker, self._eye = Worker("live", nice=5), Worker("live-eye", nice=8)
        self._streams: dict[int, _Stream] = {}
        self._pump: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._work, self._changed = asyncio.Event(), asyncio.Event()

    def close(self) -> None:
        """Let the workers end."""
        if self._pump is not None:
            self._pump.cancel()
        self._worker.close()
        self._eye.close()

    async def encode(self, pictures: Sequence[np.ndarray]) -> Any:
        """Return the features of pictures, ahead of the language model: (T, N, D)."""
        return await self._eye.call(self._encode, pictures)

    async def open(self, hear: Callable[[LiveEvent], None]) -> int:
        """Begin a stream; `hear` is told what happens in it, on the event loop."""
        self._check()

        def begin() -> tuple[int, Status]:
            id = self._engine.open()
            return id, self._engine.state(id)

        try:
            id, status = await self._worker.call(begin)
        except BackendError as error:
            raise BackendError(f"{error} (live.streams)") from error
        self._streams[id] = _Stream(hear, status)
        self._go_on()
        return id

    def end(self, id: int) -> None:
        """End a stream soon: nothing more is heard of it."""
        if self._streams.pop(id, None) is not None and self.failure is None:
            ending = asyncio.create_task(self._worker.call(self._engine.close, id))
            self._closing.add(ending)
            ending.add_done_callback(self._closing.discard)

    async def feed(self, id: int, t: float, features_ND: Any) -> None:
        """Hand over one frame's features; see `until` for room."""

        def feed() -> Status:
            self._engine.feed(id, t, features_ND)
            return self._engine.state(id)

        await self._do(id, feed)

    async def instruct(self, id: int, text: str, t: float) -> None:
        """Tell the model something that it does not answer, behind the frame at `t`."""

        def instruct() -> Status:
            self._engine.instruct(id, text, t)
            return self._engine.state(id)

        await self._do(id, instruct)

    async def ask(self, id: int, text: str, asked: Callable[[int], None]) -> None:
        """Put a query behind the frames fed so far.

        `asked` gets its number, on the worker, before anything is heard of it.
        """

        def ask() -> Status:
            asked(self._engine.ask(id, text))
            return self._engine.state(id)

        await self._do(id, ask)

    async def cancel(self, id: int) -> None:
        """End the reply in progress."""

        def cancel() -> Status:
            self._engine.cancel(id)
            return self._engine.state(id)

        await self._do(id, cancel)

    async def until(self, id: int, ready: Callable[[Status], bool]) -> None:
        """Return when the state of a stream is `ready`."""
        while True:
            self._check()
            if id not in self._streams or ready(self._streams[id].status):
                return
            await self._changed.wait()

    def status(self, id: int) -> Status | None:
        """Return the latest known state of a stream."""
        stream = self._streams.get(id)
        return None if stream is None else stream.status

    async def _do(self, id: int, work: Callable[[], Status]) -> None:
        self._check()
        if id not in self._streams:
            return
        status = await self._worker.call(work)
        if id in self._streams:
            self._streams[id].status = status
        self._go_on()

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _go_on(self) -> None:
        self._work.set()
        if self._pump is None or self._pump.done():
            self._work, self._changed = asyncio.Event(), asyncio.Event()
            self._pump = asyncio.create_task(self._step_on())

    async def _step_on(self) -> None:
        """Step while there is work; without any, wait for it."""
        try:
            while True:
                events, states, goes_on = await self._worker.call(self._step, list(self._streams))
                for id, status in states.items():
                    if id in self._streams:
                        self._streams[id].status = status
                for event in events:
                    if event.stream in self._streams:
                        self._streams[event.stream].hear(event)
                self._tell()
                if not goes_on:
                    self._work.clear()
                    await self._work.wait()
        except Exception as error:  # a model's library raises what it likes
            logger.exception("the live model %s has failed", self.name)
            self.failure = BackendError(f"the live model failed: {type(error).__name__}: {error}")
            self._tell()

    def _step(self, ids: Sequence[int]) -> tuple[Sequence[LiveEvent], dict[int, Status], bool]:
        events = self._engine.step()
        states = {id: self._engine.state(id) for id in ids}
        return events, states, self._engine.has_work()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def is_busy(status: Status) -> bool:
    """Tell whether a stream has anything to do yet."""
    return bool(status.waiting_frames or status.waiting_queries or status.replying)
