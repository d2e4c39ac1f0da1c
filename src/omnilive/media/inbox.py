"""A bounded mailbox between the thread that hears a child and the thread that reads the source."""

import threading
from collections import deque

from omnilive.core.events import AudioChunk, VideoFrame
from omnilive.media.wire import Message

MAX_PICTURES = 16
MAX_SOUNDS = 600  # a minute of 0.1 s chunks


class Inbox:
    """When full, a live stream's oldest picture is dropped and counted; all else waits.

    A sender that waits makes the child wait, and in the end the server: sound is not lost here.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._live = True
        self._closed = False
        self._messages: deque[Message] = deque()
        self._changed = threading.Condition()

    def never_drop(self) -> None:
        """Let pictures wait too, for streams that can be paused."""
        self._live = False

    def put(self, message: Message) -> bool:
        """Add a message, waiting for room; False when the inbox is closed."""
        with self._changed:
            while not self._closed and self._is_full(message):
                if self._live and isinstance(message, VideoFrame):
                    self._drop_oldest_picture()
                else:
                    self._changed.wait()
            self._messages.append(message)
            self._changed.notify_all()
            return not self._closed

    def get(self, timeout_s: float) -> Message | None:
        """Take the oldest message; None when there is none in time or the inbox is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._messages or self._closed, timeout_s)
            if self._closed or not self._messages:
                return None
            self._changed.notify_all()
            return self._messages.popleft()

    def close(self) -> None:
        """Wake both sides; nothing more passes."""
        with self._changed:
            self._closed = True
            self._messages.clear()
            self._changed.notify_all()

    def _is_full(self, message: Message) -> bool:
        for kind, limit in ((VideoFrame, MAX_PICTURES), (AudioChunk, MAX_SOUNDS)):
            if isinstance(message, kind):
                return sum(isinstance(held, kind) for held in self._messages) >= limit
        return False

    def _drop_oldest_picture(self) -> None:
        index = next(i for i, held in enumerate(self._messages) if isinstance(held, VideoFrame))
        del self._messages[index]
        self.dropped += 1
