"""What the live engine tells its caller, frame by frame and token by token. Free of torch.

A *stream* is one camera with its dialogue, a *reply* is what the model says: to a query, or (query
None) a remark of its own. Times are seconds on the session clock, of the newest frame the model
had seen.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Silent:
    """The model has seen a frame and says nothing. `p_silent` is what it gave to silence."""

    stream: int
    t: float
    p_silent: float


@dataclass(frozen=True, slots=True)
class Said:
    """A reply goes on by `text`; the deltas of a reply joined are what was said of it."""

    stream: int
    t: float
    query: int | None
    reply: int
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A reply is over. `text` is all of it; what was cancelled may be cut anywhere."""

    stream: int
    t: float
    query: int | None
    reply: int
    text: str
    cancelled: bool = False


LiveEvent = Silent | Said | Ended


@dataclass(frozen=True, slots=True)
class Status:
    """Where a stream stands. All counts are since it was opened."""

    t: float | None
    """Time of the newest frame the model has seen."""

    tokens: int
    """Length of the sequence, what has left the window included."""

    frames: int
    """Frames the model has seen."""

    waiting_frames: int
    dropped: int
    """Frames lost because too many waited: always the oldest."""

    late: int
    """Frames refused because they were not newer than the one before."""

    damaged: int
    """Frames refused because a feature was no finite number."""

    gaps: int
    """Times that the next frame came after more than `gap_s`."""

    waiting_queries: int
    replying: bool
    withheld: int
    """Remarks that were thought but not made: repeats, and NO REPLY."""

    restarts: int
    """Times that the sequence was begun anew because the model's output was not finite."""
