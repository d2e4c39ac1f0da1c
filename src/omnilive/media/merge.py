"""Items of two streams in, one order of `t` out."""

import heapq
from collections.abc import Iterator

from omnilive.media.base import Item

WAIT_S = 2.0  # how far one stream may run ahead before the other is no longer waited for


class Merge:
    """Holds items back until every stream has come past them, or one is WAIT_S ahead."""

    def __init__(self, streams: list[str]) -> None:
        self._seen_t = dict.fromkeys(streams, 0.0)
        self._heap: list[tuple[float, int, Item]] = []
        self._count = 0

    def add(self, item: Item) -> None:
        """Hold one item."""
        heapq.heappush(self._heap, (item.t, self._count, item))
        self._count += 1

    def advance(self, stream: str, t: float) -> Iterator[Item]:
        """Note that `stream` has reached `t`; yield what need not wait any longer."""
        self._seen_t[stream] = max(t, self._seen_t[stream])
        seen = self._seen_t.values()
        return self._until(max(min(seen), max(seen) - WAIT_S))

    def flush(self) -> Iterator[Item]:
        """Yield all that is held."""
        return self._until(float("inf"))

    def _until(self, t: float) -> Iterator[Item]:
        while self._heap and self._heap[0][0] <= t:
            yield heapq.heappop(self._heap)[2]
