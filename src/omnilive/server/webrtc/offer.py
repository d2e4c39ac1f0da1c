"""An SDP offer: what its sender wants to send and hear, or why it cannot be served."""

from dataclasses import dataclass
from typing import Any

from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.sdp import SessionDescription

from omnilive.server.errors import Refusal

SDP_TYPE = "application/sdp"
MOST_LINES = 8  # media lines: each one costs a decoder and a thread


@dataclass(frozen=True, slots=True)
class Offer:
    """What an SDP offer holds. Directions are the sender's: it sends, it hears, it looks.

    `hears_in` and `looks_in` name the first media line (mid) in which it can receive, if any.
    """

    sdp: str
    first_mid: str
    sends_audio: bool
    sends_video: bool
    hears_in: str | None
    looks_in: str | None


def read_offer(content_type: str, body: bytes) -> Offer:
    """Parse and check an offer. Refuses: 415 no SDP, 400 unreadable SDP, 422 of no use here."""
    if content_type.partition(";")[0].strip().lower() != SDP_TYPE:
        raise Refusal(415, "media_type", f"send an SDP offer as {SDP_TYPE}")
    media = _media(body)
    if not media:
        raise Refusal(422, "sdp", "the offer has no media: offer audio or video")
    if len(media) > MOST_LINES:
        raise Refusal(422, "sdp", f"the offer has more than {MOST_LINES} media lines")
    for line in media:
        _check(line)
    offer = Offer(
        sdp=body.decode(),
        first_mid=media[0].rtp.muxId,
        sends_audio=_first(media, "audio", "send") is not None,
        sends_video=_first(media, "video", "send") is not None,
        hears_in=_first(media, "audio", "recv"),
        looks_in=_first(media, "video", "recv"),
    )
    hears, looks = offer.hears_in is not None, offer.looks_in is not None
    if not (offer.sends_audio or offer.sends_video or hears or looks):
        raise Refusal(422, "sdp", "the offer neither sends nor receives audio or video")
    return offer


def _media(body: bytes) -> list[Any]:
    try:
        text = body.decode()
        if not text.startswith("v=0"):
            raise ValueError("it does not begin with v=0")
        return SessionDescription.parse(text).media
    except Exception as error:  # the parser of the library meets anything: KeyError, AssertionError
        reason = str(error) or type(error).__name__
        raise Refusal(400, "sdp", f"the body is no SDP that can be read: {reason}") from error


def _check(media: Any) -> None:
    if media.kind not in ("audio", "video", "application"):
        raise Refusal(422, "sdp", f"media of kind {media.kind!r} cannot be received")
    if media.dtls is None or not media.dtls.fingerprints:
        raise Refusal(422, "sdp", "the offer has no DTLS fingerprint: plain RTP is not received")
    if media.ice is None or not (media.ice.usernameFragment and media.ice.password):
        raise Refusal(422, "sdp", "the offer has no ICE user and password")
    if media.kind != "application":
        able = RTCRtpReceiver.getCapabilities(media.kind)
        known = {codec.mimeType.lower() for codec in (able.codecs if able else ())}
        offered = {codec.mimeType.lower() for codec in media.rtp.codecs}
        if not offered & known:
            names = ", ".join(sorted(name.split("/")[1] for name in known if "rtx" not in name))
            raise Refusal(422, "sdp", f"no {media.kind} codec in common: offer one of {names}")


def _first(media: list[Any], kind: str, word: str) -> str | None:
    """Return the mid of the first line that sends or receives this kind."""
    wanted = (None, "sendrecv", word + "only")
    return next((m.rtp.muxId for m in media if m.kind == kind and m.direction in wanted), None)
