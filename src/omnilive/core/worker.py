"""The only place that knows about threads: one worker owns one model."""

import asyncio
import contextlib
import functools
import os
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
_END: Any = object()


class Worker:
    """One thread that owns one model, so its calls are serial and never block the loop.

    `nice` (0 to 19) makes the thread give way to others where the system can do that for single
    threads (Linux): looking at pictures must not delay an answer.
    """

    def __init__(self, name: str, nice: int = 0) -> None:
        self.name = name
        self._pool = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix=name, initializer=_give_way, initargs=(nice,)
        )

    async def call(self, fn: Callable[..., T], *args: Any) -> T:
        """Run `fn(*args)` on the worker's thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, functools.partial(fn, *args))

    async def iterate(self, items: Iterable[T]) -> AsyncGenerator[T]:
        """Yield the items of a blocking iterator, each fetched on the worker's thread."""
        iterator = iter(items)

        def following() -> T:
            return next(iterator, _END)

        while (item := await self.call(following)) is not _END:
            yield item

    def close(self) -> None:
        """Let the thread end once its current call is done; queued calls are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _give_way(nice: int) -> None:
    if nice and sys.platform == "linux":
        thread = threading.get_native_id()
        with contextlib.suppress(OSError):  # not permitted: it is only slower
            own = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(19, own + nice))
