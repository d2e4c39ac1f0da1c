"""How people name a time in the past, and which stretch they mean by it: for questions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from omnilive_lab.streams.base import Family

NUMBER = "zero one two three four five six seven eight nine ten eleven twelve".split()
PARTS = (("morning", 5, 12), ("afternoon", 12, 18), ("evening", 18, 23))
MONTHS = (
    "January February March April May June July August September October November December"
).split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


@dataclass(frozen=True, slots=True)
class Naming:
    """A wording, and the stretch of wall time (Unix seconds) that it means."""

    text: str
    kind: str  # "day", "part", "hour", "ago", "between", "date"
    start_s: float
    end_s: float

    def means(self, wall_s: float) -> bool:
        """Tell whether a time lies in the stretch."""
        return self.start_s <= wall_s < self.end_s


def namings(wall_s: float, ask_wall_s: float, zone: str, family: Family) -> list[Naming]:
    """Return wordings by which somebody at `ask_wall_s` may name the time `wall_s`."""
    tz = ZoneInfo(zone)
    then, now = datetime.fromtimestamp(wall_s, tz), datetime.fromtimestamp(ask_wall_s, tz)
    ago_s, days = ask_wall_s - wall_s, (now.date() - then.date()).days
    is_train = family == "train"
    found = _ago(wall_s, ago_s, ask_wall_s, is_train)
    found += _clock(then, days, is_train)
    day = _day_words(then, days, is_train)
    for text, kind in day:
        found.append(Naming(text, kind, *_of_day(then)))
    for name, first, last in PARTS:
        if first <= then.hour < last:
            found += [
                Naming(text, "part", *_hours(then, first, last))
                for text in _part_words(name, then, days, is_train)
            ]
    return found


def _ago(wall_s: float, ago_s: float, ask_wall_s: float, is_train: bool) -> list[Naming]:
    found = []
    minutes = round(ago_s / 60)
    if 5 <= minutes <= 55:
        words = f"{minutes} minutes ago" if is_train else f"about {minutes} minutes ago"
        found.append(Naming(words, "ago", wall_s - 90, wall_s + 90))
    hours = round(ago_s / 3600)
    if 1 <= hours <= 10 and abs(ago_s / 3600 - hours) < 0.2:
        words = "an hour ago" if hours == 1 else f"{NUMBER[hours]} hours ago"
        text = words if is_train else f"around {words}"
        found.append(Naming(text, "ago", wall_s - 1200, wall_s + 1200))
    if not is_train and 1 < minutes < 50:
        more = -(-minutes // 10) * 10
        text = f"in the last {more} minutes"
        found.append(Naming(text, "ago", ask_wall_s - more * 60, ask_wall_s + 1))
    return found


def _clock(then: datetime, days: int, is_train: bool) -> list[Naming]:
    """Name the hour on the clock, of today and yesterday."""
    if days > 1:
        return []
    hour, half = then.hour, "am" if then.hour < 12 else "pm"
    twelve = (hour - 1) % 12 + 1
    after = hour % 12 + 1
    start_s, end_s = _hours(then, hour, hour + 1)
    day = "yesterday " if days else ""
    found = []
    if hour + 1 not in (12, 24):
        text = (
            f"{day}between {twelve} and {after} {half}" if is_train
            else f"{day}from {twelve} to {after} {half}"
        )  # fmt: skip
        found.append(Naming(text.strip(), "between", start_s, end_s))
    if then.minute < 20:
        text = f"{day}at {twelve} {half}" if is_train else f"{day}around {twelve} o'clock"
        if is_train or days:
            found.append(Naming(text, "hour", start_s - 1800, start_s + 1800))
    minute = f"{then.hour}:{then.minute:02d}"
    exact = then.replace(second=0, microsecond=0).timestamp()
    text = f"{day}at {minute}" if is_train else f"{day}at about {minute}"
    found.append(Naming(text, "hour", exact - 240, exact + 300))
    return found


def _day_words(then: datetime, days: int, is_train: bool) -> list[tuple[str, str]]:
    name = DAYS[then.weekday()]
    date = f"on {MONTHS[then.month - 1]} {then.day}"
    if not is_train:
        date = f"on the {then.day}{_ending(then.day)} of {MONTHS[then.month - 1]}"
    if days == 0:
        return [("today", "day")]
    found = [(date, "date")] if days > 1 else [("yesterday", "day")]
    if days == 2 and is_train:
        found.append(("the day before yesterday", "day"))
    if 2 <= days <= 6:
        found.append((f"on {name}" if is_train else f"last {name}", "day"))
        if not is_train:
            found.append((f"{NUMBER[days]} days ago", "day"))
    return found


def _part_words(part: str, then: datetime, days: int, is_train: bool) -> list[str]:
    name = DAYS[then.weekday()]
    if days == 0:
        return [f"this {part}" if is_train else f"in the {part} today"]
    if days == 1:
        return [f"yesterday {part}" if is_train else f"in the {part} yesterday"]
    if days <= 6:
        return [f"on {name} {part}" if is_train else f"in the {part} on {name}"]
    return []


def _of_day(then: datetime) -> tuple[float, float]:
    return _hours(then, 0, 24)


def _hours(then: datetime, first: int, last: int) -> tuple[float, float]:
    """Return the stretch between two hours of a local day, on the clock on the wall."""
    midnight = then.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    begin = midnight.replace(hour=first)
    over = midnight.replace(hour=last) if last < 24 else _next_midnight(midnight)
    return begin.timestamp(), over.timestamp()


def _next_midnight(midnight: datetime) -> datetime:
    day = (midnight + timedelta(days=1)).date()
    return datetime(day.year, day.month, day.day, tzinfo=midnight.tzinfo)


def _ending(day: int) -> str:
    return "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
