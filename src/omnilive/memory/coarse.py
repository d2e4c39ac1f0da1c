"""Finds what only an episode still tells of: facts that were left out when moments were merged.

Such a find is a fact of kind "moment": its time is that of the whole episode, and its id is the
negative of the episode's, so that it is never taken for a fact.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omnilive.core.events import Kind
from omnilive.memory.base import Fact, Moment
from omnilive.memory.search.words import content_words

_PREFIX: dict[str, Kind] = {"said: ": "speech", "text: ": "text", "sound: ": "sound"}
LEAST = 0.3  # share of the question's words that a part has to hold


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that an episode tells of, and the share of the question's words in it."""

    fact: Fact
    overlap: float


def told_only_by(
    moment: Moment, terms: Sequence[str], known: Collection[str], kinds: Sequence[Kind]
) -> list[Part]:
    """Return the parts of an episode's text that no fact holds and that bear on the terms.

    `known` are the texts of its facts; `kinds` narrows, "said: " counting as speech.
    """
    if not moment.level or not terms:
        return []
    found = []
    for part in moment.text.split("; "):
        prefix = next((p for p in _PREFIX if part.startswith(p)), "")
        text, kind = part.removeprefix(prefix), _PREFIX.get(prefix, "object")
        held = set(content_words(text))
        overlap = sum(_is_held(term, held) for term in terms) / len(terms)
        if overlap < LEAST or text in known or (kinds and kind not in kinds):
            continue
        fact = Fact(
            id=-moment.id, kind="moment", start_s=moment.start_s, end_s=moment.end_s, text=text,
            confidence=1.0, open=False, data={"part": kind},
        )  # fmt: skip
        found.append(Part(fact, overlap))
    return sorted(found, key=lambda part: -part.overlap)


def kinds_of(part: str) -> tuple[str, ...]:
    """Return of what kinds of fact a part of a row's text may tell."""
    found = [kind for prefix, kind in _PREFIX.items() if part.startswith(prefix)]
    return tuple(found) or ("object", "caption", "scene")


def is_exact(level: int, data: Mapping[str, Any], facts: Collection[Fact]) -> bool:
    """Tell whether a row's text can be made of its facts: none was merged or left out."""
    is_whole = level == 0 and not data.get("left_out")
    return is_whole and all("merged" not in fact.data for fact in facts)


def coarse_s(fact: Fact) -> float:
    """Return how uncertain the time of a find is: 0 for a fact whose span is its own."""
    is_vague = fact.kind == "moment" and "part" in fact.data
    return fact.end_s - fact.start_s if is_vague else 0.0


def _is_held(term: str, held: set[str]) -> bool:
    """Tell whether a word is among others, whatever its ending."""
    stem = term[: max(3, len(term) - 3)]
    return term in held or any(
        word.startswith(stem) and abs(len(word) - len(term)) <= 3 for word in held
    )
