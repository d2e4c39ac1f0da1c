"""What the memory says about a question, before any language model has touched it."""

from dataclasses import dataclass
from datetime import timedelta

from omnilive.memory.base import Fact
from omnilive.memory.wall import WallClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An answer computed from facts: its wording, its evidence, and whether it is one at all.

    `direct` means that the text answers the question itself; otherwise it is the evidence
    quoted, and a language model may try to say it shorter. `now` means that it is about the
    present picture, which is its evidence.
    `count` is the number that answers, if one does; `strength` is how
    surely the evidence bears on the question, 0 to 1.
    """

    text: str
    evidence: tuple[Fact, ...] = ()
    supported: bool = True
    direct: bool = True
    now: bool = False
    count: int | None = None
    strength: float = 1.0


def clock(t: float) -> str:
    """Return a stream time as people read it: 0:07, 12:30, 1:02:03."""
    seconds = max(0, int(t))
    if seconds >= 3600:
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{seconds // 60}:{seconds % 60:02d}"


def moment(t: float) -> str:
    """Return a stream time with its seconds: "0:07 (7.3 s)"."""
    return f"{clock(t)} ({t:.1f} s)"


def span(start_s: float, end_s: float) -> str:
    """Return a stretch of stream time: "0:07–0:12"."""
    return f"{clock(start_s)}–{clock(end_s)}"


LONG_SESSION_S = 6 * 3600.0  # from then on, times are told as on the clock on the wall
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_CHINESE_DAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Telling:
    """Tells times as people of this session read them.

    In a short one as seconds from its start ("0:07 (7.3 s)"), in a long one as the clock on the
    wall and the day ("14:05 on Tuesday"), seen from `now_s`.
    """

    clock_on_wall: WallClock | None = None
    t: float = 0.0
    now_s: float = 0.0
    chinese: bool = False

    @property
    def by_wall(self) -> bool:
        """Whether times are told as on the clock on the wall."""
        return self.clock_on_wall is not None and self.t > LONG_SESSION_S

    def clock(self, t: float) -> str:
        """Return a time without seconds."""
        return self._wall(t) if self.by_wall else clock(t)

    def moment(self, t: float) -> str:
        """Return a time to go with "at"."""
        return self._wall(t) if self.by_wall else moment(t)

    def span(self, start_s: float, end_s: float) -> str:
        """Return a stretch of time."""
        if not self.by_wall or self.clock_on_wall is None:
            return span(start_s, end_s)
        one, two = self.clock_on_wall.local(start_s), self.clock_on_wall.local(end_s)
        if one.date() != two.date():
            return f"{self._wall(start_s)} – {self._wall(end_s)}"
        hours = f"{one:%H:%M}–{two:%H:%M}"
        return self._with_day(hours, start_s) if f"{one:%H:%M}" != f"{two:%H:%M}" else (
            self._wall(start_s)
        )  # fmt: skip

    def length(self, seconds: float) -> str:
        """Return how long something took."""
        if seconds < 600:
            return f"{seconds:.0f} s"
        hours, minutes = divmod(round(seconds / 60), 60)
        return f"{hours} h {minutes} min" if hours else f"{minutes} min"

    def _wall(self, t: float) -> str:
        assert self.clock_on_wall is not None
        return self._with_day(f"{self.clock_on_wall.local(t):%H:%M}", t)

    def _with_day(self, hours: str, t: float) -> str:
        day = self.day(t)
        return f"{day} {hours}" if self.chinese else f"{hours} {day}"

    def day(self, t: float) -> str:
        """Return the day of a session time: "today", "on Tuesday", "on 6 January"."""
        assert self.clock_on_wall is not None
        then = self.clock_on_wall.local(t).date()
        today = self.clock_on_wall.local(max(self.now_s, self.t)).date()
        back = (today - then) // timedelta(days=1)
        if self.chinese:
            named = {0: "今天", 1: "昨天", 2: "前天"}.get(back)
            week = f"星期{_CHINESE_DAYS[then.weekday()]}"
            return named or (week if 0 < back < 7 else f"{then.month}月{then.day}日")
        named = {0: "today", 1: "yesterday"}.get(back)
        if named:
            return named
        if 0 < back < 7:
            return f"on {_DAYS[then.weekday()]}"
        year = "" if then.year == today.year else f" {then.year}"
        return f"on {then.day} {_MONTHS[then.month - 1]}{year}"
