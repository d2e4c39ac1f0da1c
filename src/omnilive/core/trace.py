"""Spans and counters: the data path reports, observers decide what becomes of it."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

from omnilive.core.clock import stopwatch


class Observer(Protocol):
    """Told of every span when it ends, on the thread that ran it."""

    def on_span(self, name: str, duration_s: float) -> None:
        """Take note of one finished span."""
        ...


class Tracer:
    """Times named spans and tells the observers."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    @contextmanager
    def span(self, name: str) -> Generator[None]:
        """Time the block."""
        start = stopwatch()
        try:
            yield
        finally:
            for observer in self._observers:
                observer.on_span(name, stopwatch() - start)


class SpanTotals:
    """An observer that keeps count, sum and maximum per span name: bounded for ever."""

    def __init__(self) -> None:
        self.count: dict[str, int] = {}
        self.sum_s: dict[str, float] = {}
        self.max_s: dict[str, float] = {}

    def on_span(self, name: str, duration_s: float) -> None:
        """Add one span to the totals."""
        self.count[name] = self.count.get(name, 0) + 1
        self.sum_s[name] = self.sum_s.get(name, 0.0) + duration_s
        self.max_s[name] = max(self.max_s.get(name, 0.0), duration_s)
