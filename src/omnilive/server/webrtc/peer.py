"""One WebRTC connection, from its offer to its end; whatever ends it, everything is freed."""

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from aiortc import (
    RTCDataChannel,
    RTCIceCandidate,
    RTCPeerConnection,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.sdp import candidate_from_sdp

from omnilive.core.events import VideoFrame
from omnilive.server.errors import Refusal
from omnilive.server.line import Line
from omnilive.server.openai.realtime import RealtimeProtocol
from omnilive.server.openai.speaker import Speaker as Unheard
from omnilive.server.webrtc import ice
from omnilive.server.webrtc.intake import ShortQueue, bound, drain, widen
from omnilive.server.webrtc.offer import Offer
from omnilive.server.webrtc.offer import read_offer as read_offer
from omnilive.server.webrtc.report import Report, report
from omnilive.server.webrtc.speaker import RATE_HZ, Speaker
from omnilive.server.webrtc.window import Window

if TYPE_CHECKING:
    from omnilive.server.hub import Hub

logger = logging.getLogger(__name__)
LOOK_S = 1.0  # how often a peer is looked after
CHANNEL = "oai-events"  # as OpenAI names it
MOST_UNSENT = 4 * 2**20  # bytes that may wait for a client to read them
MOST_CANDIDATES = 100  # of a peer: each one is an address that is tried
CLOSE_S = 5.0  # longest wait for a connection to close by itself


class Peer:
    """A caller (whip) or a listener (whep) of one session. Lives on the event loop."""

    def __init__(
        self, hub: "Hub", session: str, way: Literal["whip", "whep"], offer: Offer, label: str
    ) -> None:
        self.id = secrets.token_urlsafe(9)
        self.session, self.way = session, way
        self.label = label or f"{way}-{self.id}"
        self.line: Line | None = None
        self.candidate_count = 0  # that came after the offer
        self.report = Report()
        self.speaker = Speaker() if offer.hears_in is not None else None
        self._hub, self._offer, self._server = hub, offer, hub.server
        self._pc = RTCPeerConnection(ice.configuration(hub.server.ice_servers))
        self._waiting: list[ShortQueue] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._held = ExitStack()
        self._changed = asyncio.Event()
        self._channel: RTCDataChannel | None = None
        self._protocol = RealtimeProtocol(
            self._send, self._its_line, session=session, dialogue=hub.config.dialogue,
            sound="tracks", voice=hub.config.speech.voice,
            responses_per_minute=hub.server.asks_per_minute,
        )  # fmt: skip
        self._closing: asyncio.Task[None] | None = None
        self._after: list[Callable[[], object]] = []

    async def connect(self, *, local: bool) -> str:
        """Open what the peer is for and return the SDP answer; the connection follows by itself."""
        answer = await self._negotiate()
        if self.way == "whip":
            self.line = await Line.open(
                self._hub, self.session, label=self.label, has_video=self._offer.sends_video,
                has_audio=self._offer.sends_audio, output=self.speaker or Unheard(RATE_HZ),
                tell=self._protocol.tell,
            )  # fmt: skip
            self.line.connection = self.report
            await self._protocol.line()
            self._pc.on("datachannel", self._speak_protocol)
        elif self.speaker is not None:
            self._held.enter_context(self._hub.lines.hearing(self.session, self.speaker))
        self._take_in()
        self._pc.on("connectionstatechange", self._changed.set)
        with ice.loopback() if local else nullcontext():
            await self._pc.setLocalDescription(answer)
        widen(self._pc)
        self._tasks.append(asyncio.create_task(self._look_after()))
        return self._pc.localDescription.sdp

    async def add_candidates(self, fragment: str) -> None:
        """Take the ICE candidates of an SDP fragment. Refuses: 400 unreadable, 422 restarts."""
        mid: str | None = None
        for line in fragment.splitlines():
            name, _, value = line.strip().removeprefix("a=").partition(":")
            if name == "ice-ufrag" and f"a=ice-ufrag:{value}" not in self._offer.sdp:
                raise Refusal(422, "ice_restart", "ICE restarts are not served: connect anew")
            if name == "mid":
                mid = value
            elif name == "candidate":
                if self.candidate_count >= MOST_CANDIDATES:
                    raise Refusal(422, "candidate", f"more than {MOST_CANDIDATES} candidates")
                await self._pc.addIceCandidate(_candidate(value, mid or self._offer.first_mid))
                self.candidate_count += 1
            elif name == "end-of-candidates":
                await self._pc.addIceCandidate(None)

    def on_closed(self, then: Callable[[], object]) -> None:
        """Call `then` when the peer is over."""
        self._after.append(then)

    async def close(self) -> None:
        """End the connection and all that hangs on it; may be called any number of times."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _negotiate(self) -> RTCSessionDescription:
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(self._offer.sdp, "offer"))
            for transceiver in self._pc.getTransceivers():
                self._answer(transceiver)
            return await self._pc.createAnswer()
        except Exception as error:  # the library's own, and what its parser lets through
            reason = str(error) or type(error).__name__
            raise Refusal(422, "sdp", f"the offer cannot be answered: {reason}") from error

    def _answer(self, transceiver: RTCRtpTransceiver) -> None:
        """Say what is done with one media line."""
        is_heard = self.speaker is not None and transceiver.mid == self._offer.hears_in
        is_seen = self.way == "whep" and transceiver.mid == self._offer.looks_in
        if is_heard:
            transceiver.sender.replaceTrack(self.speaker)
        if is_seen:
            transceiver.sender.replaceTrack(Window(lambda: newest_of(self._hub, self.session)))
        takes = self.way == "whip"
        transceiver.direction = {
            (True, True): "sendrecv", (True, False): "recvonly", (False, True): "sendonly",
        }.get((takes, is_heard or is_seen), "inactive")  # fmt: skip

    def _take_in(self) -> None:
        """Drain every track, also those that nobody perceives, which would pile up."""
        seen: set[str] = set()
        for receiver in self._pc.getReceivers():
            track = receiver.track
            if track is None:
                continue
            self._waiting.append(bound(receiver))
            source = self.line.source if self.line and track.kind not in seen else None
            seen.add(track.kind)
            self._tasks.append(asyncio.create_task(drain(track, source)))

    def _speak_protocol(self, channel: RTCDataChannel) -> None:
        """Let a data channel of the right name carry the Realtime protocol."""
        if channel.label != CHANNEL or self._channel is not None:
            return
        self._channel = channel
        channel.on("message", self._protocol.handle)
        self._tasks.append(asyncio.create_task(self._protocol.run()))
        self._protocol.start()

    def _send(self, event: dict[str, Any]) -> None:
        """Send an event to the client, if it has a channel; one that never reads is let go."""
        channel = self._channel
        if channel is None or channel.readyState != "open":
            return
        if channel.bufferedAmount > MOST_UNSENT:
            logger.warning("peer %s does not read what it is told", self.id)
            self._closing = self._closing or asyncio.create_task(self._close())
            return
        channel.send(json.dumps(event, ensure_ascii=False))

    async def _its_line(self, _: RealtimeProtocol) -> Line:
        assert self.line is not None
        return self.line

    async def _look_after(self) -> None:
        """Return and close when the peer is gone: failed, closed, silent, or never there."""
        why = await self._until_gone()
        level = logging.INFO if why == "closed" else logging.WARNING
        logger.log(level, "peer %s of session %s is over: %s", self.id, self.session, why)
        # Not awaited: closing waits for this task.
        self._closing = self._closing or asyncio.create_task(self._close())

    async def _until_gone(self) -> str:
        silent_s = waited_s = 0.0
        while True:
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._changed.wait()
            state, before = self._pc.connectionState, self.report.packets_received
            if state in ("failed", "closed"):
                return state
            if self.line is not None and self.line.ended.is_set():
                return "its source was stopped"
            await report(self._pc, self._waiting, self.report)
            silent_s = 0.0 if self.report.packets_received > before else silent_s + LOOK_S
            waited_s = 0.0 if state == "connected" else waited_s + LOOK_S
            if waited_s > self._server.peer_connect_s:
                return "it did not connect"
            if state == "connected" and silent_s > self._server.peer_silent_s:
                return "nothing came any more"

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._held.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._pc.close()
        except Exception:  # of the library; the rest must be freed all the same
            logger.exception("peer %s did not close cleanly", self.id)
        try:
            await self._protocol.close()
            if self.line is not None:
                await self.line.close()
        finally:
            for then in self._after:
                then()


def newest_of(hub: "Hub", session: str) -> VideoFrame | None:
    """Return the newest picture of any of the session's sources."""
    running = hub.running.get(session)
    found = [w.pipeline.newest for w in running.watches.values()] if running else []
    return max((p for p in found if p is not None), key=lambda p: p.t, default=None)


def _candidate(text: str, mid: str) -> RTCIceCandidate:
    try:
        candidate = candidate_from_sdp(text)
    except (AssertionError, ValueError, IndexError) as error:
        raise Refusal(400, "candidate", f"{text!r} is no ICE candidate") from error
    candidate.sdpMid = mid
    return candidate
