"""Finds words that give away the time, which a model cannot see and must not learn to invent.

VideoLLM-online drops a dialogue if any message contains "second" or starts with digits and "s";
that loses "the second step" and lets "at 12.5s" pass. `is_published_leak` is that rule, `leak`
ours. A clock on the wall may be read out ("It is 9:30 am"), and a recipe may name a duration.
"""

import re
from collections.abc import Iterable

from omnilive_lab.live.dialogue import Turn

NUMBER = r"(?<![\w.,])\d+(?:[.,]\d+)?"
LEAKS = re.compile(
    rf"""(?!\b(?:1[5-9]|20)\d0s\b)  # the 1980s
    (?:
        {NUMBER}\s?s\b                                                      # 12.5s
      | (?<![\w.,:])(?:\d{{1,2}}:)?\d{{1,2}}:\d{{2}}(?![\d:])(?!\s?[ap]\.?m\b)  # 1:05, not 9:30 am
      | \b(?:at|t\s?=|time ?stamp)\s+{NUMBER}\s?sec(?:ond)?s?\b            # at 12 seconds
      | \bat\s+(?:the\s+)?second\s+\d+                                     # at second 12
      | {NUMBER}[\s-]sec(?:ond)?s?\s+(?:mark\b|into?\s+the\s+(?:video|clip|stream|recording)\b)
    )""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
PUBLISHED = re.compile(r"second|\A\d+s", re.IGNORECASE)


def leak(text: str) -> str:
    """Return the words that give a time away; empty where there are none."""
    found = LEAKS.search(text)
    return found[0].strip() if found else ""


def is_published_leak(text: str) -> bool:
    """Whether VideoLLM-online's own filter would drop a dialogue for this message."""
    return PUBLISHED.search(text) is not None


def leaks_in(turns: Iterable[Turn]) -> list[tuple[int, str]]:
    """Return (index, words) of each of the assistant's turns that gives a time away.

    A user may name any time.
    """
    found = ((i, leak(turn.text)) for i, turn in enumerate(turns) if turn.role == "assistant")
    return [(i, words) for i, words in found if words]
