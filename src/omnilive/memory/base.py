"""The rows that a store hands out. Times are seconds on the session clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from omnilive.core.events import Kind


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
    """A stretch of 3 to 16 s with all that was noticed in it, or what was merged of many.

    `level` is 0 for a moment, 1 for an episode, 2 for a digest; `size` counts the moments that
    it stands for; `weight` and `data` are told in memory/consolidation/merging.py.
    """

    id: int
    start_s: float
    end_s: float
    text: str
    keyframe: str | None = None
    level: int = 0
    size: int = 1
    weight: float = 0.0
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


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
    share: float = 0.0  # by words: how much of what the query's words tell the row holds, to 1
