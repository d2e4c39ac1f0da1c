from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pydantic import ValidationError

from omnilive.config import MemoryConfig
from omnilive.core.events import AudioChunk, Gap, SourceHealth, VideoFrame
from omnilive.media.base import Item
from omnilive.media.quiet import outside, quiet_at

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = ("22:00-06:30",)


def wall(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@pytest.mark.parametrize(
    ("at", "is_quiet"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("06:29", True),
     ("06:30", False), ("12:00", False)],
)  # fmt: skip
def test_hours_over_midnight(at: str, is_quiet: bool) -> None:
    assert (quiet_at(NIGHT, wall(f"2026-05-01 {at}"), BERLIN) == NIGHT[0]) is is_quiet


def test_several_hours_and_none() -> None:
    noon = wall("2026-05-01 12:30")
    assert quiet_at(("08:00-09:00", "12:00-13:00"), noon, BERLIN) == "12:00-13:00"
    assert quiet_at((), noon, BERLIN) is None
    assert quiet_at(("00:00-24:00",), noon, BERLIN) == "00:00-24:00"


def quiet_minutes(day: str, hours: str) -> int:
    """Count the true minutes of a day (on the clock in Berlin) that are quiet."""
    start = datetime.fromisoformat(day).replace(tzinfo=BERLIN)
    t = start.astimezone(UTC)
    count = 0
    while t.astimezone(BERLIN).date() == start.date():
        count += quiet_at((hours,), t.timestamp(), BERLIN) is not None
        t += timedelta(minutes=1)
    return count


def test_daylight_saving() -> None:
    assert quiet_minutes("2026-05-01", "01:00-04:00") == 180
    assert quiet_minutes("2026-03-29", "01:00-04:00") == 120  # 02:00 to 03:00 is left out
    assert quiet_minutes("2026-10-25", "01:00-04:00") == 240  # 02:00 to 03:00 comes twice
    assert quiet_minutes("2026-03-29", "02:00-03:00") == 0
    assert quiet_minutes("2026-10-25", "02:30-03:00") == 60


def picture(t: float) -> VideoFrame:
    return VideoFrame(t=t, rgb=np.zeros((2, 2, 3), np.uint8))


def test_nothing_passes_and_a_gap_says_why() -> None:
    minute = [0.0]
    begin = wall("2026-05-01 21:59")

    def items() -> Iterator[Item]:
        for i in range(600):
            minute[0] = float(i)
            yield picture(60.0 * i)
            yield AudioChunk(t=60.0 * i, pcm=np.zeros(16, np.float32), rate_hz=16)
        yield SourceHealth(t=36000.0, state="ended")

    told: list[float] = []
    passed = list(
        outside(
            items(), NIGHT, lambda: begin + 60 * minute[0], BERLIN, lambda: told.append(minute[0])
        )
    )
    gaps = [(gap.t, gap.end_t, gap.reason) for gap in passed if isinstance(gap, Gap)]
    reason = "quiet hours, 22:00-06:30"
    assert gaps == [(60.0, 60.0, reason), (60.0, 511 * 60.0, reason)]
    seen = {item.t for item in passed if isinstance(item, VideoFrame | AudioChunk)}
    assert seen == {0.0} | {60.0 * i for i in range(511, 600)}
    assert told == [1.0] and isinstance(passed[-1], SourceHealth)


def test_a_source_that_ends_at_night_still_says_why() -> None:
    quiet = wall("2026-05-01 23:00")
    items: list[Item] = [picture(0.0), picture(1.0), SourceHealth(t=2.0, state="ended")]
    passed = list(outside(iter(items), NIGHT, lambda: quiet, BERLIN))
    assert [type(item) for item in passed] == [Gap, Gap, SourceHealth]
    assert [(g.t, g.end_t) for g in passed if isinstance(g, Gap)] == [(0.0, 0.0), (0.0, 2.0)]


@pytest.mark.parametrize("hours", ["22-6", "25:00-06:00", "22:00", "22:60-23:00", "22:00-24:30"])
def test_what_are_no_hours(hours: str) -> None:
    with pytest.raises(ValidationError, match="22:00-06:30"):
        MemoryConfig(quiet_hours=(hours,))
