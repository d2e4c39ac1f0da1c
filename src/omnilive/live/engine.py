"""Several live streams through one model: frames, queries and instructions in, events out.

One forward pass takes what every stream has next: frames of one, a token of another's reply. The
engine is plain and serial; call it from one thread. Its cost does not grow with the length of a
stream where `window_tok` bounds what is looked back on.

Shapes: N tokens of a frame, D feature width.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from omnilive.core.config import Config
from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.base import LiveEvent, Silent, Status
from omnilive.live.batch import Batch, Output
from omnilive.live.cache import Window
from omnilive.live.config import Card
from omnilive.live.model import LiveModel
from omnilive.live.plan import Segment, begin_reply, following
from omnilive.live.policy import Look, Policy, PolicyConfig
from omnilive.live.replies import Replies
from omnilive.live.stream import Frame, Stream

_OPENING = 16  # tokens at most that a remark is opened with


class EngineConfig(Config):
    """Bounds of an engine, and how it decides."""

    streams: int = Field(default=1, ge=1)
    """Streams that can be open at the same time: memory is taken for each."""

    policy: PolicyConfig = PolicyConfig()
    """When the model speaks unasked."""

    max_reply_tok: int = Field(default=100, ge=1)
    """Longest reply."""

    max_frames: int = Field(default=64, ge=1)
    """Frames of a stream that may wait; beyond, the oldest is dropped."""

    max_queries: int = Field(default=256, ge=1)
    """Queries and instructions of a stream that may wait; beyond, they are refused."""

    max_query_tok: int = Field(default=1024, ge=1)
    """Longest query."""

    block: int = Field(default=8, ge=1)
    """Waiting frames of a stream that go through the model together."""

    step_tok: int = Field(default=256, ge=1)
    """Most tokens of text that a stream adds in one step."""

    gap_s: float = Field(default=2.0, gt=0.0)
    """A frame that comes later than this after the one before is counted as a gap."""

    sinks_tok: int = Field(default=64, ge=0)
    """First tokens of a stream that never leave the window."""

    window_tok: int = Field(default=0, ge=0)
    """Newest tokens that are looked back on; 0 for the whole stream, at a cost that grows."""


class Engine:
    """Steps streams through `model`. Streams and queries are named by numbers."""

    def __init__(self, model: LiveModel, config: EngineConfig) -> None:
        if config.policy.kind == "head" and not model.card.speak_head:
            raise ConfigError(
                'the policy is "head", but this checkpoint has no second head: take "threshold"'
            )
        self.model, self.config = model, config
        self.policy = Policy(config.policy)
        self.replies = Replies(model.template, self.policy, config.max_reply_tok)
        self._state = model.init_state(config.streams, window_of(config, model.card))
        self._streams: dict[int, Stream] = {}
        self._opened = 0
        self._outbox: list[LiveEvent] = []
        self._batch = Batch(model, config.streams)

    def open(self) -> int:
        """Begin a stream; raises BackendError when as many are open as the engine was made for."""
        taken = {stream.row for stream in self._streams.values()}
        free = [row for row in range(self.config.streams) if row not in taken]
        if not free:
            raise BackendError(
                f"all {self.config.streams} streams of the live engine are in use: close one, or "
                "make the engine with more streams"
            )
        self._opened += 1
        stream = Stream(self._opened, free[0], self.policy.init_state(), [])
        self._begin(stream)
        self._streams[stream.id] = stream
        return stream.id

    def close(self, id: int) -> None:
        """End a stream at once and forget it; what waits is dropped."""
        stream = self._stream(id)
        self._state.cache.clear(stream.row)
        del self._streams[id]

    def feed(self, id: int, t: float, features_ND: Tensor | np.ndarray) -> bool:
        """Let a frame wait for the model; return whether it was taken (see Status for why not)."""
        # A copy: the caller may use the memory again before the frame's turn comes.
        if isinstance(features_ND, np.ndarray):
            features_ND = torch.from_numpy(np.array(features_ND, np.float32))
        features = features_ND.to(torch.float32, copy=True)
        wanted = (self.model.card.frame.tokens, self.model.card.frame.width)
        if tuple(features.shape) != wanted:
            raise ConfigError(
                f"the features of a frame have shape {tuple(features.shape)}, the model was "
                f"trained with {wanted}: use the encoder of its checkpoint"
            )
        stream, config = self._stream(id), self.config
        return stream.take(Frame(t, features), most=config.max_frames, gap_s=config.gap_s)

    def ask(self, id: int, text: str, t: float | None = None) -> int:
        """Let the user ask; return the number that the events of the reply carry.

        It is answered behind the frames up to `t` (all taken in so far when None), after the reply
        in progress. Raises BackendError when too many queries wait, ConfigError when too long.
        """
        return self._hear(id, text, t, wants_reply=True)

    def instruct(self, id: int, text: str, t: float | None = None) -> int:
        """Let the user say what wants no reply of its own, such as to narrate what happens."""
        return self._hear(id, text, t, wants_reply=False)

    def cancel(self, id: int) -> None:
        """Stop the reply in progress, if any; its end is among the next events."""
        self._outbox += self.replies.cancel(self._stream(id))

    def end(self, id: int) -> None:
        """Say that no frame will follow, so that queries about later times are answered now."""
        self._stream(id).is_ended = True

    def state(self, id: int) -> Status:
        """Return where a stream stands."""
        return self._stream(id).status()

    @property
    def nbytes(self) -> int:
        """Bytes that the streams' keys and values take."""
        return self._state.nbytes

    def has_work(self) -> bool:
        """Return whether a step would do anything."""
        return bool(self._outbox) or any(s.has_work() for s in self._streams.values())

    @torch.inference_mode()
    def step(self) -> list[LiveEvent]:
        """Take every stream that has work one step further; nothing happens where none has."""
        events, self._outbox = self._outbox, []
        for stream in self._streams.values():
            self._rewind(stream)  # a reply may have been cancelled
        planned = (
            following(stream, self.model.template, self.config.block, self.config.step_tok)
            for stream in self._streams.values()
        )
        segments = [segment for segment in planned if segment is not None]
        if not segments:
            return events
        outputs = iter(self._batch.forward(segments, self._state))
        for segment in segments:
            segment.done()
            events += self._outcome(segment, [next(outputs) for _ in segment.ends])
            self._rewind(segment.stream)
        return events

    def run(self) -> Iterator[LiveEvent]:
        """Step until nothing is left to do, and yield the events."""
        while self.has_work():
            yield from self.step()

    def _outcome(self, segment: Segment, outputs: Sequence[Output]) -> Iterator[LiveEvent]:
        stream = segment.stream
        if not all(output.is_finite for output in outputs):
            yield from self._restart(segment)
        elif segment.frames:
            yield from self._decide(segment, outputs)
        elif outputs:
            yield from self.replies.take(stream, outputs[0].best)

    def _decide(self, segment: Segment, outputs: Sequence[Output]) -> Iterator[LiveEvent]:
        stream = segment.stream
        before = stream.length - segment.tokens
        for frame, end, output in zip(segment.frames, segment.ends, outputs, strict=True):
            stream.saw(frame)
            look = Look(frame.t, output.p_silent, output.is_silence_best, output.p_speak)
            # Where the user speaks at this very frame, it is the user's turn.
            if not stream.is_asked_at(frame.t) and self.policy.speaks(look, stream.policy):
                stream.length = before + end
                return begin_reply(stream, None, self.model.template.prompt(is_open=True))
            yield Silent(stream.id, frame.t, output.p_silent)

    def _restart(self, segment: Segment) -> Iterator[LiveEvent]:
        """Begin a sequence anew that has numbers in it which are not finite."""
        stream = segment.stream
        for frame in segment.frames:
            stream.saw(frame)
        yield from self.replies.cancel(stream)
        stream.restarts += 1
        self._begin(stream)

    def _begin(self, stream: Stream) -> None:
        self._state.cache.clear(stream.row)
        stream.pending, stream.length, stream.is_open = self.model.template.start(), 0, False

    def _rewind(self, stream: Stream) -> None:
        if self._state.cache.length(stream.row) > stream.length:
            self._state.cache.truncate(stream.row, stream.length)

    def _hear(self, id: int, text: str, t: float | None, *, wants_reply: bool) -> int:
        stream, config = self._stream(id), self.config
        tokens = len(self.model.template.ask(text, is_open=True))
        if tokens > config.max_query_tok:
            raise ConfigError(
                f"a query of {tokens} tokens is too long: {config.max_query_tok} at most "
                "(max_query_tok)"
            )
        return stream.hear(text, t, wants_reply=wants_reply, most=config.max_queries)

    def _stream(self, id: int) -> Stream:
        if id not in self._streams:
            raise ConfigError(f"no live stream {id} is open; open: {sorted(self._streams)}")
        return self._streams[id]


def window_of(config: EngineConfig, card: Card) -> Window | None:
    """Return the window that allows what the engine may have to take back.

    That is a block of frames behind one that is spoken at, or a remark that is withheld.
    """
    if not config.window_tok:
        return None
    block = config.block * (card.frame.tokens + bool(card.interval))
    chunk = max(block, config.max_reply_tok + _OPENING)
    if chunk > config.window_tok:
        raise ConfigError(
            f"a window of {config.window_tok} tokens is too short: {block} may have to be taken "
            f"back for a block of frames, {config.max_reply_tok + _OPENING} for a reply; raise "
            "window_tok, or lower block or max_reply_tok"
        )
    return Window(config.sinks_tok, config.window_tok, chunk)
