"""Numbers, durations and times of day in words, English and Chinese."""

import re

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
_UNITS += "fifteen sixteen seventeen eighteen nineteen twenty"
_TENS = {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80}
WORDS = {word: float(i) for i, word in enumerate(_UNITS.split())}
WORDS |= {k: float(v) for k, v in _TENS.items()} | {"ninety": 90.0, "hundred": 100.0}
WORDS |= {"a hundred": 100.0, "a dozen": 12.0, "a couple of": 2.0, "a few": 3.0, "dozen": 12.0}
WORDS |= {"twenty five": 25.0, "forty five": 45.0, "twenty-five": 25.0, "forty-five": 45.0}
ARTICLES = {"a": 1.0, "an": 1.0, "another": 1.0}
_LONGEST_FIRST = sorted([*WORDS, *ARTICLES], key=len, reverse=True)
COUNT = rf"(?:-?\d+(?:\.\d+)?|{'|'.join(sorted(WORDS, key=len, reverse=True))})"
_ANY = rf"(?:\d+(?:\.\d+)?|{'|'.join(_LONGEST_FIRST)})"
_UNIT = r"(?:seconds?|secs?|s|minutes?|mins?|min|m|hours?|hrs?|h|days?|weeks?)"
DURATION = (
    rf"(?:(?:half (?:an? )?|(?:an? )?(?:three )?quarters? of an )(?:hour|minute)"
    rf"|(?:an? |one )(?:hour|minute) and a half"
    rf"|{_ANY} and a half {_UNIT}"
    rf"|{_ANY}[ -]?{_UNIT}(?![a-z])(?:(?:,? and |,? )?{_ANY} ?{_UNIT}(?![a-z]))*)"
    rf"|(?:hour|minute|second|day)\b"
)
_SIZE = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

_ZH_DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2, "俩": 2}
ZH_NUMBER = r"(?:\d+(?:\.\d+)?|[零一二两三四五六七八九十百半]+)"
ZH_DURATION = rf"(?:{ZH_NUMBER}个?(?:半)?(?:秒钟?|分钟?|小时|钟头|天|刻钟)半?)+"


def number(text: str) -> float:
    """Return the value of a number in digits or words."""
    text = text.lower().strip()
    if text in WORDS:
        return WORDS[text]
    return ARTICLES[text] if text in ARTICLES else float(text)


def seconds(text: str) -> float:
    """Return the length of a duration that DURATION matches."""
    text = text.lower()
    if match := re.fullmatch(r"half (?:an? )?(hour|minute)", text):
        return _SIZE[match[1][0]] / 2
    if match := re.fullmatch(r"(?:an? )?(three )?quarters? of an (hour|minute)", text):
        return _SIZE[match[2][0]] * (0.75 if match[1] else 0.25)
    if match := re.fullmatch(r"(?:an?|one) (hour|minute) and a half", text):
        return _SIZE[match[1][0]] * 1.5
    if match := re.fullmatch(rf"({_ANY}) and a half ({_UNIT})", text):
        return _SIZE[match[2][0]] * (number(match[1]) + 0.5)
    if match := re.fullmatch(r"(hour|minute|second|day)", text):
        return float(_SIZE[match[1][0]])
    pairs = re.findall(rf"({_ANY})[ -]?({_UNIT})(?![a-z])", text)
    return float(sum(number(value) * _SIZE[unit[0]] for value, unit in pairs))


def clock_minutes(text: str, half: str = "") -> int | None:
    """Return minutes after midnight of "9", "9:30", "9 pm", "noon"; None when it is no time.

    `half` ("am" or "pm") is meant when the text says neither.
    """
    text = text.lower().replace(".", "").strip()
    fixed = {"noon": 720, "midday": 720, "midnight": 0}
    if text in fixed:
        return fixed[text]
    match = re.fullmatch(r"(\d{1,2}|[a-z]+)(?::?(\d\d))?(?: ?h)?(?: ?o'?clock)? ?(am|pm)?", text)
    if match is None or (not match[1].isdigit() and match[1] not in WORDS):
        return None
    hour, minute = int(number(match[1])), int(match[2] or 0)
    half = match[3] or half
    if half and hour > 12:
        half = ""
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return hour * 60 + minute if hour <= 24 and minute < 60 and hour * 60 + minute <= 1440 else None


def hhmm(minutes: int) -> str:
    """Return minutes after midnight as "HH:MM"."""
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def zh_number(text: str) -> float:
    """Return the value of a Chinese number, in digits or signs, up to 999."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if text == "半":
        return 0.5
    total, digit = 0, 0
    for sign in text.replace("半", ""):
        if sign in _ZH_DIGITS:
            digit = _ZH_DIGITS[sign]
        else:
            total += (digit or 1) * (10 if sign == "十" else 100)
            digit = 0
    return float(total + digit)


def zh_seconds(text: str) -> float:
    """Return the length of a duration that ZH_DURATION matches."""
    size = {"秒": 1, "分": 60, "小": 3600, "钟": 3600, "天": 86400, "刻": 900}
    total = 0.0
    for value, half, unit, more in re.findall(
        rf"({ZH_NUMBER})个?(半)?(秒钟?|分钟?|小时|钟头|天|刻钟)(半)?", text
    ):
        total += (zh_number(value) + (0.5 if half or more else 0)) * size[unit[0]]
    return total
