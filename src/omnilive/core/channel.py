"""Bounded queues between stages: each says what it does when full."""

import asyncio
import contextlib
import enum
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
_CLOSED: Any = object()


class Overflow(enum.Enum):
    """What a full channel does with the next item."""

    BLOCK = "block"
    DROP_OLDEST = "drop_oldest"


def _never(_: object) -> bool:
    return False


class Channel(Generic[T]):
    """A bounded queue with one reader. Iterate to read; `close()` ends the reader.

    With DROP_OLDEST a full channel drops its oldest item and counts it in `dropped`; items
    for which `keep` is true are never dropped.
    """

    def __init__(
        self,
        name: str,
        capacity: int,
        overflow: Overflow = Overflow.BLOCK,
        keep: Callable[[T], bool] = _never,
    ) -> None:
        self.name = name
        self.capacity = capacity
        self.dropped = 0
        self._overflow = overflow
        self._keep = keep
        self._items: deque[T] = deque()
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def __len__(self) -> int:
        return len(self._items)

    @property
    def drops_next(self) -> bool:
        """Whether the next item would take the place of one that waits."""
        return self._overflow is Overflow.DROP_OLDEST and len(self._items) >= self.capacity

    async def put(self, item: T) -> None:
        """Add an item: waits for room (BLOCK) or makes room (DROP_OLDEST)."""
        while len(self._items) >= self.capacity and not self._make_room():
            self._writable.clear()
            await self._writable.wait()
        self._append(item)

    def force(self, item: T) -> None:
        """Add an item even when full: for the few that a person causes, such as a label."""
        self._append(item)

    def insert(self, item: T, before: Callable[[T], bool]) -> None:
        """Add an item ahead of the first that waits for which `before` is true, even when full."""
        places = (i for i, it in enumerate(self._items) if it is _CLOSED or before(it))
        self._items.insert(next(places, len(self._items)), item)
        self._readable.set()

    async def close(self) -> None:
        """End the reader after what is queued now."""
        self._append(_CLOSED)

    async def get(self) -> T:
        """Return the next item, or the closed mark that ends iteration."""
        while not self._items:
            self._readable.clear()
            await self._readable.wait()
        item = self._items.popleft()
        self._writable.set()
        return item

    async def drain(self, wait_s: float) -> tuple[list[T], bool]:
        """Return (all that is queued, whether the channel is closed), after `wait_s` at most."""
        if not self._items:
            self._readable.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._readable.wait()
        taken = list(self._items)
        self._items.clear()
        self._writable.set()
        closed = bool(taken) and taken[-1] is _CLOSED
        return (taken[:-1] if closed else taken), closed

    async def __aiter__(self) -> AsyncIterator[T]:
        while (item := await self.get()) is not _CLOSED:
            yield item

    def _append(self, item: T) -> None:
        self._items.append(item)
        self._readable.set()

    def _make_room(self) -> bool:
        if self._overflow is Overflow.BLOCK:
            return False
        for index, item in enumerate(self._items):
            if item is not _CLOSED and not self._keep(item):
                del self._items[index]
                self.dropped += 1
                return True
        return False
