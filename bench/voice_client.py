"""A caller on loopback WebRTC for the voice benchmark: it hears, and it knows when.

Times are seconds of one monotonic clock. A sample counts as said when its 20 ms packet is handed
to the sender, and as heard when its decoded packet comes out of aiortc's jitter buffer, which a
browser has as well.
"""

import asyncio
import json
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from voice_sounds import RATE_HZ, Sound

from omnilive.server.webrtc import ice

PACKET_S = 0.02
SAMPLES = round(RATE_HZ * PACKET_S)
LOUD = 10 ** (-45 / 20)  # RMS of a packet from which it counts as audible
HISS = 10 ** (-66 / 20)  # RMS of the noise that the microphone always hears


def encode(path: Path, clip: Path, seconds: float) -> None:
    """Write the pictures of a clip as 720p30 H.264 with a key picture each second."""
    options = {"preset": "veryfast", "tune": "zerolatency", "crf": "24", "g": "30"}
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.profile = "Baseline"
        with av.open(str(clip)) as file:
            count = 0
            for frame in file.decode(video=0):
                while count <= (frame.time or 0.0) * 30 and count < seconds * 30:
                    picture = frame.reformat(1280, 720, "yuv420p")
                    picture.pts, picture.time_base = count, Fraction(1, 30)
                    out.mux(stream.encode(picture))
                    count += 1
                if count >= seconds * 30:
                    break
        out.mux(stream.encode(None))


class Camera(MediaStreamTrack):
    """Coded pictures, each at its time, over and over."""

    kind = "video"

    def __init__(self, path: Path) -> None:
        super().__init__()
        with av.open(str(path)) as file:
            packets = [p for p in file.demux(video=0) if p.size]
            extra = file.streams.video[0].codec_context.extradata or b""
        self._packets = [bytes(p) for p in packets]
        assert self._packets and not extra.startswith(b"\x01"), "the clip must be Annex B"
        self._sent, self._start = 0, 0.0

    async def recv(self) -> av.Packet:
        self._start = self._start or time.monotonic()
        await asyncio.sleep(max(0.0, self._start + self._sent / 30 - time.monotonic()))
        packet = av.Packet(self._packets[self._sent % len(self._packets)])
        packet.pts, packet.time_base = self._sent * 3000, Fraction(1, 90000)
        self._sent += 1
        return packet


class Microphone(MediaStreamTrack):
    """A faint hiss, and what is said into it; knows when each sample was sent."""

    kind = "audio"

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._rng = np.random.default_rng(seed)
        self._pcm = np.zeros(0, np.float32)
        self._sent, self._start = 0, 0.0
        self._began: asyncio.Future[float] | None = None

    async def say(self, sound: Sound) -> tuple[float, float]:
        """Say it from the next packet on; return when its speech begins and will have ended."""
        self._began = asyncio.get_running_loop().create_future()
        self._pcm = sound.pcm
        start_t = await self._began
        first_s, last_s = sound.speech_s
        return start_t + first_s, start_t + last_s

    async def recv(self) -> av.AudioFrame:
        self._start = self._start or time.monotonic()
        await asyncio.sleep(max(0.0, self._start + self._sent * PACKET_S - time.monotonic()))
        if self._began is not None and not self._began.done():
            self._began.set_result(time.monotonic())
        part, self._pcm = self._pcm[:SAMPLES], self._pcm[SAMPLES:]
        samples = self._rng.normal(0, HISS, SAMPLES)
        samples[: len(part)] += part
        data = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(data[None], "s16", "mono")
        frame.sample_rate, frame.pts = RATE_HZ, self._sent * SAMPLES
        frame.time_base = Fraction(1, RATE_HZ)
        self._sent += 1
        return frame


