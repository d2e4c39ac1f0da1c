"""Everything that moves through a session: frozen events on the session clock.

`t` is always seconds on the session clock. This file imports nothing else of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Kind = Literal["speech", "sound", "object", "text", "scene", "caption", "moment"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Event:
    """Something that happened in a session. `t` is seconds on the session clock."""

    t: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VideoFrame(Event):
    """One picture. Shapes: rgb is (H, W, 3) uint8, upright."""

    rgb: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AudioChunk(Event):
    """A piece of sound that starts at `t`. Shapes: pcm is (S,) float32 in [-1, 1], mono."""

    pcm: np.ndarray
    rate_hz: int

    @property
    def end_t(self) -> float:
        """Time of the sample after the last one."""
        return self.t + len(self.pcm) / self.rate_hz


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gap(Event):
    """Nothing was received from `t` to `end_t`: the reason names why."""

    end_t: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceHealth(Event):
    """The state of a source changed."""

    state: Literal["connecting", "live", "stalled", "reconnecting", "ended"]
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trouble(Event):
    """A part of what perceives has failed; everything else goes on without it."""

    part: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mark(Event):
    """A question's place in the stream: a stage passes it on once all before `t` is done.

    One that is `only_seen` does not wait for text in the pictures to be read.
    """

    name: str
    only_seen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Percept(Event):
    """One thing perceived, from `start_s` to `end_s`; `t` is when it became known.

    `final=False` is a partial that a later percept of the same `data["id"]` replaces.
    """

    kind: Kind
    start_s: float
    end_s: float
    text: str
    confidence: float
    final: bool = True
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """The public JSON form (DESIGN section 4)."""
        return {
            "type": "percept",
            "kind": self.kind,
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            "text": self.text,
            "confidence": round(self.confidence, 3),
            "final": self.final,
            **({"data": dict(self.data)} if self.data else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Label(Event):
    """More data for the percept of this `data["id"]`, whether stored already or still to come."""

    id: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Keyframe(Event):
    """A picture worth keeping, as JPEG; `is_cut` when a new scene begins with it."""

    jpeg: bytes
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A remembered span that supports an answer. `keyframe` is relative to the session folder.

    `coarse_s` is how uncertain its time is: it was at some time in the span, since what is old
    is kept in less detail. `session` is named where several were asked.
    """

    id: int
    kind: Kind
    start_s: float
    end_s: float
    text: str
    keyframe: str | None = None
    score: float = 0.0
    coarse_s: float = 0.0
    session: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The public JSON form (DESIGN section 4)."""
        return {
            "id": self.id,
            "kind": self.kind,
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            "text": self.text,
            "keyframe": self.keyframe,
            **({"coarse_s": round(self.coarse_s, 1)} if self.coarse_s else {}),
            **({"session": self.session} if self.session else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Where the time of one answer went, in seconds."""

    recall_s: float = 0.0
    first_token_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The reply to a question asked at stream time `t`. `seq` is its log line, once it has one.

    `sessions` are all that were asked, where there were several; `session` answered best.
    """

    session: str
    t: float
    question: str
    text: str
    evidence: tuple[Evidence, ...]
    supported: bool
    model: str
    timing: Timing = Timing()
    seq: int | None = None
    sessions: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The public JSON form (DESIGN section 4)."""
        return {
            "type": "answer",
            "session": self.session,
            **({"sessions": list(self.sessions)} if self.sessions else {}),
            "t": round(self.t, 3),
            "question": self.question,
            "text": self.text,
            "evidence": [item.as_json() for item in self.evidence],
            "supported": self.supported,
            "model": self.model,
            "timing": {
                "recall_s": round(self.timing.recall_s, 4),
                "first_token_s": round(self.timing.first_token_s, 4),
                "total_s": round(self.timing.total_s, 4),
            },
        }
