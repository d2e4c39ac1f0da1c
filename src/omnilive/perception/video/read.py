"""The reading eye: text on screen, noted when it appears and when it has gone."""

from dataclasses import dataclass

import numpy as np

from omnilive.core.events import Percept, VideoFrame
from omnilive.perception.config import ReadConfig
from omnilive.perception.continuation import Continuation
from omnilive.perception.spans import Span, SpanFollower, SpanState
from omnilive.perception.video.base import TextLine, TextReader
from omnilive.perception.video.sampler import grey_difference, thumbnail


@dataclass(slots=True)
class ReadState:
    """What the reader remembers of one stream."""

    spans: SpanState
    read_t: float = -1e9
    read: np.ndarray | None = None
    again: bool = False


class Reader:
    """Text of one stream of pictures."""

    def __init__(self, config: ReadConfig, reader: TextReader) -> None:
        self.config, self._reader = config, reader
        self._follower = SpanFollower(confirm=2, patience=2, sure=0.9, likeness=0.8)

    def init_state(self, before: Continuation = Continuation()) -> ReadState:  # noqa: B008
        """Return the state of a stream that has not begun, or that goes on after a break."""
        state = ReadState(self._follower.init_state())
        state.spans.number = before.next_number
        return state

    def step(self, frame: VideoFrame, is_cut: bool, state: ReadState) -> list[Percept]:
        """Read one picture, unless it looks like the one read last."""
        thumb = thumbnail(frame.rgb)
        if not self._is_due(frame.t, thumb, is_cut, state):
            return []
        state.read, state.read_t = thumb, frame.t
        lines = paragraphs([line for line in self._reader.read(frame.rgb) if self._counts(line)])
        began, ended = self._follower.step(frame.t, lines, state.spans, is_cut)
        # A still picture is read once more, so that what began or ended is confirmed.
        state.again = any(span.misses or not span.shown for span in state.spans.spans)
        return [_percept(s, True) for s in ended] + [_percept(s, False) for s in began]

    def end(self, state: ReadState) -> list[Percept]:
        """Close what is open: the stream ended or broke off."""
        state.read = None
        return [_percept(span, True) for span in self._follower.end(state.spans)]

    def _is_due(self, t: float, thumb: np.ndarray, is_cut: bool, state: ReadState) -> bool:
        if state.read is None or is_cut:
            return True
        every_s = self.config.text_every_s if state.spans.spans else self.config.every_s
        if t - state.read_t < every_s - 0.01:
            return False
        if state.again or grey_difference(thumb, state.read) > self.config.still_difference:
            return True
        for span in state.spans.spans:
            span.last_t = t  # nothing changed, so what was written still is
        return False

    def _counts(self, line: TextLine) -> bool:
        return sum(c.isalnum() for c in line.text) >= self.config.min_letters


def paragraphs(lines: list[TextLine]) -> list[tuple[str, float]]:
    """Join lines that stand close under or beside each other; return (text, lowest score)."""
    groups: list[list[TextLine]] = []
    for line in lines:
        home = next((g for g in groups if any(_near(line, other) for other in g)), None)
        if home is None:
            groups.append([line])
        else:
            home.append(line)
    return [(" ".join(x.text for x in g), min(x.score for x in g)) for g in groups]


def _near(a: TextLine, b: TextLine) -> bool:
    height = max(a.box.y1 - a.box.y0, b.box.y1 - b.box.y0)
    gap_y = max(a.box.y0, b.box.y0) - min(a.box.y1, b.box.y1)
    gap_x = max(a.box.x0, b.box.x0) - min(a.box.x1, b.box.x1)
    return gap_y < 0.9 * height and gap_x < 1.2 * height


def _percept(span: Span, ended: bool) -> Percept:
    return Percept(
        t=span.last_t,
        kind="text",
        start_s=span.first_t,
        end_s=span.last_t,
        text=span.text,
        confidence=span.score,
        final=ended,
        data={"id": f"text{span.number}", "event": "gone" if ended else "appeared"},
    )
