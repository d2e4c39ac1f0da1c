"""Scores what was found and what was answered against what a question knows of itself."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from omnilive.reasoning.lexicon import NUMBERS
from omnilive_lab.streams.base import Question

Span = tuple[float, float]
NEAR_S = 1.0  # spans that are this near touch


def covered(found: Sequence[Span], wanted: Sequence[Span], coarse_s: float) -> float:
    """Return which share of the wanted spans was found, of as many as could be.

    What was found counts for a span that it touches, unless it is more than `coarse_s` longer.
    """
    if not wanted or not found:
        return 0.0
    hit = sum(any(_finds(one, span, coarse_s) for one in found) for span in wanted)
    return min(1.0, hit / min(len(found), len(wanted)))


def _finds(found: Span, wanted: Span, coarse_s: float) -> bool:
    is_fine = (found[1] - found[0]) - (wanted[1] - wanted[0]) <= coarse_s
    return is_fine and found[0] <= wanted[1] + NEAR_S and found[1] >= wanted[0] - NEAR_S


def is_right(answer: Mapping[str, Any], question: Question) -> bool:
    """Tell whether an answer (in its JSON form) is right; a refusal is when nothing was there."""
    if question.kind == "unanswerable":
        return not answer["supported"]
    if not answer["supported"]:
        return False
    text = str(answer["text"])
    if question.kind in ("when", "implicit"):
        error = time_error(answer, question)
        return error is not None and error <= question.tolerance_s
    if question.kind == "duration":
        return any(_is_near(value, question) for value in seconds_in(text))
    if question.kind == "count":
        return any(_is_near(value, question) for value in numbers_in(text)[:1])
    return any(_holds(text, wanted) for wanted in question.accept)


def time_error(answer: Mapping[str, Any], question: Question) -> float | None:
    """Return how far the first evidence begins from the span that answers; None for no answer."""
    if not answer["supported"] or not answer["evidence"] or not question.spans:
        return None
    if question.kind == "order":
        return None
    return abs(answer["evidence"][0]["start_s"] - question.spans[0][0])


def numbers_in(text: str) -> list[float]:
    """Return the numbers of a text that count something, in digits and words, in order."""
    found = re.findall(rf"\b\d+(?:\.\d+)?\b|\b(?:{'|'.join(NUMBERS)}|no|never|once|twice)\b",
                       text.lower())  # fmt: skip
    words = {word: float(i) for i, word in enumerate(NUMBERS)}
    words |= {"no": 0.0, "never": 0.0, "once": 1.0, "twice": 2.0}
    return [words[item] if item in words else float(item) for item in found]


_LENGTH = re.compile(r"(\d+(?:\.\d+)?) ?(s|sec|seconds?|min|minutes?|h|hours?)\b")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_in(text: str) -> list[float]:
    """Return the lengths of time that a text names, in seconds; "3 min 16 s" is one."""
    found: list[float] = []
    last_end = -10
    for match in _LENGTH.finditer(text.lower()):
        value = float(match[1]) * _UNITS[match[2][0]]
        between = text[last_end : match.start()]
        if found and last_end >= 0 and between.strip() in ("", "and"):
            found[-1] += value
        else:
            found.append(value)
        last_end = match.end()
    return found


def _is_near(value: float, question: Question) -> bool:
    assert question.number is not None
    return abs(value - question.number) <= question.tolerance + 1e-9


def _holds(text: str, wanted: str) -> bool:
    text, wanted = text.lower(), wanted.lower()
    if not wanted.isascii():
        return wanted in text
    return bool(re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text))
