"""Does a thing perceived match a condition? Words, colours, labels, and likeness of meaning."""

import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.state import Thing
from omnilive.memory.recall import stem
from omnilive.memory.search.embed import Embedder
from omnilive.memory.search.words import sentences, words

# Cosine from which a sentence means what a rule says: with all-MiniLM-L6-v2, 152 pairs of a
# sentence and an unrelated topic all stayed under it, related ones lie between 0.2 and 0.6.
SAME_MEANING = 0.38
LIKE_TEXT = 0.82  # likeness from which a misread word still is that word
SHORT = 5  # a needle with fewer letters must be read exactly
RUN_TOGETHER = 6  # letters from which a needle is also found inside text read without spaces
CACHED = 500
_COLOURS = {"gray": "grey", "silver": "grey"}


@dataclass(frozen=True, slots=True)
class Match:
    """How well something matches, 0 to 1; `start_s` is when what matched was first there."""

    score: float
    start_s: float
    text: str = ""


@dataclass(slots=True)
class Likeness:
    """Compares sentences by meaning; remembers their vectors. Without an embedder: never alike."""

    embedder: Embedder | None = None
    _vectors: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, text: str, meaning: str) -> float:
        """Return the cosine of the meaning and the nearest sentence of the text."""
        if self.embedder is None or not text.strip():
            return 0.0
        parts = np.stack([self._vector(part) for part in sentences(text)])
        return float((parts @ self._vector(meaning)).max())

    def _vector(self, text: str) -> np.ndarray:
        with self._lock:  # explaining and trying out run beside the session
            known = self._vectors.get(text)
        if known is not None:
            return known
        assert self.embedder is not None
        vector = self.embedder.embed([text])[0]
        with self._lock:
            while len(self._vectors) >= CACHED:
                self._vectors.pop(next(iter(self._vectors)))
            self._vectors[text] = vector
        return vector


def match(condition: object, thing: Thing, likeness: Likeness, *, final: bool = True) -> Match:
    """Return how well a thing fulfils one of the simple conditions; score 0 for not at all."""
    if isinstance(condition, r.Object):
        return _object(condition, thing)
    if isinstance(condition, r.Text):
        return _text(condition, thing)
    if isinstance(condition, r.Sound):
        hit = thing.text.lower() in (name.lower() for name in condition.names)
        return Match(float(hit), thing.start_s, thing.text)
    if isinstance(condition, r.Scene):
        return _scene(condition, thing)
    if isinstance(condition, r.Speech):
        return _speech(condition, thing, likeness, final=final)
    if isinstance(condition, r.Caption):
        return _caption(condition, thing)
    return Match(0.0, thing.start_s)


def _object(condition: r.Object, thing: Thing) -> Match:
    colour = _COLOURS.get(condition.colour, condition.colour)
    position = condition.position
    hit = (
        thing.label in condition.labels
        and (not colour or thing.colour == colour)
        and (not position or thing.data.get("position") == position)
    )
    return Match(float(hit), thing.start_s, thing.text)


def _text(condition: r.Text, thing: Thing) -> Match:
    if not condition.contains:
        return Match(1.0, thing.start_s, thing.text)
    score = max(written(needle, thing.text) for needle in condition.contains)
    return Match(score if score >= LIKE_TEXT else 0.0, thing.start_s, thing.text)


def _scene(condition: r.Scene, thing: Thing) -> Match:
    palette = thing.data.get("palette")
    if condition.change:
        return Match(float(bool(thing.data.get("cut"))), thing.start_s, thing.text)
    if condition.colour:
        is_mostly = bool(palette) and palette[0] == condition.colour
        return Match(float(is_mostly), thing.start_s, thing.text)
    names = {str(n).lower() for n in [thing.label, *(thing.data.get("names") or ())] if n}
    hit = any(tag.lower() in names for tag in condition.tags)
    return Match(float(hit), thing.start_s, thing.text)


def _caption(condition: r.Caption, thing: Thing) -> Match:
    if thing.data.get("instruction", "") != condition.instruction:
        return Match(0.0, thing.start_s)
    scores = [written(needle, thing.text) for needle in condition.contains]
    score = max(scores, default=1.0)
    return Match(score if score >= LIKE_TEXT else 0.0, thing.start_s, thing.text)


def _speech(speech: r.Speech, thing: Thing, likeness: Likeness, *, final: bool) -> Match:
    said = [stem(word) for word in words(thing.text)]
    if not final and said:
        said = said[:-1]  # the last word of a sentence that goes on may be half a word
    found = [at for one in speech.any_of if (at := heard(one, said)) is not None]
    all_found = [heard(one, said) for one in speech.all_of]
    if speech.any_of and not found or any(at is None for at in all_found):
        return Match(0.0, thing.start_s)
    places = [*found, *(at for at in all_found if at is not None)]
    start_s = _said_at(thing, min(places) if places else 0, len(said))
    if not speech.meaning:
        return Match(1.0, start_s, thing.text)
    if not final:
        return Match(0.0, start_s)
    near = likeness.of(thing.text, speech.meaning)
    return Match(near if near >= SAME_MEANING else 0.0, start_s, thing.text)


def heard(phrase: str, said: Sequence[str]) -> int | None:
    """Return the place of a phrase in a list of stems, None when it is not said."""
    wanted = [stem(word) for word in words(phrase)]
    if not wanted:
        return None
    for at in range(len(said) - len(wanted) + 1):
        if list(said[at : at + len(wanted)]) == wanted:
            return at
    return None


def _said_at(thing: Thing, place: int, count: int) -> float:
    """Return when a word began: by its own time where it is known, else by its share."""
    timed = [w for w in thing.data.get("words") or () if any(c.isalnum() for c in str(w["w"]))]
    if timed and len(timed) >= count:
        return float(timed[min(place, len(timed) - 1)]["s"])
    return thing.start_s + (thing.end_s - thing.start_s) * place / max(1, count)


def written(needle: str, text: str) -> float:
    """Return how surely a phrase stands in a text, 0 to 1, whatever a reader misread or joined."""
    wanted, found = words(needle), words(text)
    if not wanted:
        return 0.0
    size = len(wanted)
    windows = [found[at : at + size] for at in range(len(found) - size + 1)]
    if wanted in windows:
        return 1.0
    tight = _tight(needle)
    if len(tight) >= RUN_TOGETHER and tight in _tight(text):
        return 0.95
    if len(tight) < SHORT:
        return 0.0
    return max((_alike(tight, "".join(window)) for window in windows), default=0.0)


def _alike(a: str, b: str) -> float:
    if abs(len(a) - len(b)) > 2 or (_digits(a) and _digits(a) != _digits(b)):
        return 0.0  # a number that is nearly right is another number
    matcher = SequenceMatcher(None, a, b)
    return matcher.ratio() if matcher.quick_ratio() >= LIKE_TEXT else 0.0


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _tight(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower()
    return "".join(char for char in text if char.isalnum())
