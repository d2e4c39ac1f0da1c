"""Several sessions at once over WebRTC, and calls that come and go, against a real server.

    python bench/sessions.py [--sessions 4] [--seconds 60] [--cycle-minutes 0] [--set NAME=VALUE]

A separate `omnilive serve` process with its default models takes in the repository's sample
(examples/sample.mp4) at 640x360, 25 pictures a second, with its sound, once for each session; each
begins at another place of it. The packets are coded beforehand, so that sending costs next to
nothing. Reported are, for each session: how far perception is behind, sampled twice a second;
pictures skipped; packets lost; how far it came. With --cycle-minutes, calls then come and go
for that long; the server's memory, descriptors and threads before, during and after are reported.
"""

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import psutil
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from common import ROOT, report, spread

from omnilive.server.webrtc import ice

FPS = 25
HOLD_S = 2.0  # how long a call lasts that comes and goes
SETTLE_S = 10.0  # memory that moves by less than 1 MiB in this time is steady


@contextmanager
def server(sets: list[str]) -> Iterator[tuple[str, psutil.Process]]:
    """Run `omnilive serve` with a home of its own; give its address and process."""
    from omnilive.core.paths import home

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "models").symlink_to(home() / "models")
        log = Path(folder) / "log"
        command = [sys.executable, "-m", "omnilive", "serve", "--port", "0"]
        command += [f"--set={setting}" for setting in sets]
        env = {**os.environ, "OMNILIVE_HOME": folder}
        with log.open("w") as out:
            process = subprocess.Popen(command, env=env, stdout=out, stderr=out)
            try:
                yield _address(process, log), psutil.Process(process.pid)
            finally:
                process.terminate()
                process.wait(30)
                lines = [line for line in log.read_text().splitlines() if "serves on" not in line]
                print("\n".join(lines[-20:]), file=sys.stderr)


def _address(process: subprocess.Popen[Any], log: Path) -> str:
    for _ in range(300):
        time.sleep(0.1)
        for word in log.read_text().split():
            if word.startswith("http://127.0.0.1:"):
                return word.rstrip("/.,")
        if process.poll() is not None:
            break
    raise SystemExit(f"the server did not start:\n{log.read_text()}")


def coded(path: Path) -> tuple[list[bytes], list[bytes]]:
    """Return the sample as H.264 pictures (a key picture each second) and 20 ms Opus packets."""
    options = {"preset": "veryfast", "tune": "zerolatency", "crf": "24", "g": str(FPS)}
    with av.open(str(path / "clip.h264"), "w") as out, av.open(str(path / "clip.ogg"), "w") as ogg:
        video = out.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        video.profile = "Baseline"
        audio = ogg.add_stream("libopus", rate=48000, layout="mono")
        resampler, count = av.AudioResampler("s16", "mono", 48000), 0
        with av.open(str(ROOT / "examples" / "sample.mp4")) as sample:
            for frame in sample.decode():
                if isinstance(frame, av.AudioFrame):
                    for sound in resampler.resample(frame):
                        ogg.mux(audio.encode(sound))
                    continue
                picture = frame.reformat(640, 360, "yuv420p")
                while count <= (frame.time or 0.0) * FPS:
                    picture.pts, picture.time_base = count, Fraction(1, FPS)
                    out.mux(video.encode(picture))
                    count += 1
        out.mux(video.encode(None))
        ogg.mux(audio.encode(None))
    return _packets(path / "clip.h264"), _packets(path / "clip.ogg")


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux() if packet.size]


class Coded(MediaStreamTrack):
    """Coded packets at a steady rate, over and over, from the `first` on."""

    def __init__(self, kind: str, packets: list[bytes], per_s: int, first_s: float) -> None:
        super().__init__()
        self.kind = kind
        self._packets, self._per_s = packets, per_s
        self._first = round(first_s * per_s)
        self._sent, self._start = 0, 0.0

    async def recv(self) -> av.Packet:
        self._start = self._start or time.monotonic()
        await asyncio.sleep(max(0.0, self._start + self._sent / self._per_s - time.monotonic()))
        packet = av.Packet(self._packets[(self._first + self._sent) % len(self._packets)])
        packet.pts, packet.time_base = self._sent, Fraction(1, self._per_s)
        self._sent += 1
        return packet


class Call:
    """One caller by WHIP."""

    def __init__(self, media: tuple[list[bytes], list[bytes]], first_s: float) -> None:
        pictures, sounds = media
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        video = self._pc.addTransceiver(Coded("video", pictures, FPS, first_s), "sendonly")
        able = RTCRtpSender.getCapabilities("video").codecs
        video.setCodecPreferences([c for c in able if c.mimeType == "video/H264"])
        self._pc.addTransceiver(Coded("audio", sounds, 50, first_s), "sendrecv")
        self._pc.on("track", lambda track: self._tasks.append(asyncio.create_task(_hear(track))))
        self._tasks: list[asyncio.Task[None]] = []
        self._location = ""

    async def connect(self, http: httpx.AsyncClient, session: str) -> None:
        """Connect; SystemExit when that fails."""
        with ice.loopback():
            await self._pc.setLocalDescription(await self._pc.createOffer())
        reply = await http.post(
            f"/v1/sessions/{session}/whip", content=self._pc.localDescription.sdp,
            headers={"Content-Type": "application/sdp"}, timeout=60,
        )  # fmt: skip
        if reply.status_code != 201:
            raise SystemExit(f"the call was refused: {reply.text}")
        self._location = reply.headers["location"]
        await self._pc.setRemoteDescription(RTCSessionDescription(reply.text, "answer"))
        for _ in range(400):
            if self._pc.connectionState == "connected":
                return
            await asyncio.sleep(0.05)
        raise SystemExit("the peers did not connect")

    async def end(self, http: httpx.AsyncClient, *, politely: bool = True) -> None:
        """Hang up by DELETE, or just go."""
        if politely:
            await http.delete(self._location)
        await self._pc.close()
        for task in self._tasks:
            task.cancel()


