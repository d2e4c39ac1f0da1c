"""The compressor in use: ranks the moments of stores for questions.

What it knows of a store is kept in the process only, clip by clip as moments come; of a store
that was there before, it is made when it is first asked for. So nothing has to be forgotten on
disk, and after a forget everything is made anew from what is left.
"""

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from omnilive.core.errors import ConfigError
from omnilive.memory.base import Ref
from omnilive.memory.compressor.backbone import HubReader
from omnilive.memory.compressor.base import Clip, Reader
from omnilive.memory.compressor.checkpoint import load_checkpoint
from omnilive.memory.compressor.clips import clips_after
from omnilive.memory.compressor.features import (
    PerceptFeatures,
    Remembering,
    SentenceReader,
    TokenEmbedder,
)
from omnilive.memory.compressor.stream import MemoryState, StreamingMemory
from omnilive.memory.search.embed import Embedder
from omnilive.memory.store import Store

MOST_CLIPS = 50_000  # of a store that are known, the newest
BATCH = 64  # clips that are read from the store at once
MOST_FOUND = 100  # moments in an answer


@dataclass(slots=True)
class _Known:
    """What is known of one store."""

    state: MemoryState = field(default_factory=MemoryState)
    ids: list[int] = field(default_factory=list[int])
    spans: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    last_id: int = 0
    changes: str = ""  # the last time that something was taken away or rewritten


class ClipRanker:
    """Thread-safe; calls are serialised."""

    def __init__(self, checkpoint: str | Path, embedder: Embedder | None) -> None:
        """Load a checkpoint. BackendError for a bad one, ConfigError without its encoder."""
        if not str(checkpoint):
            raise ConfigError(
                "memory.recall=compressor needs a trained one: set memory.compressor.checkpoint to "
                "a folder that `omnilive train compressor` has written"
            )
        folder = Path(checkpoint)
        if embedder is None:
            raise ConfigError("memory.recall=compressor needs memory.embedder: it is off")
        torch.set_num_threads(1)  # clips come one by one: threads would only wait for each other
        net, card = load_checkpoint(folder)
        if card.encoder != embedder.name:
            raise ConfigError(
                f"{folder} was trained with the embedder {card.encoder}, this session has "
                f"{embedder.name}"
            )
        if card.shape.features != "percepts":
            raise ConfigError(f"{folder} needs features of {card.shape.features}, not of percepts")
        self._memory = StreamingMemory(net)
        self._features = PerceptFeatures(card.shape, Remembering(embedder))
        self._reader = _reader(net.backbone, embedder)
        self._stores: weakref.WeakKeyDictionary[Store, _Known] = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()

    def catch_up(self, store: Store) -> int:
        """Take in the moments that are new; return how many there were. Two calls each."""
        with self._lock:
            return self._catch_up(store)[1]

    def rank(self, store: Store, question: str, since_s: float, until_s: float) -> list[Ref]:
        """Return the moments that lie in the span, best first; the score is the cosine.

        Nothing that came after `until_s` has a say.
        """
        with self._lock:
            known = self._catch_up(store)[0]
            count = sum(end_s <= until_s for _, end_s in known.spans)
            if not count or not question.strip():
                return []
            (cosines_K,) = self._memory.rank([self._reader.read(question)], known.state, count)
        order = np.argsort(-cosines_K, kind="stable").tolist()
        inside = [k for k in order if known.spans[k][0] >= since_s][:MOST_FOUND]
        ids = _rows_now(store, [known.ids[k] for k in inside], [known.spans[k] for k in inside])
        best: dict[int, float] = {}
        for k, id in zip(inside, ids, strict=True):
            if id is not None:
                best.setdefault(id, float(cosines_K[k]))
        return [Ref("moment", id, cosine) for id, cosine in best.items()]

    def _catch_up(self, store: Store) -> tuple[_Known, int]:
        known = self._stores.setdefault(store, _Known())
        if known.changes != (changes := _changes(store)):
            known = self._stores[store] = _Known(changes=changes)
        taken = 0
        while clips := clips_after(store, known.last_id, BATCH):
            for clip in clips:
                self._take(clip, known)
            taken += len(clips)
        return known, taken

    def _take(self, clip: Clip, known: _Known) -> None:
        span = (clip.start_s, clip.end_s)
        self._memory.step(self._features(clip), span, known.state)
        known.ids.append(clip.id)
        known.spans.append(span)
        known.last_id = clip.id
        if len(known.ids) > MOST_CLIPS:
            for rows in (known.ids, known.spans, known.state.globals_C):
                del rows[0]


def _rows_now(
    store: Store, ids: Sequence[int], spans: Sequence[tuple[float, float]]
) -> list[int | None]:
    """Return for each moment its row, or that of the episode that it was merged into."""
    there = store.moment_spans(ids) if ids else {}
    found: list[int | None] = []
    for id, (start_s, end_s) in zip(ids, spans, strict=True):
        if id not in there:
            query = "SELECT id FROM moment WHERE start_s <= ? AND end_s >= ? ORDER BY id LIMIT 1"
            id = store.value(query, start_s, end_s)
        found.append(id)
    return found


def _changes(store: Store) -> str:
    """Return what is another after each forget and each edit."""
    query = "SELECT type, max(seq) FROM log WHERE type IN (?, ?) GROUP BY type ORDER BY type"
    lines = store.rows(query, "forgotten", "edit")
    return f"{lines} {store.meta().get('forgotten', '')}"


def _reader(backbone: object, embedder: Embedder) -> Reader:
    tokenizer = getattr(backbone, "tokenizer", None)
    if tokenizer is not None:
        return HubReader(tokenizer)
    if not isinstance(embedder, TokenEmbedder):
        raise ConfigError(f"the embedder {embedder.name} does not tell its tokens")
    return SentenceReader(embedder)
