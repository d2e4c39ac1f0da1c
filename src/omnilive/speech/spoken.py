"""The spoken form of written text: times, units and marks become words."""

import re

HOUR, MINUTE = 3600, 60
NUMBERS = "one two three four five six seven eight nine ten eleven twelve".split()
CLOCK = r"(?:(\d+):)?(\d{1,2}):(\d\d)"
EXACT = re.compile(CLOCK + r"(?:\s*\(\d+(?:\.\d+)? s\))?(?![\d:]|\s*[ap]\.?m)")
SPAN = re.compile(r"(?P<a>(?:\d+:)?\d{1,2}:\d\d)\s*[–-]\s*(?P<b>(?:\d+:)?\d{1,2}:\d\d)(?![\d:])")
NUMBER_TWICE = re.compile(rf"\b({'|'.join(NUMBERS)}|no)\b\s*\(\d+\)", re.IGNORECASE)
UNITS = {"s": "second", "min": "minute", "h": "hour", "fps": "frame per second"}
UNIT = re.compile(r"(\d+(?:\.\d+)?) (s|min|h|fps)\b")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
URL = re.compile(r"https?://\S+")
CITATION = re.compile(r"\s*\[\d+(?:\s*,\s*\d+)*\]")
MARKS = re.compile(r"[*_`#“”\"«»|]+")


def spoken(text: str) -> str:
    """Return English text as it is read out: "at 0:15 (15.7 s)" is "at fifteen seconds"."""
    text = URL.sub("a link", LINK.sub(r"\1", text))
    text = CITATION.sub("", text)
    text = NUMBER_TWICE.sub(r"\1", text)
    text = SPAN.sub(lambda m: f"{_clock_words(m['a'])} to {_clock_words(m['b'])}", text)
    text = EXACT.sub(lambda m: _duration(m[1], m[2], m[3]), text)
    text = UNIT.sub(lambda m: _plural(m[1], UNITS[m[2]]), text)
    text = re.sub(r"\s*\(([^()]*)\)", r", \1,", text)
    text = MARKS.sub("", text)
    text = re.sub(r",\s*([.,;:!?])", r"\1", text)
    return re.sub(r"\s+", " ", text).strip().lstrip(",").strip()


def is_latin(text: str) -> bool:
    """Tell whether most letters are Latin ones; a text without letters counts as Latin."""
    letters = [c for c in text if c.isalpha()]
    return sum(c < "\u0250" for c in letters) * 2 > len(letters) or not letters


def has_words(text: str) -> bool:
    """Tell whether there is anything to say at all."""
    return any(c.isalnum() for c in text)


def _clock_words(clock: str) -> str:
    parts = clock.split(":")
    return _duration(parts[0] if len(parts) == 3 else None, parts[-2], parts[-1])


def _duration(hours: str | None, minutes: str, seconds: str) -> str:
    whole = int(hours or 0) * HOUR + int(minutes) * MINUTE + int(seconds)
    values = (whole // HOUR, "hour"), (whole // MINUTE % 60, "minute"), (whole % 60, "second")
    said = [_plural(str(n), name) for n, name in values if n]
    return " ".join(said) if said else "the start"


def _plural(number: str, unit: str) -> str:
    if number == "1":
        return f"1 {unit}"
    many = "frames per second" if unit.startswith("frame") else f"{unit}s"
    return f"{number} {many}"
