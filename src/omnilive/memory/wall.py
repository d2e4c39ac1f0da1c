"""Session seconds and the clock on the wall: which local time it was, and when it was that time.

The session clock never jumps; the clock on the wall does: it is set right, the machine sleeps,
summer begins. Marks (session second, Unix time) say how the two go together from then on.
"""

import bisect
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from omnilive.core.clock import wall_time
from omnilive.core.errors import ConfigError
from omnilive.memory.spans import Span, merged

if TYPE_CHECKING:
    from omnilive.memory.store import Store

CREATED, MARKS, ZONE = "created_wall_s", "wall_marks", "time_zone"  # rows of `meta`
JUMP_S = 5.0  # the clock on the wall is off by more than this: it was set, or we slept
EVERY_S = 30.0  # how often a live stream looks at the clock on the wall
MOST_MARKS = 1000
_LOCALTIME = Path("/etc/localtime")


@dataclass(frozen=True, slots=True)
class WallClock:
    """The clock on the wall of one session. `marks` are ordered by session time, at least one."""

    marks: tuple[tuple[float, float], ...]
    zone: tzinfo

    @classmethod
    def of(cls, store: "Store", zone: str = "") -> "WallClock":
        """Return the clock of a session, in its own time zone, else in `zone` or the machine's."""
        meta = store.meta()
        marks = [(0.0, float(meta.get(CREATED, 0.0))), *_stored(meta.get(MARKS))]
        return cls(tuple(marks), zone_called(meta.get(ZONE) or zone))

    def wall(self, t: float) -> float:
        """Return the Unix time at session time `t`."""
        at = max(0, bisect.bisect_right(self.marks, (t, float("inf"))) - 1)
        start_s, wall_s = self.marks[at]
        return wall_s + t - start_s

    def local(self, t: float) -> datetime:
        """Return the local date and time at session time `t`."""
        return datetime.fromtimestamp(self.wall(t), self.zone)

    def times(self, start_wall_s: float, end_wall_s: float) -> list[Span]:
        """Return when the clock showed this stretch: none, one, or several where it jumped."""
        found = []
        ends = [t for t, _ in self.marks[1:]] + [float("inf")]
        for i, ((t, wall_s), end_t) in enumerate(zip(self.marks, ends, strict=True)):
            first_t = t if i else float("-inf")
            span = Span(
                max(first_t, start_wall_s - wall_s + t), min(end_t, end_wall_s - wall_s + t)
            )
            if span.start_s < span.end_s:
                found.append(span)
        return merged(found)

    def session_time(self, wall_s: float) -> float:
        """Return the session time at a Unix time, by the newest mark: for what is now."""
        t, mark_s = self.marks[-1]
        return wall_s - mark_s + t

    def at(self, day: date, minute: float, *, late: bool = False) -> float:
        """Return the Unix time when local clocks show so many minutes of a day.

        Where they show it twice, the first time, or with `late` the second.
        """
        day, minute = day + timedelta(days=minute // 1440), minute % 1440
        hours, minutes = divmod(int(minute), 60)
        local = datetime(day.year, day.month, day.day, hours, minutes, tzinfo=self.zone)
        return local.replace(fold=int(late)).timestamp() + 60 * (minute % 1)


def now_in(store: "Store", wall_s: float) -> float | None:
    """Return the Unix time from which words such as "yesterday" count when asked at `wall_s`.

    None for what was read from a file: its time is its own, and stands still.
    """
    sources = store.sources()
    return None if not sources or sources[-1].kind == "file" else wall_s


def note_wall(store: "Store", t: float, wall_s: float) -> bool:
    """Note that the clock on the wall shows `wall_s` at session time `t`, if it had jumped."""
    clock = WallClock.of(store)
    if abs(clock.wall(t) - wall_s) <= JUMP_S:
        return False
    marks = [mark for mark in clock.marks[1:] if mark[0] < t][-MOST_MARKS:]
    marks.append((round(t, 3), round(wall_s, 3)))
    store.set_meta(MARKS, json.dumps(marks))
    return True


@dataclass(slots=True)
class WallMarks:
    """Keeps the clock of a session true while a live source is watched: see `Ledger.observers`."""

    store: "Store"
    now_t: Callable[[], float]  # where the stream is now, in session time
    wall_now: Callable[[], float] = wall_time
    _due: float = float("-inf")

    def observe(self, _noted: object) -> list[dict[str, Any]]:
        """Look at the clock now and then, and note when it has jumped; no lines come of it."""
        t = self.now_t()
        if 0 <= t < 1e9 and t >= self._due:
            self._due = t + EVERY_S
            note_wall(self.store, t, self.wall_now())
        return []


def zone_called(name: str) -> tzinfo:
    """Return a time zone, for "" the machine's own; ConfigError when there is none such."""
    if not name:
        return _machine_zone(os.environ.get("TZ", ""))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"no time zone {name!r}: give one such as 'Europe/Berlin' (memory.time_zone)"
        ) from error


@cache
def _machine_zone(name: str) -> tzinfo:
    if name:
        try:
            return ZoneInfo(name.lstrip(":"))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    try:
        with _LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return UTC


def _stored(text: str | None) -> Iterable[tuple[float, float]]:
    marks = json.loads(text) if text else []
    return [(float(t), float(wall_s)) for t, wall_s in marks]
