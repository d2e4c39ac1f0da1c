"""A live engine without a model: it sees the squares of tests/story.py and speaks by the word."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.base import Ended, LiveEvent, Said, Silent, Status
from omnilive.live.host import LiveHost
from tests.fakes import RGB

COLOURS = tuple(RGB)


def see(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Return features (T, 1, 3): how much of a picture has each pure colour."""
    near = [
        [[(np.abs(rgb.astype(int) - RGB[c]).max(axis=2) < 60).mean() for c in COLOURS]]
        for rgb in pictures
    ]
    return np.array(near, np.float32)


@dataclass
class FakeStream:
    instruction: str = ""
    items: deque[tuple[Any, ...]] = field(default_factory=deque)
    words: list[str] = field(default_factory=list)
    said: str = ""
    query: int | None = None
    reply: int = -1
    t: float | None = None
    here: frozenset[str] = frozenset()
    times: list[float] = field(default_factory=list)
    asked: int = 0
    cancelled: int = 0

    @property
    def is_replying(self) -> bool:
        return bool(self.words)


class FakeEngine:
    """Says which colours came, and to a question how many frames it has seen, and which colours."""

    def __init__(self, fail_at_s: float = 1e9, silent: bool = False, most: int = 8) -> None:
        self.streams: dict[int, FakeStream] = {}
        self.closed: list[int] = []
        self._fail_at_s, self._silent, self._most = fail_at_s, silent, most
        self._count = 0

    def open(self) -> int:
        if len(self.streams) >= self._most:
            raise BackendError("no stream is free")
        self._count += 1
        self.streams[self._count] = FakeStream()
        return self._count

    def close(self, id: int) -> None:
        self.closed.append(id)
        del self.streams[id]

    def feed(self, id: int, t: float, features_ND: Any) -> bool:
        self.streams[id].items.append(("frame", t, features_ND))
        return True

    def ask(self, id: int, text: str) -> int:
        if len(text) > 1000:
            raise ConfigError("the question is too long")
        stream = self.streams[id]
        stream.items.append(("ask", stream.asked, text))
        stream.asked += 1
        return stream.asked - 1

    def instruct(self, id: int, text: str, t: float | None = None) -> int:
        self.streams[id].instruction = text
        return 0

    def cancel(self, id: int) -> None:
        stream = self.streams[id]
        stream.cancelled += stream.is_replying
        stream.words = stream.words[:1]

    def has_work(self) -> bool:
        return any(s.items or s.is_replying for s in self.streams.values())

    def step(self) -> list[LiveEvent]:
        return [event for id, stream in self.streams.items() for event in self._step(id, stream)]

    def state(self, id: int) -> Status:
        s = self.streams[id]
        waiting = [item[0] for item in s.items]
        return Status(
            t=s.t, tokens=len(s.times), frames=len(s.times), waiting_frames=waiting.count("frame"),
            dropped=0, late=0, damaged=0, gaps=0, waiting_queries=waiting.count("ask"),
            replying=s.is_replying, withheld=0, restarts=0,
        )  # fmt: skip

    def _step(self, id: int, stream: FakeStream) -> list[LiveEvent]:
        if stream.is_replying:
            return self._say(id, stream)
        if not stream.items:
            return []
        kind, at, what = stream.items.popleft()
        if kind == "ask":
            self._begin(stream, at, self._answer(stream, what))
            return []
        if at >= self._fail_at_s:
            raise RuntimeError("the weights melted")
        stream.t = at
        stream.times.append(at)
        here = frozenset(c for c, share in zip(COLOURS, what[0], strict=True) if share > 0.005)
        came, stream.here = sorted(here - stream.here), here
        wanted = [c for c in came if not self._follows(stream) or c in stream.instruction]
        if not wanted:
            return [Silent(id, at, 0.9)]
        self._begin(stream, None, f"a {' and a '.join(wanted)} square appears")
        return []

    def _follows(self, stream: FakeStream) -> bool:
        return any(colour in stream.instruction for colour in COLOURS)

    def _answer(self, stream: FakeStream, question: str) -> str:
        if self._silent:
            return ""
        return f"{' and '.join(sorted(stream.here)) or 'nothing'} after {len(stream.times)} frames"

    def _begin(self, stream: FakeStream, query: int | None, text: str) -> None:
        stream.reply += 1
        stream.query, stream.said = query, ""
        stream.words = [f" {word}" for word in text.split()] + [""]

    def _say(self, id: int, stream: FakeStream) -> list[LiveEvent]:
        word = stream.words.pop(0)
        t = stream.t or 0.0
        if stream.is_replying:
            stream.said += word
            return [Said(id, t, stream.query, stream.reply, word)]
        return [Ended(id, t, stream.query, stream.reply, stream.said)]


def fake_host(engine: FakeEngine | None = None, instruction: str = "Narrate.") -> LiveHost:
    """A host around a fake engine; close it."""
    return LiveHost(
        engine or FakeEngine(), see, name="fake-live", fps=2.0, frame_tok=2, instruction=instruction
    )
