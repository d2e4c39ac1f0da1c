"""Reads words of time: English and Chinese, some Korean. Pure logic on text; no clock is read.

What is found is told as days, hours of a day, or seconds before now; plan.py makes spans of it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
).split()
_VALUES: dict[str, float] = {word: float(i) for i, word in enumerate(NUMBERS)} | {
    "a": 1, "an": 1, "half a": 0.5, "half an": 0.5, "a couple of": 2, "a few": 3, "several": 4,
    "thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50, "sixty": 60, "ninety": 90,
}  # fmt: skip
DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
MONTHS = (
    "january february march april may june july august september october november december"
).split()
UNITS = {"second": 1.0, "sec": 1.0, "minute": 60.0, "min": 60.0, "hour": 3600.0, "day": 86400.0,
         "week": 604800.0, "month": 2629800.0, "秒": 1.0, "分": 60.0, "小时": 3600.0, "时": 3600.0,
         "天": 86400.0, "周": 604800.0, "星期": 604800.0, "月": 2629800.0, "초": 1.0, "분": 60.0,
         "시간": 3600.0, "일": 86400.0, "주": 604800.0}  # fmt: skip
DAY_S = 86400.0
PARTS: dict[str, tuple[float, float]] = {  # minutes of the day; what is past 1440 is the next
    "morning": (240, 720), "afternoon": (720, 1080), "evening": (1020, 1440), "night": (1200, 1800),
    "早上": (240, 720), "早晨": (240, 720), "上午": (240, 720), "中午": (660, 840),
    "下午": (720, 1080), "傍晚": (1020, 1260), "晚上": (1020, 1500), "夜里": (1200, 1800),
    "凌晨": (0, 360), "아침": (240, 720), "오전": (0, 720), "오후": (720, 1080),
    "저녁": (1020, 1440), "밤": (1200, 1800),
}  # fmt: skip
_SLACK_MIN, _ABOUT_MIN = 30.0, 45.0  # around a full hour that is named
_FINE_MIN, _ABOUT_FINE_MIN = 5.0, 10.0  # around a time with minutes


class Hours(NamedTuple):
    """A stretch of a day, in minutes from midnight, of each day that is meant."""

    start: float
    end: float


@dataclass(slots=True)
class TimeWords:
    """What the words of time in a question mean.

    `ago` are spans in seconds before now (from, to); `days` pairs of numbers of days before
    today, or `dates` (year or 0, month, day); `clocks` alternatives within a day; `stream` spans
    of session time; `order` is 0 for the first, -1 for the last.
    """

    ago: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    days: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    weekdays: list[tuple[int, bool]] = field(default_factory=list[tuple[int, bool]])
    dates: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    weeks: list[int] = field(default_factory=list[int])
    parts: list[Hours] = field(default_factory=list[Hours])
    clocks: list[Hours] = field(default_factory=list[Hours])
    stream: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    order: int | None = None
    found: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    @property
    def limits(self) -> bool:
        """Whether it says when something was."""
        return bool(
            self.ago or self.days or self.weekdays or self.dates or self.weeks or self.parts
            or self.clocks or self.stream
        )  # fmt: skip


def read_time_words(text: str) -> TimeWords:
    """Return what the words of time in a text mean, and where they stand in it."""
    words = TimeWords()
    low = text.lower().replace("’", "'")
    if len(low) != len(text):  # a letter whose lower case is longer
        return words
    for pattern, take in _RULES:
        while (match := pattern.search(low)) is not None:
            if take(words, match, low):
                words.found.append(match.span())
                low = low[: match.start()] + "\x00" * len(match[0]) + low[match.end() :]
            else:  # looked like one, and is none: never look at it again
                low = low[: match.start()] + low[match.start()].upper() + low[match.start() + 1 :]
                if low[match.start()] == match[0][0]:  # has no upper case
                    break
    return words


def without(text: str, found: list[tuple[int, int]]) -> str:
    """Return a text without the stretches that were found in it."""
    for start, end in sorted(found, reverse=True):
        text = text[:start] + " " + text[end:]
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([?.!,;:\uff1f\u3002\uff0c])", r"\1", text)
    return re.sub(r"^[\s,\uff0c:;]+|(?<=[,;:])[,;:]+", "", text).strip()


def number(text: str) -> float:
    """Return the value of a number in digits or words; 0 for what is none."""
    text = text.strip().lower()
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    if text in _VALUES:
        return float(_VALUES[text])
    return _chinese_number(text)


_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}


def _chinese_number(text: str) -> float:
    if text == "半":
        return 0.5
    if text in ("几", "몇"):
        return 3.0
    tens, _, ones = text.rpartition("十") if "十" in text else ("", "", text)
    if not all(c in _DIGITS for c in tens + ones):
        return 0.0
    high = (_DIGITS[tens] if tens else 1) if "十" in text else 0
    return float(10 * high + (_DIGITS[ones] if ones else 0))


# English

_N = (
    r"(?P<n>\d+(?:\.\d+)?|half an?|a couple of|a few|several|an?|"
    + "|".join(sorted((w for w in _VALUES if w.isalpha() and len(w) > 2), key=len, reverse=True))
    + r"|forty-five)"
)
_UNIT = r"(?P<unit>second|sec|minute|min|hour|day|week|month)s?"
_ABOUT = r"(?P<about>about |around |some |roughly |approximately |maybe )?"


def _take_ago(words: TimeWords, match: re.Match[str], low: str) -> bool:
    count, unit = number(match["n"]), UNITS[match["unit"]]
    if "and a half" in match[0]:
        count += 0.5
    if unit == DAY_S:
        words.days.append((round(count), round(count)))
    elif unit > DAY_S:
        days, slack = round(count * unit / DAY_S), 1 if unit < 700000 else 5
        words.days.append((days + slack, max(0, days - slack)))
    else:
        length = count * unit
        least = {1.0: 5.0, 60.0: 90.0, 3600.0: 1200.0}[unit]
        loose = 0.35 if match.groupdict().get("about") or match["n"] in ("a few", "几") else 0.2
        slack = max(least, loose * length)
        words.ago.append((length + slack, max(0.0, length - slack)))
    return True


def _take_last(words: TimeWords, match: re.Match[str], low: str) -> bool:
    count = number(match["n"]) if match["n"] else 1.0
    words.ago.append((count * UNITS[match["unit"]], 0.0))
    return True


def _take_first(words: TimeWords, match: re.Match[str], low: str) -> bool:
    count = number(match["n"]) if match["n"] else 1.0
    words.stream.append((0.0, count * UNITS[match["unit"]]))
    return True


def _take_second(words: TimeWords, match: re.Match[str], low: str) -> bool:
    t = float(match["t"])
    words.stream.append((t - 2.0, t + 2.0))
    return True


_DAY_WORDS = {
    "the day before yesterday": 2, "yesterday": 1, "today": 0, "前天": 2, "昨天": 1, "今天": 0,
    "그저께": 2, "어제": 1, "오늘": 0,
}  # fmt: skip


def _take_day(words: TimeWords, match: re.Match[str], low: str) -> bool:
    days = _DAY_WORDS[match["day"]]
    words.days.append((days, days))
    if part := match.groupdict().get("part"):
        words.parts.append(Hours(*PARTS[part]))
    return True


def _take_this(words: TimeWords, match: re.Match[str], low: str) -> bool:
    words.days.append((0, 0))
    words.parts.append(Hours(*PARTS[match["part"]]))
    return True


def _take_night(words: TimeWords, match: re.Match[str], low: str) -> bool:
    """Last night, tonight."""
    is_last = match[0].startswith(("last", "昨", "어젯"))
    words.days.append((1, 1) if is_last else (0, 0))
    words.parts.append(Hours(1080, 1800) if is_last else Hours(1020, 1740))
    return True


def _take_week(words: TimeWords, match: re.Match[str], low: str) -> bool:
    words.weeks.append(1 if match["which"] in ("last", "上", "지난") else 0)
    return True


_WEEKDAYS = {day: i for i, day in enumerate(DAYS)}
_WEEKDAYS |= {c: i for i, c in enumerate("一二三四五六日")} | {"天": 6}
_WEEKDAYS |= {c: i for i, c in enumerate("월화수목금토일")}
_CONTENT = re.compile(r"\b(?:about|of|for|until|till|next|every|by|to|named|called|is|word) $")


def _take_weekday(words: TimeWords, match: re.Match[str], low: str) -> bool:
    which = match.groupdict().get("which") or ""
    if not which and _CONTENT.search(low[: match.start()]):
        return False  # "what did he say about Monday?"
    words.weekdays.append((_WEEKDAYS[match["day"]], which.strip() in ("last", "上")))
    if part := match.groupdict().get("part"):
        words.parts.append(Hours(*PARTS[part]))
    return True


def _take_date(words: TimeWords, match: re.Match[str], low: str) -> bool:
    groups = match.groupdict()
    month = groups["month"]
    number_of = MONTHS.index(month) + 1 if month in MONTHS else round(number(month))
    day = round(number(groups["d"]))
    if not (1 <= number_of <= 12 and 1 <= day <= 31):
        return False
    words.dates.append((int(groups.get("year") or 0), number_of, day))
    if part := groups.get("part"):
        words.parts.append(Hours(*PARTS[part]))
    return True


def _take_part(words: TimeWords, match: re.Match[str], low: str) -> bool:
    words.parts.append(Hours(*PARTS[match["part"]]))
    return True


_HOUR = r"(?:\d{1,2}(?:[:.h]\d{2})?|" + "|".join(NUMBERS[1:13]) + r"|noon|midday|midnight)"
_ATOM = (
    rf"(?:(?:half past|(?:a )?quarter past|(?:a )?quarter to|[\w-]+ minutes? (?:past|to)) )?{_HOUR}"
    r"(?: ?o'?clock)?(?: ?[ap]\.?m\b\.?)?(?: in the (?:morning|afternoon|evening)| at night)?"
)
_MARKED = re.compile(
    r"\d[:.h]\d|o'?clock|[ap]\.?m\b|past|quarter|noon|midday|midnight|in the|night"
)
_ENDS = re.compile(
    r"\s*(?:$|[?.!,;\x00]|(?:on|in|this|last|what|who|which|where|when|how|did|was|were|is|and)\b)"
)
# A clock of the stream itself, as answers write it: "0:15", "1:02:03".
_STREAM = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d{2})")


def _take_at(words: TimeWords, match: re.Match[str], low: str) -> bool:
    atom, how = match["atom"], match["how"]
    after = low[match.end() :]
    if not _MARKED.search(atom) and not (_ENDS.match(after) and how != "about"):
        return False
    about = how in ("around", "about", "at about", "at around", "at roughly", "by")
    fine = bool(re.search(r"\d[:.h]\d|past|quarter|minutes", atom))
    slack = (_ABOUT_FINE_MIN if about else _FINE_MIN) if fine else (
        _ABOUT_MIN if about else _SLACK_MIN
    )  # fmt: skip
    times = clock_times(atom)
    for minute in times:
        if how in ("before", "until", "till"):
            words.clocks.append(Hours(0, minute))
        elif how in ("after", "since"):
            words.clocks.append(Hours(minute, 1440))
        else:
            words.clocks.append(Hours(minute - slack, minute + slack))
    if (stream := _STREAM.fullmatch(atom)) and how in ("at", "at about", "around"):
        hours, minutes, seconds = (int(part or 0) for part in stream.groups())
        t = hours * 3600 + minutes * 60 + seconds
        words.stream.append((t - 2.0, t + 3.0))
    return bool(times)


def _take_between(words: TimeWords, match: re.Match[str], low: str) -> bool:
    one, two = match["one"], match["two"]
    if match["how"] == "from" and not _MARKED.search(one + " " + two):
        return False
    ends = clock_times(two)
    found = []
    for end in ends:
        starts = clock_times(one)
        if _half(two) and not _half(one):  # "between 2 and 3 pm"
            starts = [start for start in starts if (start < end) and end - start <= 720][-1:]
        found += [Hours(start, end) for start in starts if 0 < end - start <= 720]
    words.clocks += found if len(ends) == 1 or len(found) <= 1 else _shortest(found)
    return bool(found)


def _shortest(found: list[Hours]) -> list[Hours]:
    least = min(hours.end - hours.start for hours in found)
    return [hours for hours in found if hours.end - hours.start == least]


def _half(atom: str) -> bool:
    return bool(re.search(r"[ap]\.?m\b|in the|night|noon|midday|midnight", atom))


def clock_times(atom: str) -> list[float]:
    """Return the minutes of the day that a time on the clock may mean: one, or am and pm."""
    low = atom.strip()
    if "noon" in low or "midday" in low:
        return [720.0]
    if "midnight" in low:
        return [0.0, 1440.0]
    match = re.search(rf"({_HOUR})(?!.*{_HOUR})", re.sub(r" in the \w+| at night", "", low))
    if match is None:
        return []
    parts = re.split(r"[:.h]", match[1])
    hour = number(parts[0])
    minute = float(parts[1]) if len(parts) > 1 else 0.0
    if past := re.search(r"(half|quarter|[\w-]+ minutes?) (past|to)", low):
        shift = {"half": 30.0, "quarter": 15.0}.get(past[1]) or number(past[1].split()[0])
        minute = shift if past[2] == "past" else -shift
    if hour > 24 or minute >= 60:
        return []
    is_pm = re.search(r"p\.?m\b|afternoon|evening|night", low)
    is_am = re.search(r"a\.?m\b|morning", low)
    if hour > 12 or (hour == 0) or (hour >= 10 and len(parts) > 1 and not is_pm and not is_am
                                    and hour != 12):  # fmt: skip
        return [hour * 60 + minute]
    twelve = hour % 12
    if is_pm or is_am:
        return [(twelve + (12 if is_pm else 0)) * 60 + minute]
    both = [twelve * 60 + minute, (twelve + 12) * 60 + minute]
    return both if both[0] >= 0 else both[1:]


_ORDERS = {"first": 0, "very first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4,
           "last": -1, "latest": -1, "most recent": -1, "very last": -1}  # fmt: skip


def _take_order(words: TimeWords, match: re.Match[str], low: str) -> bool:
    words.order = _ORDERS[match["which"]]
    return True


# Chinese and Korean

_ZN = r"(?P<n>\d+(?:\.\d+)?|[一二两三四五六七八九十几半]+)"
_ZUNIT = r"(?P<unit>秒|分|小时|天|周|星期|月)"
_ZPART = r"(?P<part>早上|早晨|上午|中午|下午|傍晚|晚上|夜里|凌晨)"
_ZPART_ALONE = rf"(?:{_ZPART}(?!\d|[一二两三四五六七八九十]+点))?"  # no time on the clock behind it
_ZDAY = r"(?:\d{1,2}|[一二三四五六七八九十]+)"
_KPART = r"(?P<part>아침|오전|오후|저녁|밤)"


def _take_chinese_clock(words: TimeWords, match: re.Match[str], low: str) -> bool:
    groups = match.groupdict()
    part = groups.get("part") or ""
    starts = _chinese_times(part, groups["h"], groups.get("m") or "", groups.get("half") or "")
    if (end := groups.get("h2")) is not None:
        part_2 = groups.get("part2") or part
        for two in _chinese_times(part_2, end, "", ""):
            words.clocks += [Hours(one, two) for one in starts if 0 < two - one <= 360]
        return bool(words.clocks)
    fine = bool(groups.get("m") or groups.get("half"))
    slack = _FINE_MIN if fine else _SLACK_MIN
    words.clocks += [Hours(minute - slack, minute + slack) for minute in starts]
    return bool(starts)


def _chinese_times(part: str, hour: str, minute: str, half: str) -> list[float]:
    h, m = number(hour), number(minute) if minute else 0.0
    m = 30.0 if half == "半" else 15.0 if half == "一刻" else m
    if h > 24:
        return []
    if h > 12 or h == 0:
        return [h * 60 + m]
    is_late = part in ("下午", "傍晚", "晚上", "夜里", "오후", "저녁", "밤") or (
        part == "中午" and h < 11
    )
    if part:
        return [(h % 12 + (12 if is_late or (part == "中午" and h == 12) else 0)) * 60 + m]
    return [(h % 12) * 60 + m, (h % 12 + 12) * 60 + m]


def _take_chinese_order(words: TimeWords, match: re.Match[str], low: str) -> bool:
    orders = {"第一次": 0, "首次": 0, "第二次": 1, "第三次": 2, "最后一次": -1, "上次": -1,
              "最近一次": -1, "上一次": -1, "처음으로": 0, "마지막으로": -1}  # fmt: skip
    words.order = orders[match[0]]
    return True


Take = Callable[[TimeWords, "re.Match[str]", str], bool]
_PART = r"(?P<part>morning|afternoon|evening|night)"
_DAY = rf"(?P<day>{'|'.join(DAYS)})"
_MONTH = rf"(?P<month>{'|'.join(MONTHS)})"
_RULES: tuple[tuple[re.Pattern[str], Take], ...] = tuple(
    (re.compile(pattern), take)
    for pattern, take in (
        (r"\b(?:for )?the (?P<which>very first|first|second|third|fourth|fifth|very last|last|"
         r"latest|most recent) time\b(?: that\b)?", _take_order),
        (rf"\b{_ABOUT}{_N} {_UNIT}(?: and a half)? ago\b", _take_ago),
        (rf"\b{_ABOUT}(?P<n>half an) (?P<unit>hour) ago\b", _take_ago),
        (rf"\b(?:in|within|during|over|for) the (?:last|past|previous) (?:{_N} )?{_UNIT}\b",
         _take_last),
        (rf"\b(?:in|within|during) the first (?:{_N} )?{_UNIT}\b", _take_first),
        (r"\bat (?:second (?P<t>\d+(?:\.\d+)?)\b)", _take_second),
        (r"\bat (?P<t>\d+(?:\.\d+)?) ?(?:s|sec|seconds)\b", _take_second),
        (r"\blast night\b|\btonight\b", _take_night),
        (rf"\bthis {_PART}\b", _take_this),
        (r"(?:\bin the (?P<part>morning|afternoon|evening) (?:on |of )?)?"
         r"\b(?P<day>the day before yesterday|yesterday|today)\b", _take_day),
        (r"\b(?P<which>last|this) week\b", _take_week),
        (rf"\b(?:on )?{_MONTH} (?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>\d{{4}})"
         rf"\b)?(?: in the {_PART}| {_PART.replace('part', 'part_')})?", _take_date),
        (rf"\b(?:on )?(?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}\b"
         r"(?: (?P<year>\d{4})\b)?", _take_date),
        (r"\b(?:on )?(?P<year>\d{4})-(?P<month>\d\d)-(?P<d>\d\d)\b", _take_date),
        (rf"\b(?:(?P<which>on|last|this past|this|since) )?(?:the )?{_DAY}\b(?: {_PART})?",
         _take_weekday),
        (rf"\b(?P<how>between|from) (?P<one>{_ATOM}) (?:and|to|until|till) (?P<two>{_ATOM})",
         _take_between),
        (r"\b(?P<how>at about|at around|at roughly|at|around|about|by|before|after|since|until|"
         rf"till) (?P<atom>{_ATOM})", _take_at),
        (r"\b(?:at (?P<atom>\d+(?::\d{1,3})?:\d{2})(?P<how>\b))", _take_at),
        (rf"\b(?:in|during) the {_PART}\b|\bat (?P<part_>night)\b", _take_part),
        (r"(?<=\x00) (?P<part>morning|afternoon|evening|night)\b", _take_part),
        # Chinese
        (r"最后一次|最近一次|上一次|第[一二三]次|首次|上次", _take_chinese_order),
        (rf"{_ZN}个?{_ZUNIT}[钟]?(?P<about>左右)?(?:之前|以前|前)", _take_ago),
        (rf"(?:最近|过去|刚过去的?)(?:的)?{_ZN}个?{_ZUNIT}钟?(?:内|里|中)?", _take_last),
        (r"昨晚|昨夜|今晚", _take_night),
        (rf"(?P<day>前天|昨天|今天)(?:的)?{_ZPART_ALONE}", _take_day),
        (r"(?P<which>上|这|本)(?:个)?(?:周|星期)(?![一二三四五六日天])", _take_week),
        (rf"(?P<which>上)?(?:个)?(?:周|星期|礼拜)(?P<day>[一二三四五六日天]){_ZPART_ALONE}",
         _take_weekday),
        (rf"(?:(?P<year>\d{{4}})年)?(?P<month>{_ZDAY})月(?P<d>{_ZDAY})[日号]",
         _take_date),
        (rf"(?:{_ZPART})?(?P<h>\d{{1,2}}|[一二两三四五六七八九十]+)点(?:到|至)(?P<part2>上午|下午|晚上)?"
         r"(?P<h2>\d{1,2}|[一二两三四五六七八九十]+)点(?:之间)?", _take_chinese_clock),
        (rf"(?:{_ZPART})?(?P<h>\d{{1,2}}|[一二两三四五六七八九十]+)点(?:(?P<half>半|一刻)|"
         r"(?P<m>\d{1,2}|[一二三四五六七八九十]+)分)?钟?(?:左右)?", _take_chinese_clock),
        (r"今早", lambda words, match, low: _take_morning(words)),
        (_ZPART, _take_part),
        # Korean
        (r"처음으로|마지막으로", _take_chinese_order),
        (r"(?P<n>\d+) ?(?P<unit>초|분|시간|일|주)(?P<about> ?쯤)? 전(?:에)?", _take_ago),
        (rf"(?P<day>그저께|어제|오늘)(?: {_KPART})?(?:에)?", _take_day),
        (rf"(?P<day>[월화수목금토일])요일(?: {_KPART})?(?:에)?", _take_weekday),
        (rf"(?:{_KPART} ?)?(?P<h>\d{{1,2}})시(?: ?(?P<m>\d{{1,2}})분)?(?:쯤)?(?:에)?",
         _take_chinese_clock),
    )
)  # fmt: skip


def _take_morning(words: TimeWords) -> bool:
    words.days.append((0, 0))
    words.parts.append(Hours(*PARTS["早上"]))
    return True
