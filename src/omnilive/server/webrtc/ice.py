"""How peers find each other: ICE servers of the settings, and loopback where nothing else is."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import aioice.ice
from aiortc import RTCConfiguration, RTCIceServer

from omnilive.server.config import IceServer

_wants_loopback: ContextVar[bool] = ContextVar("wants_loopback", default=False)
Addresses = Callable[[bool, bool], list[str]]


def configuration(servers: Sequence[IceServer]) -> RTCConfiguration:
    """Return the settings of a peer connection; with no servers, none is asked."""
    return RTCConfiguration(
        iceServers=[
            RTCIceServer(
                urls=list(server.urls),
                username=server.username or None,
                credential=server.credential.get_secret_value() or None,
            )
            for server in servers
        ]
    )


def links(servers: Sequence[IceServer]) -> list[str]:
    """Return the values of the Link headers that tell a WHIP or WHEP client of ICE servers."""
    return [_link(server, url) for server in servers for url in server.urls]


@contextmanager
def loopback() -> Iterator[None]:
    """Offer this machine's loopback address to a peer that is on this machine itself.

    aioice leaves it out. Without any other address it is offered in any case.
    """
    token = _wants_loopback.set(True)
    try:
        yield
    finally:
        _wants_loopback.reset(token)


def _link(server: IceServer, url: str) -> str:
    parts = [f'<{url}>; rel="ice-server"']
    if server.username:
        credential = server.credential.get_secret_value()
        parts += [f'username="{server.username}"', f'credential="{credential}"']
        parts.append('credential-type="password"')
    return "; ".join(parts)


def _with_loopback(find: Addresses) -> Addresses:
    def find_all(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        found = find(use_ipv4, use_ipv6)
        if use_ipv4 and (_wants_loopback.get() or not found):
            return [*found, "127.0.0.1"]
        return found

    return find_all


# One answer in half a second, or it counts as refused, and six of those end the connection: a
# browser on a busy machine is slower than that. Who sends nothing at all is let go by the peer.
aioice.ice.CONSENT_FAILURES = 24
aioice.ice.get_host_addresses = _with_loopback(aioice.ice.get_host_addresses)
