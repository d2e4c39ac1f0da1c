"""Clip features of what was perceived: the sentence vectors of its percepts.

This is what stands in for image features where no image encoder is: a compressor over these
features knows of a clip what perception put into words, and nothing else of the picture.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from omnilive.memory.base import Fact
from omnilive.memory.compressor.base import Clip, Features
from omnilive.memory.compressor.config import ShapeConfig
from omnilive.memory.moments import belongs
from omnilive.memory.search.embed import Embedder

KINDS = ("speech", "text", "object", "sound", "caption", "scene")
MARKS = 8  # numbers behind the sentence vector: which kind the percept is of
KNOWN_TEXTS = 20_000  # sentence vectors that are remembered

Embed = Callable[[list[str]], np.ndarray]  # texts to (N, D) unit vectors


class PerceptFeatures:
    """The percepts of a clip in order of time, T groups of N; each text once.

    Too many for T * N: neighbours share a place, as their mean, so that nothing is left out.
    A feature is the sentence vector of a percept's text and a mark for its kind.
    """

    def __init__(self, shape: ShapeConfig, embed: Embed) -> None:
        self.width = shape.feature_width
        self._frames, self._patches = shape.frames, shape.patches
        self._embed = embed

    def __call__(self, clip: Clip) -> Features:
        """Return (T, N, D) with D = the embedding's width + MARKS."""
        places = self._frames * self._patches
        values = np.zeros((places, self.width), np.float32)
        mask = np.zeros(places, bool)
        facts = telling(clip)
        if facts:
            vectors = self._embed([fact.text for fact in facts])
            marked = np.concatenate([vectors, np.stack([_mark(fact) for fact in facts])], axis=1)
            groups = np.array_split(marked, min(places, len(marked)))
            values[: len(groups)] = [group.mean(axis=0) for group in groups]
            mask[: len(groups)] = True
        shape = (self._frames, self._patches)
        return Features(values.reshape(*shape, -1), mask.reshape(shape))


def telling(clip: Clip) -> list[Fact]:
    """Return what a clip holds, by time, each text once; that somebody speaks says nothing."""
    facts: dict[tuple[str, str], Fact] = {}
    for fact in sorted(clip.facts, key=lambda f: (f.start_s, f.id)):
        if fact.text and not (fact.kind == "sound" and fact.text == "speech"):
            if belongs(fact, clip.start_s, clip.end_s):
                facts.setdefault((fact.kind, fact.text), fact)
    return list(facts.values())


def _mark(fact: Fact) -> np.ndarray:
    mark = np.zeros(MARKS, np.float32)
    mark[KINDS.index(fact.kind) if fact.kind in KINDS else MARKS - 1] = 1.0
    return mark


class Remembering:
    """An embedder that looks up the same text only once, while it is among the newest ones."""

    def __init__(self, embedder: Embedder, room: int = KNOWN_TEXTS) -> None:
        self._embedder, self._room = embedder, room
        self._known: dict[str, np.ndarray] = {}

    def __call__(self, texts: list[str]) -> np.ndarray:
        """Return (N, D) unit vectors."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for first in range(0, len(new), 64):
            part = sorted(new[first : first + 64], key=len)
            self._known |= dict(zip(part, self._embedder.embed(part), strict=True))
        found = np.stack([self._known[text] for text in texts])
        while len(self._known) > self._room:
            del self._known[next(iter(self._known))]
        return found


@runtime_checkable
class TokenEmbedder(Protocol):
    """A sentence encoder that also tells what it makes of each token."""

    def tokens(self, text: str) -> np.ndarray:
        """Return (L, D) float32, one row a token."""
        ...


class SentenceReader:
    """Reads a question as the unit vectors of its tokens, and of the whole as the last one."""

    def __init__(self, embedder: TokenEmbedder) -> None:
        self._embedder = embedder

    def read(self, text: str) -> np.ndarray:
        """Return (L + 1, D) float32."""
        tokens_LD = self._embedder.tokens(text)
        both_LD = np.concatenate([tokens_LD, tokens_LD.mean(axis=0, keepdims=True)])
        lengths_L = np.linalg.norm(both_LD, axis=1, keepdims=True)
        return (both_LD / np.maximum(lengths_L, 1e-9)).astype(np.float32)
