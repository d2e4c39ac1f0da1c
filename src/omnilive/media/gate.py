"""A proxy inside the decoding child: FFmpeg's HTTP goes through it, redirections and all.

It looks every host up once, refuses what may not be reached, and connects to the very address
that it has checked, so that a name that changes its meaning in between changes nothing.
"""

import contextlib
import re
import socket
import threading
from urllib.parse import urlsplit

from omnilive.media.reach import Place, Reach

_HEAD_BYTES = 65536
_PIECE_BYTES = 65536
_HOP = re.compile(rb"(?im)^(proxy-)?connection:[^\r\n]*\r\n")


class Gate:
    """Listens on a loopback port of its own until the process ends."""

    def __init__(self, reach: Reach, timeout_s: float) -> None:
        self._reach, self._timeout_s = reach, timeout_s
        self.refused = ""  # why a connection was refused, the latest
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, name="media-gate", daemon=True).start()

    @property
    def url(self) -> str:
        """What FFmpeg is to be told as `http_proxy`."""
        return f"http://127.0.0.1:{self.port}/"

    def _accept(self) -> None:
        while True:
            client, _ = self._listening.accept()
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, ValueError):
            client.settimeout(self._timeout_s)
            head, rest = _head(client)
            method, target, _ = head.split(b" ", 2)
            try:
                is_tunnel = method == b"CONNECT"
                host, port = _place(target.decode("latin-1"), is_tunnel)
                server = self._connect(self._reach.resolve(host, port))
            except PermissionError as error:
                self.refused = str(error)
                client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            except OSError:
                client.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                return
            with server:
                if is_tunnel:
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    server.sendall(_forwarded(head) + rest)
                _join(client, server)

    def _connect(self, places: list[Place]) -> socket.socket:
        for i, place in enumerate(places):
            server = socket.socket(place.family, socket.SOCK_STREAM)
            server.settimeout(self._timeout_s)
            try:
                server.connect(place.address)
            except OSError:
                server.close()
                if i == len(places) - 1:
                    raise
            else:
                server.settimeout(None)  # FFmpeg and the parent watch over silence
                return server
        raise OSError("the host has no address")


def _head(client: socket.socket) -> tuple[bytes, bytes]:
    """Read a request up to its empty line; return it, and what came behind it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(_PIECE_BYTES)
        if not piece or len(data) > _HEAD_BYTES:
            raise ValueError("no request")
        data += piece
    client.settimeout(None)
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def _place(target: str, is_tunnel: bool) -> tuple[str, int]:
    parts = urlsplit(f"//{target}" if is_tunnel else target)
    return parts.hostname or "", parts.port or (443 if is_tunnel else 80)


def _forwarded(head: bytes) -> bytes:
    """Return the request as its server expects it: path alone, one request a connection."""
    line, _, headers = head.partition(b"\r\n")
    method, target, version = line.split(b" ", 2)
    parts = urlsplit(target.decode("latin-1"))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = b"Connection: close\r\n" + _HOP.sub(b"", headers)
    return b" ".join((method, path.encode("latin-1"), version)) + b"\r\n" + headers


def _join(client: socket.socket, server: socket.socket) -> None:
    """Pass bytes both ways until one side is over."""
    up = threading.Thread(target=_pump, args=(client, server), daemon=True)
    up.start()
    _pump(server, client)
    up.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(_PIECE_BYTES):
            sink.sendall(piece)
    except OSError:
        pass  # the other side has gone
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
