"""Which addresses a stream may lead to: not this machine and its neighbours, where so set."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from omnilive.core.errors import SourceError
from omnilive.core.masking import masked
from omnilive.media.base import MediaConfig

PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443, "srt": 0}
_PINNED = ("rtsp", "srt")  # nothing in these depends on the name of the host
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Place(NamedTuple):
    """An address that was found for a host, as `socket` wants it."""

    family: int
    address: Any

    @property
    def ip(self) -> str:
        """The address alone."""
        return str(self.address[0])


def is_public(ip: str) -> bool:
    """Tell whether an address can be of no one near: not private, loopback, link-local or odd."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class Reach:
    """The rule of one source: public addresses, and the private networks that are allowed."""

    def __init__(self, config: MediaConfig) -> None:
        self._networks = [ipaddress.ip_network(text, strict=False) for text in config.networks]

    def allows(self, ip: str) -> bool:
        """Tell whether a stream may lead to an address."""
        try:
            address = ipaddress.ip_address(ip.partition("%")[0])
        except ValueError:
            return False
        return is_public(ip) or any(address in network for network in self._networks)

    def resolve(self, host: str, port: int) -> list[Place]:
        """Return the addresses of a host; PermissionError when one of them is not allowed.

        OSError when there is no such host.
        """
        found = socket.getaddrinfo(host, port or None, type=socket.SOCK_STREAM)
        places = [Place(family, address) for family, _, _, _, address in found]
        for place in places:
            if not self.allows(place.ip):
                raise PermissionError(refusal(host))
        return places

    def pinned(self, url: str) -> str:
        """Return the URL with the address that was checked in place of the host's name.

        SourceError when it leads to an address that is not allowed. Where the name matters to
        the server it stays: HTTP goes through the gate, for the rest see `check_peers`.
        """
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        try:
            host, port = parts.hostname or "", parts.port or PORTS[scheme]
            places = self.resolve(host, port)
        except PermissionError as error:
            raise SourceError(masked(url), str(error)) from error
        except (OSError, ValueError) as error:
            reason = "host not found: check the address and the network"
            raise SourceError(masked(url), reason) from error
        if scheme not in _PINNED:
            return url
        ip = places[0].ip
        login, at, _ = parts.netloc.rpartition("@")
        stated = f":{parts.port}" if parts.port else ""
        netloc = f"{login}{at}{f'[{ip}]' if ':' in ip else ip}{stated}"
        return urlunsplit(parts._replace(netloc=netloc))

    def check_peers(self, gate_port: int) -> None:
        """Cut a connection of this process to where it may not be, and raise PermissionError.

        The last word, for what FFmpeg resolves or is redirected to by itself (RTSP and RTMP): a
        connection may have been tried by then, but nothing that came over it is handed on.
        """
        for connection, own, peer in _connections():
            is_gate = gate_port in (own[1], peer[1]) and peer[0] in ("127.0.0.1", "::1")
            if not is_gate and not self.allows(str(peer[0])):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                raise PermissionError(refusal("a redirection or a name"))


def refusal(what: str) -> str:
    """Say why an address is not connected to, and what would allow it."""
    return (
        f"{what} leads to a private or local address, which clients of this server may not "
        "watch: server.allow_private_sources=true allows all of them, server.source_networks "
        "some"
    )


def _connections() -> Iterator[tuple[socket.socket, Any, Any]]:
    """Yield every connected socket of this process, its own address and its peer's."""
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
    for name in os.listdir(folder):
        try:
            copy = socket.socket(fileno=os.dup(int(name)))
        except (OSError, ValueError):
            continue  # not a socket, or closed meanwhile
        with closing(copy):
            try:
                if copy.family not in (socket.AF_INET, socket.AF_INET6):
                    continue
                own, peer = copy.getsockname(), copy.getpeername()
            except OSError:
                continue  # not connected
            yield copy, own, peer
