"""One child process from start to kill, heard through a bounded inbox."""

import subprocess
import sys
import threading

from omnilive.media.inbox import Inbox
from omnilive.media.wire import Message, Note, Request, receive


class Connection:
    """A running child. `get` and `close` may be called from different threads."""

    def __init__(self, request: Request) -> None:
        self.inbox = Inbox()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            # -P: a file in the working folder must not stand in for a module.
            [sys.executable, "-P", "-m", "omnilive.media.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )
        self._listener = threading.Thread(target=self._listen, name="media-inbox", daemon=True)
        self._listener.start()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(request.as_line())
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it died at once: the listener says so

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def get(self, timeout_s: float) -> Message | None:
        """Return the next message; None when none came in time or it was closed."""
        return self.inbox.get(timeout_s)

    def close(self) -> None:
        """Kill the child, whatever it is doing, and free its pipes."""
        with self._lock:
            self.inbox.close()
            self._process.kill()
            self._process.wait()
            self._listener.join()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None and not pipe.closed:
                    pipe.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        is_over = False
        while (message := receive(self._process.stdout)) is not None:
            is_over = isinstance(message, Note) and message.kind in ("ended", "failed")
            if isinstance(message, Note) and message.kind == "info" and not message.data["live"]:
                self.inbox.never_drop()
            if not self.inbox.put(message):
                return
        if not is_over:
            reason = "the decoder process died: the stream may be damaged, or memory ran out"
            self.inbox.put(Note("failed", {"reason": reason}))
