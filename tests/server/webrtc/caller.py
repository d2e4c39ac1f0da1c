"""A WebRTC client for tests: sends ready-made packets, so that it costs next to nothing."""

import asyncio
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.video.frame import VideoFrame

from omnilive.server.webrtc import ice

SDP = {"Content-Type": "application/sdp"}


class Clip(MediaStreamTrack):
    """A clip's coded pictures, each at its time, over and over."""

    kind = "video"

    def __init__(self, path: Path) -> None:
        super().__init__()
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            packets = [p for p in container.demux(stream) if p.size]
            self._rate = float(stream.average_rate or 25)
        self._packets = [bytes(packet) for packet in packets]
        self._sent = 0
        self._start = 0.0

    async def recv(self) -> Packet:
        loop = asyncio.get_running_loop()
        self._start = self._start or loop.time()
        await asyncio.sleep(self._start + self._sent / self._rate - loop.time())
        packet = Packet(self._packets[self._sent % len(self._packets)])
        packet.time_base = Fraction(1, 90000)
        packet.pts = round(self._sent / self._rate * 90000)
        self._sent += 1
        return packet


class Voice(MediaStreamTrack):
    """Sound that the test hands in, 20 ms at a time; silence where there is none."""

    kind = "audio"

    def __init__(self, rate_hz: int = 48000) -> None:
        super().__init__()
        self._rate_hz, self._size = rate_hz, rate_hz // 50
        self._pcm = np.zeros(0, np.float32)
        self._sent, self._start = 0, 0.0

    def say(self, pcm: np.ndarray) -> None:
        """Queue (S,) float32 samples."""
        self._pcm = np.concatenate([self._pcm, pcm])

    async def recv(self) -> AudioFrame:
        loop = asyncio.get_running_loop()
        self._start = self._start or loop.time()
        await asyncio.sleep(self._start + self._sent / 50 - loop.time())
        part, self._pcm = self._pcm[: self._size], self._pcm[self._size :]
        samples = np.zeros(self._size, np.int16)
        samples[: len(part)] = (part * 32767).astype(np.int16)
        frame = AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.sample_rate, frame.pts = self._rate_hz, self._sent * self._size
        frame.time_base = Fraction(1, self._rate_hz)
        self._sent += 1
        return frame


def codecs(kind: str, name: str) -> list[Any]:
    able = RTCRtpSender.getCapabilities(kind)
    return [codec for codec in able.codecs if codec.mimeType.lower() == f"{kind}/{name}"]


class Caller:
    """One peer connection to the server, by WHIP or WHEP."""

    def __init__(self, http: httpx.AsyncClient, path: str, way: str = "whip") -> None:
        self._http, self._address = http, f"/v1/sessions{path}/{way}"
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.location = ""
        self.heard: list[np.ndarray] = []  # 48 kHz
        self.seen: list[np.ndarray] = []
        self.messages: list[Any] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.pc.on("track", self._listen)

    async def call(
        self,
        tracks: Sequence[MediaStreamTrack] = (),
        hears: bool = False,
        sees: bool = False,
        **params: Any,
    ) -> httpx.Response:
        """Offer the tracks and connect; return the server's answer."""
        for track in tracks:
            both = hears and track.kind == "audio"
            transceiver = self.pc.addTransceiver(track, "sendrecv" if both else "sendonly")
            if track.kind == "video":
                transceiver.setCodecPreferences(codecs("video", "h264"))
        if hears and not any(track.kind == "audio" for track in tracks):
            self.pc.addTransceiver("audio", "recvonly")
        if sees:
            self.pc.addTransceiver("video", "recvonly")
        with ice.loopback():
            await self.pc.setLocalDescription(await self.pc.createOffer())
        sdp = self.pc.localDescription.sdp
        response = await self._http.post(
            self._address, content=sdp, headers=SDP, params=params, timeout=30
        )
        if response.status_code == 201:
            self.location = response.headers["location"]
            answer = RTCSessionDescription(response.text, "answer")
            await self.pc.setRemoteDescription(answer)
            await self.connected()
        return response

    async def connected(self) -> None:
        async with asyncio.timeout(15):
            while self.pc.connectionState != "connected":
                assert self.pc.connectionState not in ("failed", "closed")
                await asyncio.sleep(0.02)

    async def hang_up(self) -> None:
        """Go in good order."""
        assert (await self._http.delete(self.location)).status_code == 204
        await self.vanish()

    async def vanish(self) -> None:
        """Free what is on this side; the server is told by DTLS only."""
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def sound(self) -> np.ndarray:
        return np.concatenate(self.heard) if self.heard else np.zeros(0, np.float32)

    def _listen(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._hear(track)))

    async def _hear(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                if isinstance(frame, VideoFrame):
                    self.seen.append(frame.to_ndarray(format="rgb24"))
                if isinstance(frame, AudioFrame):
                    samples = frame.to_ndarray().reshape(-1, frame.layout.nb_channels)
                    self.heard.append(samples.mean(axis=1).astype(np.float32) / 32768)
        except MediaStreamError:
            return
