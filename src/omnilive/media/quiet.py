"""Quiet hours: times of the day, on the clock on the wall, in which nothing is taken in."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Annotated

from pydantic import AfterValidator

from omnilive.core.events import AudioChunk, Gap, Mark, SourceHealth
from omnilive.media.base import Item

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def _checked(text: str) -> str:
    if not _HOURS.fullmatch(text) or minutes_of(text)[1] > 24 * 60:
        raise ValueError(f'{text!r} are no hours: write them as "22:00-06:30"')
    return text


Hours = Annotated[str, AfterValidator(_checked)]


def minutes_of(hours: str) -> tuple[int, int]:
    """Return "22:00-06:30" as minutes since midnight: (1320, 390)."""
    match = _HOURS.fullmatch(hours)
    assert match is not None
    a, b, c, d = (int(part) for part in match.groups())
    return a * 60 + b, c * 60 + d


def quiet_at(quiet: Sequence[str], wall_s: float, zone: tzinfo | None = None) -> str | None:
    """Return which of the quiet hours hold at a Unix time, None for none.

    What the clock shows in `zone` (default: this machine's) decides, so that an hour that the
    clock shows twice is quiet twice, and one that it leaves out is not missed.
    """
    local = datetime.fromtimestamp(wall_s, UTC).astimezone(zone)
    minute = local.hour * 60 + local.minute
    for hours in quiet:
        start, end = minutes_of(hours)
        inside = start <= minute < end if start < end else minute >= start or minute < end
        if inside:
            return hours
    return None


def outside(
    items: Iterator[Item],
    quiet: Sequence[str],
    wall_s: Callable[[], float],
    zone: tzinfo | None = None,
    on_quiet: Callable[[], None] = lambda: None,
) -> Iterator[Item]:
    """Yield what comes outside of quiet hours; an empty gap as they begin, the whole one after.

    `on_quiet` is called as they begin. Signs of life of the source pass all the time.
    """
    since_t: float | None = None
    hours: str = ""
    t = 0.0
    for item in items:
        if isinstance(item, SourceHealth):
            if item.state == "ended" and since_t is not None:
                yield _gap(since_t, item.t, hours)
                since_t = None
            yield item
            continue
        t = item.end_t if isinstance(item, AudioChunk | Gap) else item.t
        now = quiet_at(quiet, wall_s(), zone)
        if now is None:
            if since_t is not None:
                yield _gap(since_t, item.t, hours)
                since_t = None
            yield item
        elif since_t is None:
            since_t, hours = item.t, now
            on_quiet()
            yield _gap(since_t, since_t, hours)  # ends what is open, and says why
        elif isinstance(item, Mark):
            yield item
    if since_t is not None:
        yield _gap(since_t, t, hours)


def _gap(start_t: float, end_t: float, hours: str) -> Gap:
    return Gap(t=start_t, end_t=max(start_t, end_t), reason=f"quiet hours, {hours}")
