"""The WebRTC peers of this process: how many there may be, and how each is found and ended.

Nothing here imports aiortc before the first peer comes, so that a server starts at once.
"""

import asyncio
import ctypes
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

from starlette.concurrency import run_in_threadpool

from omnilive.server.errors import Refusal
from omnilive.server.limits import refuse_full

if TYPE_CHECKING:
    from omnilive.server.hub import Hub
    from omnilive.server.webrtc.peer import Peer

Way = Literal["whip", "whep"]


class Peers:
    """Every peer that is connected or connecting. Lives on the event loop."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._peers: dict[str, Peer] = {}
        self._coming = 0  # offers that are being answered

    def __len__(self) -> int:
        return len(self._peers)

    async def connect(
        self, way: Way, session: str, content_type: str, body: bytes, *, label: str, local: bool
    ) -> "tuple[Peer, str]":
        """Answer an offer; return the peer and the SDP. `local`: it comes from this machine.

        Raises Refusal for offers that cannot be served, and what `Line.open` does.
        """
        await self._hub.check_free(session)
        async with self._place():
            webrtc = await run_in_threadpool(_webrtc)
            offer = webrtc.read_offer(content_type, body)
            if way == "whep" and offer.hears_in is None and offer.looks_in is None:
                raise Refusal(422, "sdp", "the offer receives nothing: WHEP is for playing")
            peer = webrtc.Peer(self._hub, session, way, offer, label)
            try:
                answer = await peer.connect(local=local)
                self._peers[peer.id] = peer
                peer.on_closed(lambda: self._forget(peer.id))
            except BaseException:
                await peer.close()
                raise
        return peer, answer

    def find(self, way: Way, session: str, id: str) -> "Peer":
        """Return a peer; Refusal 404 when there is none of this name, way and session."""
        peer = self._peers.get(id)
        if peer is None or (peer.way, peer.session) != (way, session):
            raise Refusal(404, "unknown_peer", f"there is no {way} peer {id!r}: it may be gone")
        return peer

    def ice_links(self) -> list[str]:
        """Return the Link headers that tell a client of ICE servers."""
        return _webrtc().ice.links(self._hub.server.ice_servers)

    def all(self) -> "list[Peer]":
        """Return every peer."""
        return list(self._peers.values())

    async def close(self) -> None:
        """End every peer."""
        await asyncio.gather(*(peer.close() for peer in self.all()))

    def _forget(self, id: str) -> None:
        self._peers.pop(id, None)
        if not self._peers:
            asyncio.get_running_loop().run_in_executor(None, give_back_memory)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        count = len(self._peers) + self._coming
        refuse_full(count, self._hub.server.peers_max, "WebRTC peers", "peers_max")
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1


def give_back_memory() -> None:
    """Return what the C library keeps of freed memory to the system, where it can do that.

    Decoders run on threads that end with their call; what they freed stays in the arenas of those
    threads, so that calls that come and go look like a leak.
    """
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def _webrtc() -> Any:
    """Import on a thread: it loads the libraries of media and of encryption."""
    from omnilive.server.webrtc import peer

    return peer
