"""WHIP: a browser, OBS or another sender publishes its camera and microphone into a session,
and hears the assistant on the same connection. WHEP: others listen in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from omnilive.server.errors import Refusal
from omnilive.server.guard import is_loopback
from omnilive.server.routing import SESSION, errors
from omnilive.server.webrtc.peers import Peers, Way

router = APIRouter(tags=["webrtc"])
FRAGMENT_TYPE = "application/trickle-ice-sdpfrag"


def _peers(request: Request) -> Peers:
    return request.app.state.peers


PeersDep = Annotated[Peers, Depends(_peers)]
Label = Annotated[
    str, Query(max_length=64, pattern=r"^[\w .-]*$", description="name of the new source")
]


def _body(kind: str) -> dict[str, object]:
    content = {kind: {"schema": {"type": "string"}}}
    return {"requestBody": {"required": True, "content": content}}


_ANSWERED = {
    201: {
        "description": "the SDP answer; Location is the peer, Link names ICE servers",
        "content": {"application/sdp": {"schema": {"type": "string"}}},
    }
}
_OFFER, _FRAGMENT = _body("application/sdp"), _body(FRAGMENT_TYPE)
_ERRORS = _ANSWERED | errors(409, 413, 415, 429, 503, 507)


@router.post(
    SESSION + "/whip", status_code=201, response_class=Response, responses=_ERRORS,
    openapi_extra=_OFFER,
)  # fmt: skip
async def publish(id: str, request: Request, peers: PeersDep, label: Label = "") -> Response:
    """Send pictures and sound into the session by WebRTC; the body is an SDP offer.

    Media that the offer can receive carry the assistant's voice. A data channel named
    `oai-events` speaks the Realtime protocol.
    """
    return await _connect("whip", id, request, peers, label)


@router.post(
    SESSION + "/whep", status_code=201, response_class=Response, responses=_ERRORS,
    openapi_extra=_OFFER,
)  # fmt: skip
async def play(id: str, request: Request, peers: PeersDep) -> Response:
    """Hear by WebRTC what the assistant says in the session, and see its newest picture, a few
    times a second; the body is an SDP offer that receives."""
    return await _connect("whep", id, request, peers, "")


@router.delete(SESSION + "/whip/{peer}", status_code=204, responses=errors())
async def unpublish(id: str, peer: str, peers: PeersDep) -> Response:
    """End a peer; what it sent is kept."""
    await peers.find("whip", id, peer).close()
    return Response(status_code=204)


@router.delete(SESSION + "/whep/{peer}", status_code=204, responses=errors())
async def stop_playing(id: str, peer: str, peers: PeersDep) -> Response:
    """End a listener."""
    await peers.find("whep", id, peer).close()
    return Response(status_code=204)


@router.patch(
    SESSION + "/whip/{peer}", status_code=204, responses=errors(415), openapi_extra=_FRAGMENT
)
async def trickle(id: str, peer: str, request: Request, peers: PeersDep) -> Response:
    """Add ICE candidates to a peer, as an SDP fragment. ICE restarts are refused with 422."""
    return await _trickle("whip", id, peer, request, peers)


@router.patch(
    SESSION + "/whep/{peer}", status_code=204, responses=errors(415), openapi_extra=_FRAGMENT
)
async def trickle_listener(id: str, peer: str, request: Request, peers: PeersDep) -> Response:
    """Add ICE candidates to a listener, as an SDP fragment."""
    return await _trickle("whep", id, peer, request, peers)


async def _connect(way: Way, session: str, request: Request, peers: Peers, label: str) -> Response:
    kind = request.headers.get("content-type", "")
    local = request.client is None or is_loopback(request.client.host)
    peer, answer = await peers.connect(
        way, session, kind, await request.body(), label=label, local=local
    )
    response = Response(answer, 201, media_type="application/sdp")
    response.headers["Location"] = f"/v1/sessions/{session}/{way}/{peer.id}"
    for link in peers.ice_links():
        response.headers.append("Link", link)
    return response


async def _trickle(way: Way, session: str, id: str, request: Request, peers: Peers) -> Response:
    peer = peers.find(way, session, id)
    if request.headers.get("content-type", "").partition(";")[0].strip() != FRAGMENT_TYPE:
        raise Refusal(415, "media_type", f"send ICE candidates as {FRAGMENT_TYPE}")
    try:
        await peer.add_candidates((await request.body()).decode())
    except UnicodeDecodeError as error:
        raise Refusal(400, "candidate", "the fragment is not UTF-8 text") from error
    return Response(status_code=204)
