"""What a stream adds to its sequence next: frames that wait, a query, or the next token of a reply.

Frames that wait go together. Where one of them turns out to be spoken at, those behind it are
taken back and wait again, so that the decisions are those of going frame by frame.
"""

from dataclasses import dataclass, field

from torch import Tensor

from omnilive.live.stream import Frame, Reply, Stream
from omnilive.live.template import Template


@dataclass(slots=True, eq=False)
class Segment:
    """What one stream adds in one forward pass."""

    stream: Stream
    taken: int  # of the pending tokens
    parts: list[list[int] | Tensor] = field(default_factory=list)  # ids, or features (N, D)
    frames: list[Frame] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """Lengths of the segment at which the output is looked at: behind each frame, or at the end."""

    tokens: int = 0

    def add(self, part: list[int] | Tensor) -> None:
        """Append token ids or a frame."""
        self.parts.append(part)
        self.tokens += len(part)

    def done(self) -> None:
        """Note that the segment is in the sequence."""
        del self.stream.pending[: self.taken]
        self.stream.length += self.tokens


def following(stream: Stream, template: Template, block: int, most_tok: int) -> Segment | None:
    """Return what comes next, None if the stream waits.

    At most `block` frames, and of text at most `most_tok` tokens, so that a long one does not
    make the other streams of the batch wait.
    """
    if stream.reply is None:
        _hear(stream, template)
    if stream.reply is not None or len(stream.pending) > most_tok:
        return _words(stream, most_tok)
    frames = stream.block(block)
    return _frames(stream, frames, template) if frames else None


def begin_reply(stream: Stream, query: int | None, opening: list[int]) -> None:
    """Let the stream speak next; `opening` are the tokens before its first word."""
    stream.reply = Reply(stream.replies, query, stream.now, start=stream.length)
    stream.replies += 1
    stream.pending += opening
    stream.is_open = False


def _hear(stream: Stream, template: Template) -> None:
    while (query := stream.due()) is not None:
        if query.wants_reply:
            opening = template.ask(query.text, is_open=stream.is_open)
            return begin_reply(stream, query.number, opening)
        stream.pending += template.instruct(query.text, is_open=stream.is_open)
        stream.is_open = False


def _words(stream: Stream, most_tok: int) -> Segment:
    taken = min(len(stream.pending), most_tok)
    segment = Segment(stream, taken)
    segment.add(stream.pending[:taken])
    if taken == len(stream.pending):
        segment.ends.append(segment.tokens)
    return segment


def _frames(stream: Stream, frames: list[Frame], template: Template) -> Segment:
    segment = Segment(stream, len(stream.pending), frames=frames)
    before = [*stream.pending, *(template.interval if stream.is_open else template.open())]
    for frame in frames:
        if before:
            segment.add(before)
        segment.add(frame.features_ND)
        segment.ends.append(segment.tokens)
        before = template.interval
    return segment
