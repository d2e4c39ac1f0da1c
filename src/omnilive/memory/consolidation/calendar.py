"""On which day, and where, a session time was: what may be told as one thing, and what not."""

from bisect import bisect_right
from collections.abc import Sequence

from omnilive.memory.store import Store
from omnilive.memory.wall import WallClock


class Calendar:
    """Days and places of one session; `zone` is for sessions that name none of their own."""

    def __init__(self, store: Store, zone: str = "") -> None:
        self._store, self._zone = store, zone
        self._clock = WallClock.of(store, zone)
        self._starts: list[float] = []
        self._urls: list[str] = []
        self.refresh()

    def day(self, t: float) -> str:
        """Return the local date at a session time."""
        return self._clock.local(t).date().isoformat()

    def days(self, start_s: float, end_s: float) -> list[str]:
        """Return the first and the last local date of a span; one, if they are the same."""
        return list(dict.fromkeys((self.day(start_s), self.day(end_s - 1e-3))))

    def place(self, t: float) -> str:
        """Return the address of the source that began last before a session time."""
        at = bisect_right(self._starts, t + 1e-3) - 1
        return self._urls[max(0, at)] if self._urls else ""

    def places(self, start_s: float, end_s: float) -> list[str]:
        """Return the first and the last place of a span; one, if they are the same."""
        return list(dict.fromkeys((self.place(start_s), self.place(end_s))))

    def refresh(self) -> None:
        """Take in a source that came; with it the clock may have been found to have jumped."""
        if int(self._store.value("SELECT count(*) FROM source")) == len(self._starts):
            return
        self._clock = WallClock.of(self._store, self._zone)
        query = "SELECT offset_s, url FROM source ORDER BY offset_s, id"
        rows: Sequence[tuple[float, str]] = self._store.rows(query)
        self._starts, self._urls = [start_s for start_s, _ in rows], [url for _, url in rows]
