"""Tags of time and kind that go into the full-text index beside the words of a row.

A search for a common word within an hour then reads what was said in that hour, not all that
holds the word. Pure logic.
"""

from collections.abc import Iterator, Sequence

HOUR_S = 3600
STEPS = (("h", 1), ("d", 24), ("m", 24 * 32))  # hours that a tag of this letter stands for
MOST_HOURS = 48  # that a row is tagged with, each; a longer one is `LONG`
LONG = "tlong"


def tags(kind: str, start_s: float, end_s: float) -> str:
    """Return the tags of a row: its kind, and each hour, day and 32 days that it touches."""
    first, last = _hour(start_s), _hour(max(start_s, end_s))
    found = [f"k{kind}"] if kind else []
    for letter, hours in STEPS:
        if last // hours - first // hours >= MOST_HOURS:
            found.append(LONG)
            last = first  # found under its beginning as well
        found += [f"t{letter}{n}" for n in range(first // hours, last // hours + 1)]
    return " ".join(dict.fromkeys(found))


def cover(since_s: float, until_s: float) -> list[str]:
    """Return tags of which every row in the span has one, and rows well outside of it none."""
    return [LONG, *_cover(max(0, _hour(since_s)), max(0, _hour(until_s)) + 1)]


def kind_tags(kinds: Sequence[str]) -> list[str]:
    """Return the tags of facts of these kinds."""
    return [f"k{kind}" for kind in kinds]


def _cover(first: int, end: int) -> Iterator[str]:
    """Yield tags for the hours in [first, end), as few as can be."""
    while first < end:
        fits = [(letter, n) for letter, n in STEPS if first % n == 0 and first + n <= end]
        letter, hours = fits[-1]
        yield f"t{letter}{first // hours}"
        first += hours


def _hour(t: float) -> int:
    return int(min(max(t, 0.0), 1e10) // HOUR_S)
