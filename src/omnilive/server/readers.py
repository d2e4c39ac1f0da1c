"""Stores open for reading: one a session, shared by all requests, closed when no longer needed."""

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from omnilive.memory.library import Library
from omnilive.memory.store import Store
from omnilive.server.errors import Refusal

IDLE = 16  # stores that stay open while nobody reads from them


@dataclass(slots=True, eq=False)
class _Entry:
    store: Store
    mark: Hashable  # of the library: a session deleted and made anew has another
    users: int = 0
    is_stale: bool = False


class Readers:
    """Safe to call from any thread; every call may block on the disk."""

    def __init__(self, library: Library, idle: int = IDLE) -> None:
        self._library, self._idle = library, idle
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}  # least recently used first
        self._shut: set[str] = set()

    @contextmanager
    def reading(self, name: str) -> Iterator[Store]:
        """Give the store of a session; an unknown session is refused with 404."""
        entry = self._enter(name)
        try:
            yield entry.store
        finally:
            self._leave(entry)

    @contextmanager
    def shut(self, name: str) -> Iterator[None]:
        """Let nobody read from a session while it is being deleted."""
        with self._lock:
            self._shut.add(name)
            self._drop(name)
        try:
            yield
        finally:
            with self._lock:
                self._shut.discard(name)

    def find(self, name: str) -> None:
        """Refuse a session that does not exist with 404, and a bad name with ConfigError."""
        self._mark(name)

    def close(self) -> None:
        """Close every store, those in use as soon as they are let go."""
        with self._lock:
            for name in list(self._entries):
                self._drop(name)

    def _enter(self, name: str) -> _Entry:
        mark = self._mark(name)
        with self._lock:
            known = self._entries.get(name)
            if known is not None and known.mark == mark:
                return self._use(name, known)
        # Opened outside the lock, because a store that needs repair may take its time.
        fresh = _Entry(self._library.open(name), mark)
        with self._lock:
            known = self._entries.get(name)
            if known is not None and known.mark == mark:
                fresh.store.close()
                return self._use(name, known)
            self._drop(name)
            return self._use(name, fresh)

    def _use(self, name: str, entry: _Entry) -> _Entry:
        self._entries.pop(name, None)
        self._entries[name] = entry
        entry.users += 1
        return entry

    def _leave(self, entry: _Entry) -> None:
        with self._lock:
            entry.users -= 1
            if entry.is_stale and entry.users == 0:
                entry.store.close()
            idle = [name for name, other in self._entries.items() if other.users == 0]
            for name in idle[: max(0, len(self._entries) - self._idle)]:
                self._drop(name)

    def _drop(self, name: str) -> None:
        entry = self._entries.pop(name, None)
        if entry is not None:
            entry.is_stale = True
            if entry.users == 0:
                entry.store.close()

    def _mark(self, name: str) -> Hashable:
        mark = self._library.mark(name)
        if mark is None or name in self._shut:
            with self._lock:
                self._drop(name)
            raise Refusal(404, "unknown_session", f"there is no session {name!r}")
        return mark
