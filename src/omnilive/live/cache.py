"""The keys and values that streams are attended by, in memory taken once.

Unbounded, the cache doubles when it is full. Bounded, a token sees the first tokens of its stream
("attention sinks", arXiv 2309.17453) and the newest ones, as if these stood right behind the
sinks. How far back it sees depends on its number in the stream alone, never on how the stream was
cut into calls: the window's start moves on in steps of `chunk` tokens. The window is a ring whose
keys stay turned by their positions in the stream; rotary positions act by differences only, so it
is the few sink keys that are turned on, to stand right before the window. Nothing is copied.

Shapes: B streams, G heads of keys and values, E head size, W slots, S sinks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from omnilive.core.errors import ConfigError
from omnilive.live.config import DecoderShape
from omnilive.live.rope import Turn, rotated, wave_speeds

CAPACITY = 1024  # tokens that an unbounded cache begins with


@dataclass(frozen=True, slots=True)
class Window:
    """What a token sees of a long stream.

    The first `sinks` tokens, and of those before it at most `recent`, itself included, and more
    than `recent - chunk`. As many as `chunk` tokens can be taken back.
    """

    sinks: int
    recent: int
    chunk: int

    def __post_init__(self) -> None:
        if self.sinks < 0 or not 0 < self.chunk <= self.recent:
            raise ConfigError(f"{self}: sinks must not be negative, chunk be 1 to recent")

    def start(self, token: int) -> int:
        """Return the number of the first token behind the sinks that a token sees."""
        beyond = token + 1 - self.sinks - self.recent
        return self.sinks + max(0, -(-beyond // self.chunk)) * self.chunk

    def until_step(self, token: int) -> int:
        """Return how many tokens from this one on see the same start."""
        beyond = token - self.sinks - self.recent
        return -beyond if beyond < 0 else self.chunk - beyond % self.chunk

    @property
    def slots(self) -> int:
        """W: tokens that are kept."""
        return self.sinks + self.recent + self.chunk


class Layer:
    """Keys and values of one layer of a decoder."""

    def __init__(self, size: tuple[int, int, int, int], sinks: int, like: Tensor) -> None:
        self.keys_BGWE, self.values_BGWE = like.new_zeros(size), like.new_zeros(size)
        self.sinks_BGSE = like.new_zeros((*size[:2], sinks, size[3]))  # turned by 0, 1, 2 ...

    def write(self, stream: int, slots: Tensor, keys_LGE: Tensor, values_LGE: Tensor) -> None:
        """Put tokens of a stream into slots (L,)."""
        self.keys_BGWE[stream].index_copy_(1, slots, keys_LGE.transpose(0, 1))
        self.values_BGWE[stream].index_copy_(1, slots, values_LGE.transpose(0, 1))

    def keep_sinks(self, stream: int, first: int, keys_LGE: Tensor) -> None:
        """Keep the keys of sinks as they are, those from number `first` on."""
        room = self.sinks_BGSE.shape[2] - first
        if room > 0:
            kept_GLE = keys_LGE[:room].transpose(0, 1)
            self.sinks_BGSE[stream, :, first : first + kept_GLE.shape[1]] = kept_GLE

    def turn_sinks(self, stream: int, by: Turn) -> None:
        """Let the sinks of a stream stand elsewhere."""
        sinks_GSE = self.sinks_BGSE[stream]
        self.keys_BGWE[stream, :, : sinks_GSE.shape[1]] = rotated(sinks_GSE, by)

    def grow(self, slots: int) -> None:
        """Make room for more tokens."""
        self.keys_BGWE = _longer(self.keys_BGWE, slots)
        self.values_BGWE = _longer(self.values_BGWE, slots)


class KVCache:
    """What a decoder remembers of `streams` streams, each of its own length."""

    def __init__(
        self,
        shape: DecoderShape,
        streams: int,
        window: Window | None,
        like: Tensor,
        capacity: int = CAPACITY,
    ) -> None:
        """Take the memory; `like` says the type and the device. `capacity` counts if unbounded."""
        self.window, self.slots = window, window.slots if window else capacity
        size = (streams, shape.kv_heads, self.slots, shape.head_size)
        sinks = window.sinks if window else 0
        self.layers = [Layer(size, sinks, like) for _ in range(shape.layers)]
        self.shared = shape.heads // shape.kv_heads  # query heads of a head of keys
        self.like, self.speeds = like.new_empty(0), wave_speeds(shape)
        self.lengths = [0] * streams
        self.written = [0] * streams  # the greatest length: tokens taken back are still in slots
        self.turned: list[int | None] = [0] * streams  # positions that the sinks have moved by

    @property
    def nbytes(self) -> int:
        """Bytes taken."""
        tensors = (t for one in self.layers for t in vars(one).values())
        return sum(t.nbytes for t in tensors)

    def length(self, stream: int) -> int:
        """Return the tokens of a stream so far, also those that are no longer kept."""
        return self.lengths[stream]

    def truncate(self, stream: int, length: int) -> None:
        """Take tokens back, so that a stream is `length` long.

        Raises ValueError for tokens whose window is gone: with a window, no more than `chunk`
        tokens can be counted on.
        """
        if not 0 <= length <= self.lengths[stream]:
            raise ValueError(f"stream {stream} has {self.lengths[stream]} tokens, not {length}")
        if self.window is not None and length > 0:
            kept = self.written[stream] - self.slots + self.window.sinks
            if self.window.start(length - 1) < kept:
                raise ValueError(
                    f"stream {stream} cannot go back from {self.written[stream]} to {length} "
                    f"tokens: what they saw is no longer kept (chunk is {self.window.chunk})"
                )
        self.lengths[stream] = length

    def clear(self, stream: int) -> None:
        """Begin a stream anew."""
        self.lengths[stream] = self.written[stream] = 0

    def reserve(self, slots: int) -> None:
        """Make room for streams of so many tokens; nothing to do with a window."""
        if self.window is None and slots > self.slots:
            self.slots = max(2 * self.slots, slots)
            for layer in self.layers:
                layer.grow(self.slots)

    def sinks_by(self, token: int) -> int:
        """Return how many positions the sinks are to be moved by when a token looks at them."""
        return self.window.start(token) - self.window.sinks if self.window else 0

    def slots_of(self, first: int, count: int) -> Tensor:
        """Return (count,): where tokens from number `first` on are kept."""
        tokens = torch.arange(first, first + count)
        if self.window is None:
            return tokens
        sinks = self.window.sinks
        ring = (tokens - sinks) % (self.slots - sinks) + sinks
        return torch.where(tokens < sinks, tokens, ring)

    def advance(self, lengths_B: Sequence[int]) -> None:
        """Count tokens that have been written to every layer."""
        for stream, more in enumerate(lengths_B):
            if more:
                self.lengths[stream] += more
                self.turned[stream] = self.sinks_by(self.lengths[stream] - 1)


def _longer(x_BGWE: Tensor, slots: int) -> Tensor:
    longer = x_BGWE.new_zeros((*x_BGWE.shape[:2], slots, x_BGWE.shape[3]))
    longer[:, :, : x_BGWE.shape[2]] = x_BGWE
    return longer
