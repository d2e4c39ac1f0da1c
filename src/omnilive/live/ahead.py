"""The image encoder, ahead of the language model: a thread of its own between two bounded queues.

While the model works on one frame, or on a reply, the encoder has the next ones done.

Shapes: H, W of a picture, N tokens of a frame, D feature width.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from omnilive.core.errors import BackendError

Encode = Callable[[Sequence[np.ndarray]], Any]  # (H, W, 3) uint8 pictures -> features (T, N, D)


class Seen(NamedTuple):
    """A frame that the encoder has done, of the stream that it was put in for."""

    stream: int
    t: float
    features_ND: Any


class Picture(NamedTuple):
    """A frame that waits for the encoder."""

    stream: int
    t: float
    rgb: np.ndarray


class Ahead:
    """Encodes pictures in the order they were put in, several at once where several wait.

    `put` and `take` may be called from any thread. Of more than `most` waiting pictures the
    oldest is dropped and counted; with `most` results not yet taken the encoder waits.
    """

    def __init__(self, encode: Encode, *, most: int = 16, together: int = 4) -> None:
        if most < 1 or together < 1:
            raise ValueError(f"most ({most}) and together ({together}) must be at least 1")
        self.dropped = 0
        self._encode, self._most, self._together = encode, most, together
        self._pictures: deque[Picture] = deque()
        self._done: deque[Seen] = deque()
        self._changed = threading.Condition()
        self._hand: list[Picture] = []  # what the encoder is at
        self._is_closed = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="live-eye", daemon=True)
        self._thread.start()

    def put(self, stream: int, t: float, rgb: np.ndarray) -> None:
        """Let a picture (H, W, 3) wait for the encoder; raises BackendError if that has failed."""
        with self._changed:
            self._check()
            self._pictures.append(Picture(stream, t, rgb))
            if len(self._pictures) > self._most:
                self._pictures.popleft()
                self.dropped += 1
            self._changed.notify_all()

    def take(self, wait_s: float = 0.0) -> list[Seen]:
        """Return what is done; if nothing is but something is under way, wait so long for it."""
        with self._changed:
            if wait_s > 0:
                self._changed.wait_for(
                    lambda: self._done or self._failure or self._is_idle(), wait_s
                )
            done = list(self._done)
            self._done.clear()
            if not done:
                self._check()
            self._changed.notify_all()
            return done

    def forget(self, stream: int) -> None:
        """Drop what waits, what is under way and what is done of one stream."""
        with self._changed:
            self._pictures = deque(p for p in self._pictures if p.stream != stream)
            self._hand = [p for p in self._hand if p.stream != stream]
            self._done = deque(seen for seen in self._done if seen.stream != stream)
            self._changed.notify_all()

    def is_idle(self) -> bool:
        """Return whether no picture waits or is being encoded."""
        with self._changed:
            return self._is_idle()

    def close(self) -> None:
        """End the thread after the pictures it has in hand; what waits is dropped."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def _work(self) -> None:
        try:
            while batch := self._next():
                features_TND = self._encode([picture.rgb for picture in batch])
                with self._changed:
                    for picture, features_ND in zip(batch, features_TND, strict=True):
                        if any(picture is still for still in self._hand):  # not forgotten since
                            self._done.append(Seen(picture.stream, picture.t, features_ND))
                    self._hand = []
                    self._changed.notify_all()
        except Exception as error:  # an encoder raises what it likes; `take` and `put` pass it on
            with self._changed:
                self._failure, self._hand = error, []
                self._changed.notify_all()

    def _next(self) -> list[Picture]:
        """Wait for pictures and room for their results; nothing when closed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_closed or (self._pictures and len(self._done) < self._most)
            )
            if self._is_closed:
                return []
            room = min(self._together, self._most - len(self._done))
            count = min(room, len(self._pictures))
            self._hand = [self._pictures.popleft() for _ in range(count)]
            return list(self._hand)

    def _is_idle(self) -> bool:
        return not self._pictures and not self._hand

    def _check(self) -> None:
        if self._failure is not None:
            raise BackendError(
                f"the image encoder failed: {type(self._failure).__name__}: {self._failure}"
            ) from self._failure
        if self._is_closed:
            raise BackendError("the image encoder is closed")
