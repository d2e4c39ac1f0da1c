"""A source that may stall or break off: children decode it, this watches, reconnects, reports."""

import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from omnilive.core.clock import Clock, SystemClock
from omnilive.core.errors import SourceError
from omnilive.core.events import AudioChunk, Gap, SourceHealth, VideoFrame
from omnilive.media.base import Item, SourceInfo
from omnilive.media.connection import Connection
from omnilive.media.decode import moved
from omnilive.media.wire import BEAT_S, Note, Request

GAP_S = 0.5  # a shorter pause in a stream that was resumed where it broke is no gap
END_SLACK_S = 1.5  # a stream of known length may end this much early
RESUME_LEAD_S = 0.5  # taken up again this much earlier; what was heard before is left out


@dataclass(slots=True)
class Tally:
    """Counts over one or more connections."""

    decoded: int = 0
    corrupt: int = 0
    dropped: int = 0

    def add(self, other: "Tally", dropped: int) -> None:
        """Add the counts of a connection that is over."""
        self.decoded += other.decoded
        self.corrupt += other.corrupt
        self.dropped += dropped


class StreamSource:
    """A network stream or device.

    Live: `t` is the clock at the first data of a connection, then the stream's own stamps.
    With a known length: `t` is the place in the stream, and a break resumes where it was.
    Opening blocks until the streams are known, `connect_s` at most.
    """

    def __init__(
        self,
        url: str,
        kind: Literal["device", "network"],
        request: Request,
        *,
        offset_s: float = 0.0,
        ends: bool = False,
        clock: Clock | None = None,
    ) -> None:
        """`url` is fit for messages. `ends`: an end of data is the end, not a break."""
        self._url, self._request, self._config = url, request, request.config
        self._offset_s, self._ends = offset_s, ends
        self._clock = clock or SystemClock()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._end_t = offset_s + request.start_s  # heard up to here
        self._last_t: dict[type, float] = {}  # start of the last item of each kind
        self._base_s: float | None = None  # session time of this connection's zero
        self._lost_at_s = 0.0  # the clock when the last working connection broke
        self._beats = 0  # signs of life before the first item of this connection
        self._why = ""  # the connection broke
        self._finished = False
        self._now, self._before = Tally(), Tally()  # of this connection, of those before
        self.info = self._first_info(kind)

    @property
    def decoded(self) -> int:
        """Pictures decoded so far, over all connections."""
        return self._before.decoded + self._now.decoded

    @property
    def corrupt(self) -> int:
        """Packets and pictures that could not be used."""
        return self._before.corrupt + self._now.corrupt

    @property
    def dropped(self) -> int:
        """Pictures dropped because the reader was slow."""
        connection = self._connection
        return self._before.dropped + (connection.inbox.dropped if connection else 0)

    def items(self) -> Iterator[Item]:
        """Yield the stream through all its breaks, until it ends, gives up or is closed."""
        failures, self._lost_at_s = 0, self._clock.now()
        try:
            while not self._stop.is_set():
                yield from self._play()
                self._disconnect()
                failures += 1
                if self._base_s is not None:
                    failures, self._lost_at_s = 0, self._clock.now()
                if self._finished or self._stop.is_set():
                    break
                yield from self._wait(failures)
                self._connect()
        finally:
            self._disconnect()
        if self._finished:
            yield self._health("ended")

    def close(self) -> None:
        """Kill the child; `items` ends at once."""
        self._stop.set()
        self._disconnect()

    def _connect(self) -> None:
        start_s = 0.0 if self.info.live else self._end_t - self._offset_s
        self._start_child(replace(self._request, start_s=max(0.0, start_s - RESUME_LEAD_S)))

    def _first_info(self, kind: Literal["device", "network"]) -> SourceInfo:
        connection = self._start_child(self._request)
        assert connection is not None
        first = connection.get(self._config.connect_s)
        if not isinstance(first, Note) or first.kind != "info":
            self._disconnect()
            raise SourceError(self._url, _why_silent(first, self._config.connect_s))
        return SourceInfo(url=self._url, kind=kind, **first.data)

    def _start_child(self, request: Request) -> Connection | None:
        with self._lock:
            if not self._stop.is_set():
                self._connection = Connection(request)
            return self._connection

    def _disconnect(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
            self._before.add(self._now, connection.inbox.dropped)
            self._now = Tally()

    def _play(self) -> Iterator[Item]:
        """Yield what one connection brings, until it ends, breaks or falls silent."""
        self._base_s, self._beats = None, 0
        connection = self._connection
        while connection is not None:
            patience_s = self._patience_s()
            message = connection.get(patience_s)
            if message is None:
                if not self._stop.is_set():
                    self._why = f"no data for {patience_s:.1f} s"
                    yield self._health("stalled", self._why)
                return
            if not isinstance(message, Note):
                yield from self._hear(message)
            elif self._note(message):
                return

    def _patience_s(self) -> float:
        if self._base_s is not None:
            return self._config.stall_s
        return max(0.1, min(self._config.connect_s, self._left_s()))

    def _left_s(self) -> float:
        """Seconds until giving up."""
        return self._lost_at_s + self._config.give_up_s - self._clock.now()

    def _note(self, note: Note) -> bool:
        """Take note; True when the connection is over."""
        if note.kind == "beat":
            self._now.decoded, self._now.corrupt = note.data["decoded"], note.data["corrupt"]
            self._beats += 1
            self._why = "data comes, but no picture or sound can be decoded from it"
            return self._base_s is None and self._beats * BEAT_S > self._config.connect_s
        if note.kind == "failed":
            self._why = note.data["reason"]
        if note.kind == "ended":
            self._why = "the stream ended"
            length_s = self.info.duration_s
            is_whole = length_s is None or note.data["end_t"] >= length_s - END_SLACK_S
            self._finished = self._ends and is_whole
        return note.kind in ("failed", "ended")

    def _hear(self, item: VideoFrame | AudioChunk | Gap) -> Iterator[Item]:
        if self._base_s is None:
            yield from self._begin(item)
        assert self._base_s is not None
        heard = moved(item, self._base_s)
        if heard.t <= self._last_t.get(type(heard), -1.0):
            return  # heard before the break
        self._last_t[type(heard)] = heard.t
        end_t = heard.end_t if isinstance(heard, AudioChunk | Gap) else heard.t
        self._end_t = max(self._end_t, end_t)
        yield heard

    def _begin(self, first: Item) -> Iterator[Item]:
        """Fix the connection's place in time; report that it lives, and what was missed."""
        is_first = not self._last_t
        self._base_s = self._offset_s
        if self.info.live:
            now_t = self._offset_s + self._clock.now()
            self._base_s = max(now_t, self._end_t) - first.t
        yield self._health("live")
        t = first.t + self._base_s
        if not is_first and t > self._end_t + (0.0 if self.info.live else GAP_S):
            yield Gap(t=self._end_t, end_t=t, reason=f"connection lost: {self._why}")

    def _wait(self, failures: int) -> Iterator[Item]:
        """Wait before the next attempt, longer after each failure; SourceError when too long."""
        if self._left_s() <= 0:
            raise SourceError(
                self._url,
                f"stream ended at t = {self._end_t:.1f} s ({self._why}) and did not come back "
                f"for {self._config.give_up_s:.0f} s; what was seen is kept: check that it is "
                "being published, then watch it again",
            )
        yield self._health("reconnecting", self._why)
        backoff_s = min(self._config.backoff_max_s, self._config.backoff_s * 2**failures)
        # Jitter, so that many watchers of one server do not all return at the same moment.
        self._stop.wait(min(backoff_s * random.uniform(0.5, 1.0), max(0.0, self._left_s())))

    def _health(
        self, state: Literal["live", "stalled", "reconnecting", "ended"], detail: str = ""
    ) -> SourceHealth:
        return SourceHealth(t=self._end_t, state=state, detail=detail)


def _why_silent(first: object, connect_s: float) -> str:
    if isinstance(first, Note) and first.kind == "failed":
        return first.data["reason"]
    return (
        f"no media came within {connect_s:.0f} s: check the address, and that something is "
        "being published there"
    )