async def _hear(track: MediaStreamTrack) -> None:
    try:
        while True:
            await track.recv()
    except Exception:  # the end of the track
        return


async def warm_up(http: httpx.AsyncClient, media: Any) -> None:
    """Let the models load and see and hear a little, so that no session waits for that."""
    await http.post("/v1/sessions", json={"id": "warm"})
    call = Call(media, 0.0)
    await call.connect(http, "warm")
    for _ in range(120):
        await asyncio.sleep(0.5)
        reply = await http.get("/v1/sessions/warm/sources")
        if reply.json()["sources"][0]["position_s"] > 5.0:
            break
    await call.end(http)


async def at_once(
    http: httpx.AsyncClient, media: Any, count: int, seconds: float
) -> list[dict[str, Any]]:
    """Run `count` calls, each in a session of its own; return the figures of each."""
    names = [f"s{i}" for i in range(count)]
    calls = [Call(media, 7.0 * i) for i in range(count)]
    for name, call in zip(names, calls, strict=True):
        await http.post("/v1/sessions", json={"id": name})
        await call.connect(http, name)
    await asyncio.sleep(3.0)
    lags: dict[str, list[float]] = {name: [] for name in names}
    start = time.monotonic()
    sources: dict[str, dict[str, Any]] = {}
    while time.monotonic() - start < seconds:
        await asyncio.sleep(0.5)
        for name in names:
            reply = await http.get(f"/v1/sessions/{name}/sources")
            sources[name] = reply.json()["sources"][0]
            if sources[name]["lag_s"] is not None:
                lags[name].append(sources[name]["lag_s"])
    for call in calls:
        await call.end(http)
    return [_figures(name, sources[name], lags[name]) for name in names]


def _figures(name: str, source: dict[str, Any], lags: list[float]) -> dict[str, Any]:
    return {
        "session": name,
        "lag_s": spread(lags),
        "skipped": source["dropped"],
        "position_s": source["position_s"],
        "state": source["state"],
        "connection": source["connection"],
    }


def held(process: psutil.Process) -> dict[str, float]:
    """Return what the server holds now."""
    return {
        "memory_mib": round(process.memory_info().rss / 2**20, 1),
        "descriptors": process.num_fds(),
        "threads": process.num_threads(),
    }


async def until_steady(process: psutil.Process) -> None:
    """Wait until memory has hardly moved for a while: a model may still be loading behind."""
    last = -1e9
    for _ in range(12):
        await asyncio.sleep(SETTLE_S)
        now = held(process)["memory_mib"]
        if abs(now - last) < 1.0:
            return
        last = now


async def come_and_go(
    http: httpx.AsyncClient, media: Any, minutes: float, process: psutil.Process
) -> dict[str, Any]:
    """Let calls come and go in one session; return what the server held on the way."""
    await http.post("/v1/sessions", json={"id": "cycles"})

    async def cycle(index: int) -> None:
        call = Call(media, 3.0 * index)
        await call.connect(http, "cycles")
        await asyncio.sleep(HOLD_S)
        await call.end(http, politely=index % 2 == 0)

    for index in range(5):  # what is loaded once is loaded now
        await cycle(index)
    await until_steady(process)
    before, series, start = held(process), [], time.monotonic()
    for index in itertools.count():
        if time.monotonic() - start > 60 * minutes:
            break
        await asyncio.gather(cycle(2 * index), cycle(2 * index + 1))
        series.append({"at_s": round(time.monotonic() - start), **held(process)})
    await until_steady(process)
    thinned = series[:: max(1, len(series) // 20)]
    return {
        "calls": 2 * len(series), "before": before, "after": held(process), "during": thinned,
    }  # fmt: skip


async def measure(args: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, server(args.set) as (address, process):
        media = coded(Path(folder))
        async with httpx.AsyncClient(base_url=address, timeout=60) as http:
            await warm_up(http, media)
            if args.seconds:
                figures["sessions"] = await at_once(http, media, args.sessions, args.seconds)
                figures["held_after_sessions"] = held(process)
                cpu_s = sum(process.cpu_times()[:2])
                figures["server_cpu_s"] = round(cpu_s, 1)
            if args.cycle_minutes:
                figures["cycles"] = await come_and_go(http, media, args.cycle_minutes, process)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--cycle-minutes", type=float, default=0.0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    args = parser.parse_args()
    report("sessions", json.loads(json.dumps(vars(args))), asyncio.run(measure(args)))


if __name__ == "__main__":
    main()
