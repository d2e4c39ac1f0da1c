"""What a session's answer in words picks of an item's options, and the plain form of a question.

What a reply chooses by itself is read in letters.py, strictly.
"""

import re
from collections.abc import Sequence

from omnilive_lab.bench.base import Item
from omnilive_lab.bench.letters import first_character, read_letter, read_number, read_yes_no


def first_letter(text: str) -> str:
    """Return the first character of a reply; "" of an empty one."""
    return first_character(text)


def only_letter(text: str, labels: Sequence[str], choices: Sequence[str] = ()) -> str:
    """Return the one label that a reply picks, "" when it picks none or several."""
    return read_letter(text, choices or labels) or ""


def number_in(text: str) -> int | None:
    """Return the one whole number that a reply names, in digits or in words; else None."""
    return read_number(text)


def yes_or_no(text: str) -> str:
    """Return "Yes" or "No" when the reply says exactly one of them, else ""."""
    return {True: "Yes", False: "No", None: ""}[read_yes_no(text)]


def chosen(text: str, item: Item, supported: bool | None) -> str:
    """Return the label that a reply in words picks; "" when it cannot be told.

    For sessions, which answer in sentences: a label that is said wins; else the one option most of
    whose words the reply holds, if no other comes as close. For "Yes" and "No", an answer that
    nothing supports is "No": what was not seen did not happen as far as the session knows.
    """
    if not item.labels:
        return text
    if set(item.labels) == {"Yes", "No"}:
        return yes_or_no(text) or ("No" if supported is False else "")
    if not item.choices:
        number = number_in(text)
        return f"{number:g}" if number is not None else ""
    if label := only_letter(text, item.labels, item.choices):
        return label
    said = set(_words(text))
    held = [_share(_words(choice), said) for choice in item.choices]
    best = max(held)
    return item.labels[held.index(best)] if best > 0 and held.count(best) == 1 else ""


def _share(words: Sequence[str], said: set[str]) -> float:
    telling = [word for word in words if word not in _SMALL] or list(words)
    return sum(word in said for word in telling) / len(telling) if telling else 0.0


def plain_question(item: Item) -> str:
    """Return a question as a person would put it: with its options, without instructions."""
    if not item.choices:
        return item.question
    pairs = zip(item.labels, item.choices, strict=True)
    return "\n".join([item.question, *(f"{label}. {choice}" for label, choice in pairs)])


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


_SMALL = frozenset("a an and are at by for from in is it its of on or that the to was with".split())
