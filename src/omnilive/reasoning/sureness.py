"""Tells whether what was found is about the question at all. Pure logic.

Among many things, some are like any question by chance: how alike one has to be grows with how
much is remembered. Measured with bench/recall.py on wordings kept for tuning.
"""

import math
import re

from omnilive.core.events import Kind
from omnilive.memory.recall import Hit, stem
from omnilive.memory.search.words import words

LARGE = 300  # facts; in a smaller memory what is a little alike is rarely so by chance
_AT, _SLOPE, _OF = 0.86, 0.1, 2500  # least share + cosine among _OF facts; more by each tenfold
_LESS: dict[Kind, float] = {"text": 0.26, "object": 0.1, "sound": 0.1, "scene": 0.1}
WORDS_ALONE = 0.5  # least share where meanings are not known
FLOOR = 0.4  # below this share + cosine nothing is shown by a search
_NAME = re.compile(r"(?<=[\w,'] )([A-Z][a-z]+)\b(?! [A-Z]?[a-z]*'s\b)")
_NO_NAMES = frozenset(
    """I Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May
    June July August September October November December English Chinese German French Korean
    Japanese Spanish""".split()
)


def bears(hit: Hit, count: int, *, knows_meaning: bool) -> bool:
    """Tell whether a hit among `count` facts is so like the question that it is no chance."""
    if not knows_meaning:
        return hit.share >= WORDS_ALONE
    least = _AT + _SLOPE * math.log10(max(1, count) / _OF) - _LESS.get(hit.fact.kind, 0.0)
    return hit.share + hit.similarity >= least


def is_shown(hit: Hit, *, knows_meaning: bool) -> bool:
    """Tell whether a hit is worth showing to somebody who searches."""
    return hit.share + hit.similarity >= FLOOR if knows_meaning else hit.share > 0


def proper_names(question: str) -> set[str]:
    """Return the stems of the proper names in a question; its first word tells nothing."""
    return {stem(name.lower()) for name in _NAME.findall(question) if name not in _NO_NAMES}


def names_missing(question: str, text: str) -> bool:
    """Tell whether a question is about somebody by name, of whom a text says nothing."""
    held = {stem(word) for word in words(text)}
    return any(name not in held for name in proper_names(question))
