"""The child process that opens one network stream or device; it may hang, its parent kills it.

Run as `python -m omnilive.media.child`: a request line on stdin, messages on stdout. It ends
when stdin closes, so it never outlives its parent.
"""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, BinaryIO

from omnilive.core.clock import SystemClock
from omnilive.core.errors import SourceError
from omnilive.core.events import Mark, SourceHealth
from omnilive.media.container import Opened, open_container
from omnilive.media.decode import Counts, Decoder
from omnilive.media.gate import Gate
from omnilive.media.reach import Reach
from omnilive.media.wire import BEAT_S, Note, Request, send

LOOK_OUT_S = 0.05


def main() -> None:
    """Serve one request."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up among the messages
    request = Request.from_line(sys.stdin.buffer.readline())
    threading.Thread(target=_die_with_parent, daemon=True).start()
    try:
        if request.config.public_only and "://" in request.name:
            serve_within(Reach(request.config), request, out)
        else:
            serve(request, out)
    except SourceError as error:
        send(out, Note("failed", {"reason": error.reason}))
    except BrokenPipeError:
        os._exit(0)


def serve_within(reach: Reach, request: Request, out: BinaryIO) -> None:
    """Serve a stream that may not lead to private addresses, wherever it is redirected."""
    gate = Gate(reach, request.config.connect_s)
    os.environ.pop("no_proxy", None)  # FFmpeg would go around the gate
    whitelist = request.options.get("protocol_whitelist", "") + ",httpproxy"
    options = request.options | {"http_proxy": gate.url, "protocol_whitelist": whitelist}
    name = reach.pinned(request.name)
    watchman = threading.Thread(target=_look_out, args=(reach, gate), daemon=True)
    watchman.start()
    try:
        serve(
            replace(request, name=name, options=options), out, lambda: reach.check_peers(gate.port)
        )
    except PermissionError as error:
        raise SourceError(request.name, str(error)) from error
    except SourceError as error:
        threading.Event().wait(LOOK_OUT_S)  # whoever cut the connection says why
        raise SourceError(error.url, gate.refused or error.reason) from error


def _look_out(reach: Reach, gate: Gate) -> None:
    """Cut connections that FFmpeg was led to, also while it is still opening the stream."""
    while True:
        try:
            reach.check_peers(gate.port)
        except PermissionError as error:
            gate.refused = str(error)
        threading.Event().wait(LOOK_OUT_S)


def serve(request: Request, out: BinaryIO, check: Callable[[], None] = lambda: None) -> None:
    """Open, tell what is there, and send the items until the stream ends.

    `check` is called once it is open and then about twice a second; what it raises ends this.
    """
    config = request.config
    opened = open_container(
        request.name,
        request.name,
        format=request.format,
        options=request.options,
        timeout_s=(config.connect_s, config.stall_s),
    )
    check()
    live = opened.duration_s is None if request.live is None else request.live
    send(out, Note("info", _facts(opened, live)))
    counts = Counts()
    decoder = Decoder(
        opened,
        config,
        counts,
        start_s=request.start_s,
        live=live,
        stopped=Pulse(out, counts, check),
    )
    for item in decoder.items():
        if not isinstance(item, SourceHealth | Mark):
            send(out, item)
    send(out, Note("beat", _progress(counts)))
    send(out, Note("ended", {"end_t": counts.end_t}))


class Pulse:
    """Asked before each packet whether to stop; tells the parent that packets do arrive."""

    def __init__(self, out: BinaryIO, counts: Counts, check: Callable[[], None]) -> None:
        self._out, self._counts, self._check = out, counts, check
        self._clock, self._last_s = SystemClock(), 0.0

    def __call__(self) -> bool:
        """Send a beat when one is due; never stop."""
        now = self._clock.now()
        if now - self._last_s >= BEAT_S:
            self._last_s = now
            self._check()
            send(self._out, Note("beat", _progress(self._counts)))
        return False


def _progress(counts: Counts) -> dict[str, Any]:
    return {"decoded": counts.decoded, "corrupt": counts.corrupt}


def _facts(opened: Opened, live: bool) -> dict[str, Any]:
    return {
        "duration_s": None if live else opened.duration_s,
        "has_video": opened.video is not None,
        "has_audio": opened.audio is not None,
        "width": opened.video.width if opened.video else None,
        "height": opened.video.height if opened.video else None,
        "fps": opened.fps,
        "live": live,
    }


def _die_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
