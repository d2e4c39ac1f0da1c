"""Reads which option a reply picks: as the official scripts do it, and as one would expect it.

Official scripts differ; each benchmark says which of these it uses. `only_letter` is the strict
reading that all share.
"""

import re
from collections.abc import Sequence

from omnilive_lab.bench.base import Item

_EDGE = r"(?<![A-Za-z0-9'’])"
_END = r"(?![A-Za-z0-9'’])"


def first_letter(text: str) -> str:
    """Return the first character of a reply; "" of an empty one."""
    return text[:1]


def only_letter(text: str, labels: Sequence[str], choices: Sequence[str] = ()) -> str:
    """Return the one label that a reply picks, "" when it picks none or several.

    A label counts when it stands alone: "B", "(b)", "B. A cat", "The answer is B." The word "A"
    inside a sentence is no label unless it is all there is, or is marked as one. A reply that is
    exactly the text of one option picks that one.
    """
    plain = text.strip()
    same = [
        label
        for label, choice in zip(labels, choices, strict=False)
        if _words(choice) and _words(choice) == _words(plain)
    ]
    if len(same) == 1:
        return same[0]
    found = {label for label in labels if _picks(plain, label)}
    return found.pop() if len(found) == 1 else ""


def number_in(text: str) -> float | None:
    """Return the one number that a reply names, in digits or in English words; else None."""
    digits = {float(n) for n in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])", text)}
    words = {float(_NUMBERS.index(w)) for w in re.findall(r"[a-z]+", text.lower()) if w in _KNOWN}
    found = digits | (words - {1.0} if digits or len(words) > 1 else words)
    return found.pop() if len(found) == 1 else None


def yes_or_no(text: str) -> str:
    """Return "Yes" or "No" when the reply says exactly one of them as a word, else ""."""
    said = set(re.findall(r"\b(yes|no)\b", text.lower()))
    return said.pop().capitalize() if len(said) == 1 else ""


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


def _picks(text: str, label: str) -> bool:
    mark = re.escape(label)
    if len(label) != 1 or not label.isalpha():
        return bool(re.search(_EDGE + mark + _END, text, re.IGNORECASE))
    if re.fullmatch(rf"[\s\W_]*{mark}[\s\W_]*", text, re.IGNORECASE):
        return True
    forms = (
        rf"\({mark}\)",
        rf"\*\*{mark}\*\*",
        rf"{_EDGE}{mark}\s*[).:、。]",
        rf"\b(?i:option|answer|choice)\W+(?i:is\W+)?{mark}{_END}",
    )
    flags = re.IGNORECASE if label != "A" else 0
    if any(re.search(form, text, flags) for form in forms):
        return True
    # A lone capital is a label in any sentence, but for the words "A" and "I".
    return label not in "AI" and bool(re.search(_EDGE + mark + _END, text))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
_KNOWN = frozenset(_NUMBERS)
_SMALL = frozenset("a an and are at by for from in is it its of on or that the to was with".split())
