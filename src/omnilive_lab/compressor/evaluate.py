"""Measures a trained compressor on streams and wordings that it never saw.

Against the recall of omnilive.memory, with and without the compressor; against the whole search,
which follows time words and leaves out what is weak; and against the nearest sentence vectors.
Recall at k is the share of questions that have a clip in which their answer lies among the first
k clips of a ranking.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import comb
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from omnilive.config import MemoryConfig, SessionConfig
from omnilive.memory.compressor.config import CompressorConfig
from omnilive.memory.compressor.ranker import ClipRanker
from omnilive.memory.recall import View, recall
from omnilive.memory.search.embed import Embedder
from omnilive.memory.store import Store
from omnilive.memory.wall import CREATED, ZONE
from omnilive.reasoning.mind import Mind
from omnilive_lab.compressor.data import HELD_OUT, asks_of, place_of, start_wall_s
from omnilive_lab.compressor.reels import Ask, played, shared
from omnilive_lab.streams import plant, stream

METHODS = (
    "random", "nearest", "compressor", "recall", "recall + compressor", "search",
    "search + compressor",
)  # fmt: skip
DEEP = 50  # results of recall that are looked at
STREAMS_APART = 1000  # between the seeds of the streams of two runs


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question fared with one method: the chance, or the fact, of a hit."""

    method: str
    kind: str
    at_1: float
    at_5: float


@dataclass(frozen=True, slots=True)
class Judged:
    """The clips of a store, and which are relevant."""

    ids: tuple[int, ...]
    spans_K2: np.ndarray

    @classmethod
    def of(cls, store: Store) -> "Judged":
        """Return all moments of a store, by time."""
        rows = store.rows("SELECT id, start_s, end_s FROM moment ORDER BY start_s, id")
        return cls(tuple(row[0] for row in rows), np.array([row[1:] for row in rows], np.float64))

    def relevant(self, ask: Ask) -> set[int]:
        """Return the moments in which the answer lies."""
        found = np.flatnonzero(shared(self.spans_K2, ask.spans))
        return {self.ids[k] for k in found.tolist()}

    def holding(self, start_s: float) -> int | None:
        """Return the moment in which something began."""
        k = int(np.searchsorted(self.spans_K2[:, 0], start_s, side="right")) - 1
        return self.ids[k] if k >= 0 and start_s < self.spans_K2[k, 1] else None


def held_out_seeds(seed: int, count: int) -> list[int]:
    """Return the seeds of the streams that the run of a training seed is measured on."""
    first = HELD_OUT + STREAMS_APART * seed
    return [first + number for number in range(count)]


def evaluate(checkpoint: Path, seeds: Sequence[int], hours: float, needles: int) -> list[Outcome]:
    """Return the outcome of every question of these streams with every method."""
    mind = Mind(SessionConfig())
    compressor = CompressorConfig(checkpoint=str(checkpoint))
    memory = MemoryConfig(recall="compressor", compressor=compressor)
    fused = Mind(SessionConfig(memory=memory))
    ranker, embedder = fused.ranker, mind.embedder
    assert isinstance(ranker, ClipRanker) and embedder is not None
    outcomes: list[Outcome] = []
    for seed in seeds:
        with TemporaryDirectory() as folder, closing(Store(Path(folder), create=True)) as store:
            asks = _made(store, seed, hours, needles, embedder)
            judged = Judged.of(store)
            view = View(store, store.end_s(), own=True)
            learned = replace(view, ranker=ranker)
            for ask in asks:
                rankings = {
                    "nearest": _nearest(store, embedder, ask.text, judged),
                    "compressor": [r.id for r in ranker.rank(store, ask.text, -1e12, 1e12)],
                    "recall": _recalled(view, embedder, ask.text, judged),
                    "recall + compressor": _recalled(learned, embedder, ask.text, judged),
                    "search": _searched(mind, store, ask.text, judged),
                    "search + compressor": _searched(fused, store, ask.text, judged),
                }
                outcomes += _judged(ask, judged, rankings)
    mind.close()
    fused.close()
    return outcomes


def _made(store: Store, seed: int, hours: float, needles: int, embedder: Embedder) -> list[Ask]:
    """Fill a store with a made-up stream; return the questions in the wordings to report on."""
    wall_s = start_wall_s(seed)
    planted = plant(seed, hours, wall_s, count=needles)
    store.set_meta(CREATED, str(wall_s))
    store.set_meta(ZONE, "UTC")
    events = stream(seed, hours, wall_s, place=place_of(seed), needles=planted)
    played(events, hours * 3600.0, store, embedder)
    return asks_of(planted, "held-out")


def _recalled(view: View, embedder: Embedder, text: str, judged: Judged) -> list[int]:
    """Return the clips of what recall finds, however weak."""
    hits = recall(view, embedder, text, limit=DEEP)
    return _clips((hit.fact.start_s for hit in hits), judged)


def _searched(mind: Mind, store: Store, text: str, judged: Judged) -> list[int]:
    """Return the clips of what a user is shown: time words are followed, weak hits left out."""
    found = mind.search(store, text, limit=DEEP)
    return _clips((item.start_s for item in found), judged)


def _nearest(store: Store, embedder: Embedder, text: str, judged: Judged) -> list[int]:
    """Return the clips of the rows whose vectors are nearest to that of the question."""
    refs = store.search_vector(embedder.embed([text])[0], 1e12, DEEP)
    starts = {
        fact.id: fact.start_s for fact in store.facts_of([r.id for r in refs if r.table == "fact"])
    }
    clips = [
        r.id if r.table == "moment" else judged.holding(starts[r.id])
        for r in sorted(refs, key=lambda ref: -ref.score)
    ]
    return list(dict.fromkeys(clip for clip in clips if clip is not None))


def _clips(starts_s: Iterator[float], judged: Judged) -> list[int]:
    clips = (judged.holding(start_s) for start_s in starts_s)
    return list(dict.fromkeys(clip for clip in clips if clip is not None))


def _judged(ask: Ask, judged: Judged, rankings: dict[str, list[int]]) -> Iterator[Outcome]:
    relevant = judged.relevant(ask)
    if not relevant:
        return
    total = len(judged.ids)
    yield Outcome("random", ask.kind, *(chance(total, len(relevant), k) for k in (1, 5)))
    for method, ranking in rankings.items():
        hits = [float(any(id in relevant for id in ranking[:k])) for k in (1, 5)]
        yield Outcome(method, ask.kind, *hits)


def chance(total: int, relevant: int, k: int) -> float:
    """Return how likely one of the relevant clips is among k drawn of all."""
    drawn = min(k, total)
    return 1 - comb(total - relevant, drawn) / comb(total, drawn)
