"""When a watch is awake, in wall-clock time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from omnilive.dialogue.watches.rule import Schedule


def is_awake(schedule: Schedule | None, wall_s: float) -> bool:
    """Tell whether Unix time `wall_s` lies in the schedule; None is always.

    A night that goes past midnight belongs to the day on which it began.
    """
    if schedule is None:
        return True
    zone = ZoneInfo(schedule.timezone) if schedule.timezone else None
    now = datetime.fromtimestamp(wall_s, zone)
    minute = now.hour * 60 + now.minute
    start, end = _minute(schedule.start), _minute(schedule.end)
    if start < end:
        return _is_day(schedule, now) and start <= minute < end
    yesterday = now - timedelta(days=1)
    return (minute >= start and _is_day(schedule, now)) or (
        minute < end and _is_day(schedule, yesterday)
    )


def _is_day(schedule: Schedule, day: datetime) -> bool:
    return not schedule.days or day.weekday() in schedule.days


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
