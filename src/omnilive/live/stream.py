"""The state of one stream in the engine: what waits, what is in the sequence, what is being said.

Plain data and the rules for taking things in; what is done with it is in plan.py and replies.py.

Shapes: N tokens of a frame, D feature width.
"""

import bisect
import math
from collections import deque
from dataclasses import dataclass, field

from torch import Tensor

from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.base import Status
from omnilive.live.policy import PolicyState


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture that the encoder has seen."""

    t: float
    features_ND: Tensor


@dataclass(frozen=True, slots=True)
class Query:
    """Something the user says at stream time `t`; an instruction wants no reply of its own."""

    number: int
    t: float
    text: str
    wants_reply: bool = True


@dataclass(slots=True)
class Reply:
    """What the model is saying."""

    number: int
    query: int | None  # None: a remark of its own
    t: float
    start: int  # length of the sequence before it, to which a withheld remark is rolled back
    ids: list[int] = field(default_factory=list)
    sent: str = ""  # what the caller was given of it


@dataclass(slots=True)
class Stream:
    """One stream; `row` is its place in the batch."""

    id: int
    row: int
    policy: PolicyState
    pending: list[int]  # tokens that come before whatever is fed next
    is_open: bool = False  # the last thing in the sequence is a frame
    length: int = 0  # tokens in the sequence
    t: float | None = None  # of the newest frame the model has seen
    fed_t: float = -math.inf  # of the newest frame taken in
    is_ended: bool = False  # no frame will follow
    frames: deque[Frame] = field(default_factory=deque)
    queries: list[Query] = field(default_factory=list)  # by time, then as they came
    reply: Reply | None = None
    asked: int = 0  # queries so far
    replies: int = 0
    seen: int = 0
    dropped: int = 0
    late: int = 0
    damaged: int = 0
    gaps: int = 0
    withheld: int = 0
    restarts: int = 0

    @property
    def now(self) -> float:
        """Stream time as the model knows it; 0 before the first frame."""
        return 0.0 if self.t is None else self.t

    def take(self, frame: Frame, *, most: int, gap_s: float) -> bool:
        """Let a frame wait; return whether it was taken.

        One that is not newer than the last or holds a number that is not finite is refused and
        counted. Of more than `most` the oldest is dropped and counted.
        """
        if not frame.t > self.fed_t or not math.isfinite(frame.t):
            self.late += 1
            return False
        if not frame.features_ND.isfinite().all():
            self.damaged += 1
            return False
        self.gaps += frame.t - self.fed_t > gap_s and math.isfinite(self.fed_t)
        self.fed_t = frame.t
        self.frames.append(frame)
        if len(self.frames) > most:
            self.frames.popleft()
            self.dropped += 1
        return True

    def hear(self, text: str, t: float | None, *, wants_reply: bool, most: int) -> int:
        """Let a query or instruction wait, and return its number.

        Without a time it belongs behind the frames taken in so far.
        """
        if len(self.queries) >= most:
            raise BackendError(
                f"stream {self.id} has {most} queries waiting, which is the most it may: wait for "
                "replies, or raise max_queries"
            )
        if t is not None and not math.isfinite(t):
            raise ConfigError(f"the time of a query must be a number of seconds, not {t}")
        query = Query(self.asked, self.fed_t if t is None else t, text, wants_reply)
        self.asked += 1
        bisect.insort_right(self.queries, query, key=lambda q: q.t)
        return query.number

    def due(self) -> Query | None:
        """Take out the next query whose time has come: all frames up to it have been seen.

        One with a later time than any frame waits for a frame that is not before it, or the end.
        """
        if not self.queries or (self.frames and self.frames[0].t <= self.queries[0].t):
            return None
        if self.queries[0].t > self.fed_t and not self.is_ended:
            return None
        return self.queries.pop(0)

    def is_asked_at(self, t: float) -> bool:
        """Return whether something that the user says at `t` or before still waits."""
        return bool(self.queries) and self.queries[0].t <= t

    def block(self, most: int) -> list[Frame]:
        """Return the frames that can be seen together now: those before the next query."""
        until = self.queries[0].t if self.queries else math.inf
        frames = list(self.frames)[:most] if self.frames else []
        return [frame for frame in frames if frame.t <= until]

    def saw(self, frame: Frame) -> None:
        """Note that the model has seen the frame that waited longest."""
        assert frame is self.frames[0]
        self.frames.popleft()
        self.t, self.is_open = frame.t, True
        self.seen += 1

    def has_work(self) -> bool:
        """Return whether anything can be done before something new comes in."""
        if self.reply is not None or self.frames:
            return True
        return bool(self.queries) and (self.is_ended or self.queries[0].t <= self.fed_t)

    def status(self) -> Status:
        """Return where the stream stands."""
        return Status(
            t=self.t,
            tokens=self.length,
            frames=self.seen,
            waiting_frames=len(self.frames),
            dropped=self.dropped,
            late=self.late,
            damaged=self.damaged,
            gaps=self.gaps,
            waiting_queries=len(self.queries),
            replying=self.reply is not None,
            withheld=self.withheld,
            restarts=self.restarts,
        )