class Caller:
    """One connection: a microphone, a camera, an ear, and the data channel's events."""

    def __init__(self, seed: int, clip: Path) -> None:
        self.microphone, self._camera = Microphone(seed), Camera(clip)
        self.heard: list[tuple[float, float, float]] = []  # time, length, RMS of each packet
        self.events: list[tuple[float, dict[str, Any]]] = []
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._tasks: list[asyncio.Task[None]] = []
        self._channel = self._pc.createDataChannel("oai-events")
        self._channel.on("message", self._on_message)
        self._pc.on("track", self._listen)

    async def call(self, http: httpx.AsyncClient, session: str) -> None:
        """Connect by WHIP."""
        camera = self._pc.addTransceiver(self._camera, "sendonly")
        able = RTCRtpSender.getCapabilities("video").codecs
        camera.setCodecPreferences([c for c in able if c.mimeType == "video/H264"])
        self._pc.addTransceiver(self.microphone, "sendrecv")
        with ice.loopback():
            await self._pc.setLocalDescription(await self._pc.createOffer())
        reply = await http.post(
            f"/v1/sessions/{session}/whip", content=self._pc.localDescription.sdp,
            headers={"Content-Type": "application/sdp"}, timeout=60,
        )  # fmt: skip
        assert reply.status_code == 201, reply.text
        await self._pc.setRemoteDescription(RTCSessionDescription(reply.text, "answer"))
        for _ in range(400):
            if self._is_open():
                return
            await asyncio.sleep(0.05)
        raise SystemExit("the peers did not connect")

    def _is_open(self) -> bool:
        return self._pc.connectionState == "connected" and self._channel.readyState == "open"

    async def close(self) -> None:
        """Hang up."""
        await self._pc.close()
        for task in self._tasks:
            task.cancel()

    def send(self, **event: Any) -> None:
        """Send an event of the Realtime protocol."""
        self._channel.send(json.dumps(event))

    def ask_typed(self, text: str) -> None:
        """Ask without a voice; the answer is spoken."""
        part = {"type": "input_text", "text": text}
        item = {"type": "message", "role": "user", "content": [part]}
        self.send(type="conversation.item.create", item=item)
        self.send(type="response.create")

    # what was heard

    def onset(self, after_t: float) -> float | None:
        """Return when the first audible packet after that time came, two in a row."""
        packets = [p for p in self.heard if p[0] > after_t]
        for (t, _, level), (_, _, following) in zip(packets, packets[1:], strict=False):
            if level > LOUD and following > LOUD:
                return t
        return None

    def last_sound(self, until_t: float = 1e12) -> float:
        """Return when the last audible packet before that time had been heard."""
        return max((t + s for t, s, level in self.heard if level > LOUD and t < until_t), default=0)

    def silence_from(self, after_t: float, least_s: float) -> float | None:
        """Return when a silence of at least `least_s` began after that time."""
        last = after_t
        for t, length, level in self.heard:
            if t < after_t:
                continue
            if t - last >= least_s:
                return last
            if level > LOUD:
                last = t + length
        return last if self.heard and self.heard[-1][0] - last >= least_s else None

    def told(self, type: str, after_t: float) -> list[tuple[float, dict[str, Any]]]:
        """Return the events of a type that came after that time."""
        return [(t, e) for t, e in self.events if e.get("type") == type and t >= after_t]

    async def until_onset(self, after_t: float, wait_s: float) -> float | None:
        """Wait for a sound."""
        for _ in range(round(wait_s / 0.05)):
            if (t := self.onset(after_t)) is not None:
                return t
            await asyncio.sleep(0.05)
        return None

    async def until_quiet(self, quiet_s: float, wait_s: float) -> None:
        """Wait until nothing was heard for so long and no response is being given."""
        limit = time.monotonic() + wait_s
        while time.monotonic() < limit:
            began = len(self.told("response.created", 0))
            is_over = len(self.told("response.done", 0)) >= began
            if is_over and time.monotonic() - self.last_sound() >= quiet_s:
                return
            await asyncio.sleep(0.05)

    def _on_message(self, message: str) -> None:
        self.events.append((time.monotonic(), json.loads(message)))

    def _listen(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._tasks.append(asyncio.create_task(self._hear(track)))

    async def _hear(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                now = time.monotonic()
                pcm = frame.to_ndarray().astype(np.float32) / 32768
                length_s = frame.samples / frame.sample_rate
                self.heard.append((now, length_s, float(np.sqrt(np.mean(pcm**2)))))
        except MediaStreamError:
            return
