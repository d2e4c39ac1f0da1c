"""Where the server listens: opened before anything else, so that what is wrong is said at once."""

import errno
import socket
from typing import Any

from omnilive.core.errors import ConfigError
from omnilive.server.guard import is_loopback

_REASONS = {
    errno.EADDRINUSE: "is in use: stop the other server, or choose another port with --port",
    errno.EACCES: "may not be used by this user: choose a port above 1023 with --port",
    errno.EADDRNOTAVAIL: "is no address of this machine: choose another one with --host",
}


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. ConfigError when that is not possible."""
    if not 0 <= port <= 65535:
        raise ConfigError(f"port {port} is out of range: choose one from 1 to 65535")
    family, address = _resolve(host, port)
    try:
        return socket.create_server(address, family=family, backlog=128)
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"cannot be listened on ({error.strerror})")
        raise ConfigError(f"{host} port {port} {reason}") from error


def is_private(listening: socket.socket) -> bool:
    """Tell whether only this machine can reach a socket."""
    return is_loopback(str(listening.getsockname()[0]))


def web_address(host: str, listening: socket.socket) -> str:
    """Return what to type into a browser on this machine."""
    port = listening.getsockname()[1]
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    try:
        if not host:
            raise socket.gaierror("no host is given")
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{host!r} is no address to listen on: try 127.0.0.1") from error
    # IPv4 first: "localhost" is expected to mean 127.0.0.1.
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, address
