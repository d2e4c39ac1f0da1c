"""What a store must be, and the rows it hands out. Times are seconds on the session clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np

from omnilive.core.events import Kind, Percept


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A remembered percept: one row, whose end moves on while it is open."""

    id: int
    kind: Kind
    start_s: float
    end_s: float
    text: str
    confidence: float
    open: bool
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A stretch of 3 to 16 s with all that was noticed in it."""

    id: int
    start_s: float
    end_s: float
    text: str
    keyframe: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One source that this session has watched.

    `video_s` and `audio_s` say up to where (seconds from the start of the source) everything
    is in the store: an interrupted file goes on from there.
    """

    id: int
    url: str
    kind: str
    offset_s: float
    duration_s: float | None
    has_video: bool
    has_audio: bool
    state: str
    detail: str = ""
    video_s: float = 0.0
    audio_s: float = 0.0


class LogEntry(NamedTuple):
    """One line of the durable log."""

    seq: int
    t: float
    type: str
    body: dict[str, Any]


class Ref(NamedTuple):
    """A search hit: which table, which row, how good (higher is better)."""

    table: str  # "fact" or "moment"
    id: int
    score: float


class Store(Protocol):
    """The memory of one session. Safe to call from any thread; one process writes at a time."""

    def append(self, t: float, type: str, body: Mapping[str, Any]) -> int:
        """Add one line to the log; return its sequence number."""
        ...

    def log_after(self, seq: int, limit: int = 500) -> list[LogEntry]:
        """Return the lines after `seq`, oldest first."""
        ...

    def put_fact(self, key: str, percept: Percept) -> int:
        """Add a percept, or replace the one of the same key; return its id."""
        ...

    def facts(
        self, *, kinds: Sequence[Kind] = (), start_s: float = -1e12, end_s: float = 1e12
    ) -> list[Fact]:
        """Return the facts that overlap the span, by start."""
        ...

    def put_moment(self, start_s: float, end_s: float, text: str) -> int:
        """Add a moment; return its id."""
        ...

    def put_vectors(self, table: str, id: int, start_s: float, vectors: np.ndarray) -> None:
        """Remember the (N, D) unit vectors of a row's sentences, in place of older ones."""
        ...

    def search_text(
        self, terms: Iterable[str], until_s: float, limit: int, kinds: Sequence[Kind] = ()
    ) -> list[Ref]:
        """Return rows that hold any of the terms and began before `until_s`, best first."""
        ...

    def search_vector(self, vector: np.ndarray, until_s: float, limit: int) -> list[Ref]:
        """Return the rows nearest to the (D,) unit vector, best first; score is the cosine."""
        ...
