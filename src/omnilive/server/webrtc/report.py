"""How a peer's connection is doing, in few figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiortc import RTCPeerConnection

from omnilive.server.webrtc.intake import ShortQueue

_CLOCK_HZ = {"audio": 48000, "video": 90000}


@dataclass(slots=True)
class Report:
    """The newest figures; the counts are since the peer connected."""

    state: str = "new"
    packets_received: int = 0  # of any kind, also reports: a sign of life
    packets_lost: int = 0  # of pictures and sound, as their numbers tell
    dropped: int = 0  # coded pictures and sounds that the decoder was too slow for
    jitter_s: float = 0.0  # the worst track's
    round_trip_s: float | None = None  # known once the client reports on sound that it was sent

    def as_json(self) -> dict[str, Any]:
        """Return the public JSON form."""
        rtt_s = self.round_trip_s
        return {
            "state": self.state,
            "packets_received": self.packets_received,
            "packets_lost": self.packets_lost,
            "dropped": self.dropped,
            "jitter_s": round(self.jitter_s, 4),
            "round_trip_s": None if rtt_s is None else round(rtt_s, 4),
        }


async def report(pc: RTCPeerConnection, waiting: Sequence[ShortQueue], into: Report) -> None:
    """Bring the figures up to date."""
    stats = list((await pc.getStats()).values())
    inbound = [s for s in stats if s.type == "inbound-rtp"]
    into.state = pc.connectionState
    into.packets_received = sum(s.packetsReceived for s in stats if s.type == "transport")
    into.packets_lost = sum(max(0, s.packetsLost) for s in inbound)
    into.dropped = sum(queue.dropped for queue in waiting)
    into.jitter_s = max((s.jitter / _CLOCK_HZ[s.kind] for s in inbound), default=0.0)
    trips_s = [s.roundTripTime for s in stats if s.type == "remote-inbound-rtp"]
    known_s = [trip_s for trip_s in trips_s if trip_s is not None]
    into.round_trip_s = max(known_s, default=into.round_trip_s)
