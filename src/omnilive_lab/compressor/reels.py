"""Training and test data: the clips of a stream as features, and questions with what is relevant.

Shapes: K clips, T frames, N features of width D, L words of a question of width E.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from omnilive.core.events import Event
from omnilive.memory.base import SourceRow
from omnilive.memory.compressor.base import Clip, ClipFeatures, Features, Reader
from omnilive.memory.compressor.clips import clips_after
from omnilive.memory.ledger import Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.search.embed import Embedder
from omnilive.memory.store import Store

WRITE_S = 30.0  # of a stream go into the store at once


@dataclass(frozen=True, slots=True)
class Ask:
    """A question and the spans, in seconds, in which its answer lies."""

    text: str
    spans: tuple[tuple[float, float], ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Reel:
    """One stream, ready to be learned from."""

    values_KTND: np.ndarray  # float16
    mask_KTN: np.ndarray
    spans_K2: np.ndarray  # start and end, seconds
    questions: tuple[np.ndarray, ...]  # as the Reader read them
    shared_QK: np.ndarray  # seconds that clip and answer share, float32
    asks: tuple[Ask, ...]


def reel(
    clips: Sequence[Clip], asks: Sequence[Ask], features: ClipFeatures, reader: Reader
) -> Reel:
    """Return clips and questions as arrays; what is asked about nothing here is left out."""
    made = [features(clip) for clip in clips]
    spans_K2 = np.array([(clip.start_s, clip.end_s) for clip in clips], np.float64).reshape(-1, 2)
    shared_QK = np.array([shared(spans_K2, ask.spans) for ask in asks], np.float32)
    shared_QK = shared_QK.reshape(len(asks), len(clips))
    kept = [q for q in range(len(asks)) if shared_QK[q].any()]
    return Reel(
        np.stack([f.values_TND for f in made]).astype(np.float16),
        np.stack([f.mask_TN for f in made]), spans_K2,
        tuple(reader.read(asks[q].text) for q in kept), shared_QK[kept],
        tuple(asks[q] for q in kept),
    )  # fmt: skip


def features_at(reel: Reel, k: int) -> Features:
    """Return the features of one clip."""
    return Features(reel.values_KTND[k].astype(np.float32), reel.mask_KTN[k])


def shared(spans_K2: np.ndarray, wanted: Iterable[tuple[float, float]]) -> np.ndarray:
    """Return (K,): how many seconds of the wanted spans lie in each clip.

    A wanted span without length counts as 0.1 s.
    """
    total_K = np.zeros(len(spans_K2), np.float32)
    for start_s, end_s in wanted:
        end_s = max(end_s, start_s + 0.1)
        first_K, last_K = np.maximum(spans_K2[:, 0], start_s), np.minimum(spans_K2[:, 1], end_s)
        total_K += np.maximum(last_K - first_K, 0.0)
    return total_K


def played(events: Iterable[Event], end_s: float, store: Store, embedder: Embedder | None) -> None:
    """Put events into a store as a session does, through the Ledger."""
    source = SourceRow(
        id=0, url="made:stream", kind="file", offset_s=0.0, duration_s=end_s, has_video=True,
        has_audio=True, state="running",
    )  # fmt: skip
    id = store.put_source(source)
    ledger = Ledger.begin(store, id, 0.0, 0.0, MomentConfig(), embedder)
    waiting: list[Event] = []
    t = WRITE_S
    for event in events:
        while event.t > t:
            ledger.write(waiting, t, t)
            waiting, t = [], t + WRITE_S
        waiting.append(event)
    ledger.write(waiting, end_s, end_s)
    ledger.finish(end_s)
    store.update_source(id, state="ended")


def clips_of(events: Iterable[Event], end_s: float) -> list[Clip]:
    """Return the moments that the Ledger makes of events."""
    with TemporaryDirectory() as folder, closing(Store(Path(folder), create=True)) as store:
        played(events, end_s, store, None)
        return clips_after(store, 0, limit=1_000_000)
