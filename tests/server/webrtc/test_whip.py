import asyncio
import gc
import json
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import ifaddr
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from omnilive.memory.library import Library
from omnilive.server.config import IceServer
from omnilive.server.line import Line
from omnilive.server.openai.speaker import Speaker as Unheard
from omnilive.server.webrtc import ice
from omnilive.server.webrtc.peer import MOST_CANDIDATES
from tests.server.client import Api, error_of, served, until
from tests.server.webrtc.caller import SDP, Caller, Clip, Voice
from tests.server.webrtc.conftest import SILENT, SPOKEN_S, give_voice

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(90)]
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}


@pytest.fixture
async def path(api: Api) -> AsyncIterator[str]:
    yield await api.session()


def sine(seconds: float, hz: float, rate_hz: int = 48000) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(seconds * rate_hz) / rate_hz)).astype(
        np.float32
    )


def seconds_of(pcm: np.ndarray, hz: float, rate_hz: int = 48000) -> float:
    """How long a tone is heard: in windows of 20 ms whose strongest pitch it is."""
    size = rate_hz // 50
    windows = pcm[: len(pcm) // size * size].reshape(-1, size)
    loud = np.sqrt(np.mean(windows**2, axis=1)) > 0.05
    peak = np.abs(np.fft.rfft(windows * np.hanning(size), axis=1)).argmax(axis=1) * 50
    return float(np.sum(loud & (np.abs(peak - hz) <= 50)) / 50)


async def offer(*kinds: str, hears: bool = False) -> str:
    """An offer of a peer that will never connect."""
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    for kind in kinds:
        pc.addTransceiver(kind, "recvonly" if hears else "sendonly")
    with ice.loopback():
        await pc.setLocalDescription(await pc.createOffer())
    sdp = pc.localDescription.sdp
    await pc.close()
    return sdp


async def post(api: Api, path: str, body: Any, kind: str = SDP["Content-Type"]) -> httpx.Response:
    return await api.http.post(
        f"/v1/sessions{path}", content=body, headers={"Content-Type": kind}, timeout=30
    )


async def all_gone(api: Api, path: str) -> None:
    await until(lambda: not api.app.state.peers.all())
    await api.at_rest(path)
    assert not api.hub.lines.open


# what is sent


async def test_a_camera_and_a_microphone_are_perceived(api: Api, path: str, h264: Path) -> None:
    caller = Caller(api.http, path)
    response = await caller.call([Clip(h264), Voice()], hears=True, label="kitchen")
    assert response.status_code == 201 and response.headers["content-type"] == "application/sdp"
    assert response.headers["location"].startswith("/v1/sessions/s/whip/")
    (source,) = await api.sources(path)
    assert source["url"] == "push:kitchen" and source["kind"] == "push"
    assert source["has_video"] and source["has_audio"]
    watch = api.hub.watch_of("s", 1)
    assert watch is not None
    await until(lambda: watch.pipeline.source.decoded > 20 and watch.pipeline.audio_s > 1.0)
    await asyncio.sleep(1.1)
    (source,) = await api.sources(path)
    assert source["connection"]["state"] == "connected"
    assert source["connection"]["packets_received"] > 50
    assert source["connection"]["packets_lost"] == 0
    metrics = (await api.http.get("/metrics")).text
    assert "omnilive_calls 1\n" in metrics and "omnilive_call_packets_lost 0\n" in metrics
    await caller.hang_up()
    await all_gone(api, path)
    (source,) = await api.sources(path)
    assert source["state"] == "ended" and source["connection"] is None


async def test_sound_arrives_as_it_was_sent(api: Api, path: str) -> None:
    caller, voice = Caller(api.http, path), Voice()
    await caller.call([voice])
    (line,) = api.hub.lines.open
    got: list[np.ndarray] = []
    push = line.source.push_audio

    def record(pcm: np.ndarray, rate_hz: int) -> bool:
        assert rate_hz == 48000
        got.append(pcm)
        return push(pcm, rate_hz)

    line.source.push_audio = record  # type: ignore[method-assign]
    voice.say(sine(1.0, 600))
    await until(lambda: seconds_of(np.concatenate([*got, np.zeros(960)]), 600) > 0.9)
    assert not line.source.info.has_video
    await caller.hang_up()
    await all_gone(api, path)


async def test_two_callers_on_one_session_share_its_clock(api: Api, path: str, h264: Path) -> None:
    first, second = Caller(api.http, path), Caller(api.http, path)
    await first.call([Clip(h264)])
    await asyncio.sleep(1.5)
    await second.call([Voice()])
    one, two = api.hub.watch_of("s", 1), api.hub.watch_of("s", 2)
    assert one is not None and two is not None
    await until(lambda: two.pipeline.audio_s > 0.5)
    assert abs(one.pipeline.t - two.pipeline.t) < 0.5
    await first.hang_up()
    before = two.pipeline.audio_s
    await until(lambda: two.pipeline.audio_s > before + 0.5)
    await second.hang_up()
    await all_gone(api, path)


async def test_a_second_camera_is_drained_and_does_no_harm(api: Api, path: str, h264: Path) -> None:
    caller = Caller(api.http, path)
    await caller.call([Clip(h264), Clip(h264), Voice()])
    watch = api.hub.watch_of("s", 1)
    assert watch is not None
    await until(lambda: watch.pipeline.source.decoded > 20)
    await caller.hang_up()
    await all_gone(api, path)


# what is heard


async def test_an_answer_is_heard_on_the_same_connection(api: Api, path: str) -> None:
    give_voice(api)
    caller = Caller(api.http, path)
    channel = caller.pc.createDataChannel("oai-events")
    channel.on("message", lambda text: caller.messages.append(json.loads(text)))
    await caller.call([Voice()], hears=True)
    await until(lambda: any(m["type"] == "session.created" for m in caller.messages))
    channel.send(json.dumps({"type": "conversation.item.create", "item": {
        "type": "message", "role": "user",
        "content": [{"type": "input_text", "text": "What is it?"}],
    }}))  # fmt: skip
    channel.send(json.dumps({"type": "response.create"}))
    await until(lambda: any(m["type"] == "response.done" for m in caller.messages))
    await asyncio.sleep(0.3)
    heard_s = seconds_of(caller.sound(), 1000)
    assert SPOKEN_S - 0.1 < heard_s < SPOKEN_S + 0.1, [m["type"] for m in caller.messages]
    types = [m["type"] for m in caller.messages]
    assert types.index("output_audio_buffer.started") < types.index("output_audio_buffer.stopped")
    assert "response.output_audio.delta" not in types  # it goes on the track
    await caller.hang_up()
    await all_gone(api, path)


@pytest.mark.parametrize("message", ["{", "[]", '{"type": "nonsense"}', '{"type": 5}', "x" * 9999])
async def test_a_malformed_message_is_answered_and_the_call_goes_on(
    api: Api, path: str, message: str
) -> None:
    caller = Caller(api.http, path)
    channel = caller.pc.createDataChannel("oai-events")
    channel.on("message", lambda text: caller.messages.append(json.loads(text)))
    await caller.call([Voice()], hears=True)
    await until(lambda: channel.readyState == "open")
    channel.send(message)
    channel.send(b"\x00\xff")
    await until(lambda: sum(m["type"] == "error" for m in caller.messages) == 2)
    channel.send(json.dumps({"type": "session.update", "session": {"type": "realtime"}}))
    await until(lambda: any(m["type"] == "session.updated" for m in caller.messages))
    await caller.hang_up()
    await all_gone(api, path)


async def test_others_listen_in_by_whep(api: Api, path: str) -> None:
    give_voice(api)
    caller, listener = Caller(api.http, path), Caller(api.http, path, "whep")
    await caller.call([Voice()], hears=True)
    response = await listener.call(hears=True)
    assert response.status_code == 201 and "/whep/" in listener.location
    assert len(await api.sources(path)) == 1  # a listener is no source
    (line,) = api.hub.lines.open
    line.conversation.respond("What is it?")
    await until(lambda: seconds_of(listener.sound(), 1000) > SPOKEN_S - 0.1)
    assert seconds_of(caller.sound(), 1000) > SPOKEN_S - 0.15
    await listener.hang_up()
    assert not api.hub.lines.hearers("s")
    await caller.hang_up()
    await all_gone(api, path)


async def test_a_caller_who_only_sends_is_answered_to_those_who_listen(api: Api, path: str) -> None:
    give_voice(api)
    caller, listener = Caller(api.http, path), Caller(api.http, path, "whep")
    await listener.call(hears=True)  # before there is anything to hear
    await caller.call([Voice()])
    (line,) = api.hub.lines.open
    line.conversation.respond("What is it?")
    await until(lambda: seconds_of(listener.sound(), 1000) > SPOKEN_S - 0.1)
    await caller.hang_up()
    await listener.hang_up()
    await all_gone(api, path)


async def test_others_see_the_newest_picture_by_whep(api: Api, path: str) -> None:
    listener = Caller(api.http, path, "whep")
    assert (await listener.call(sees=True)).status_code == 201
    line = await Line.open(
        api.hub, "s", label="x", has_video=True, has_audio=False, output=Unheard(16000),
        tell=lambda event: None,
    )  # fmt: skip
    for colour in ((200, 30, 30), (30, 30, 200)):
        line.source.push_picture(np.full((90, 161, 3), colour, np.uint8))
        await until(
            lambda c=colour: (
                bool(listener.seen) and np.abs(listener.seen[-1].mean(axis=(0, 1)) - c).max() < 25
            )
        )
        await asyncio.sleep(0.3)
    assert listener.seen[-1].shape == (90, 160, 3)
    await line.close()
    await listener.hang_up()
    await all_gone(api, path)


# what cannot be served


async def broken_offers() -> list[tuple[Any, str, int, str]]:
    good = await offer("audio", "video")
    plain = "\r\n".join(x for x in good.split("\r\n") if "fingerprint" not in x)
    no_ice = "\r\n".join(x for x in good.split("\r\n") if "ice-ufrag" not in x)
    odd_codec = good.replace("opus/48000/2", "speex/8000").replace("PCM", "XYZ")
    odd_codec = odd_codec.replace("G722", "G7xx")
    sdp = SDP["Content-Type"]
    return [
        (good, "application/json", 415, "media_type"),
        (good, "", 415, "media_type"),
        (b"", sdp, 400, "sdp"),
        (b"hello", sdp, 400, "sdp"),
        (b"\xff\xfe\x00", sdp, 400, "sdp"),
        (b"v=0\r\nm=audio\r\n", sdp, 400, "sdp"),
        (good[: len(good) // 3], sdp, 422, "sdp"),
        (b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", sdp, 422, "sdp"),
        (plain, sdp, 422, "sdp"),
        (no_ice, sdp, 422, "sdp"),
        (odd_codec, sdp, 422, "sdp"),
        (good.replace("sendonly", "inactive"), sdp, 422, "sdp"),
        (await offer(*["audio"] * 9), sdp, 422, "sdp"),
    ]


async def test_offers_that_cannot_be_served_are_refused_and_leave_nothing(
    api: Api, path: str
) -> None:
    for body, kind, status, code in await broken_offers():
        for way in ("whip", "whep"):
            response = await post(api, f"{path}/{way}", body, kind)
            assert error_of(response) == (status, code), (body[:80], response.text)
    assert await api.sources(path) == [] and not api.app.state.peers.all()
    assert not api.hub.running and not api.hub.lines.open


async def test_a_listener_who_does_not_listen_is_refused(api: Api, path: str) -> None:
    response = await post(api, f"{path}/whep", await offer("audio", "video"))
    assert error_of(response) == (422, "sdp")


async def test_what_is_not_there_is_a_404(api: Api, path: str) -> None:
    sdp = await offer("audio")
    assert error_of(await post(api, "/nobody/whip", sdp)) == (404, "unknown_session")
    for way in ("whip", "whep"):
        response = await api.http.delete(f"/v1/sessions{path}/{way}/nobody")
        assert error_of(response) == (404, "unknown_peer")
    response = await post(api, f"{path}/whip", sdp)
    location = response.headers["location"]
    other = location.replace("/whip/", "/whep/")
    assert error_of(await api.http.delete(other)) == (404, "unknown_peer")
    assert (await api.http.delete(location)).status_code == 204
    assert error_of(await api.http.delete(location)) == (404, "unknown_peer")
    await all_gone(api, path)


async def test_a_label_that_is_no_name_is_refused(api: Api, path: str) -> None:
    response = await post(api, f"{path}/whip?label=a/b", await offer("audio"))
    assert error_of(response) == (422, "invalid")


async def test_no_more_peers_than_allowed(library: Library) -> None:
    async with served(library, SILENT, peers_max=2) as api:
        path = await api.session()
        sdp = await offer("audio")
        answers = await asyncio.gather(*(post(api, f"{path}/whip", sdp) for _ in range(6)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [201, 201, 429, 429, 429, 429]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert error_of(refused) == (429, "full")
        for answer in answers:
            if answer.status_code == 201:
                await api.http.delete(answer.headers["location"])
        assert (await post(api, f"{path}/whip", sdp)).status_code == 201


async def test_a_session_that_watches_a_file_takes_no_caller(
    api: Api, path: str, long_clip: str
) -> None:
    await api.watch(path, long_clip, "live")
    response = await post(api, f"{path}/whip", await offer("audio"))
    assert error_of(response) == (409, "busy")
    assert not api.app.state.peers.all()
    await api.delete(f"{path}/sources/1")


async def test_ice_servers_are_told(library: Library) -> None:
    server = IceServer(urls=("turn:127.0.0.1:9",), username="me", credential="secret")  # type: ignore[arg-type]
    async with served(library, SILENT, ice_servers=(server,)) as api:
        about = (await api.http.get("/v1/about")).json()
        assert about["ice_servers"] == [
            {"urls": ["turn:127.0.0.1:9"], "username": "me", "credential": "secret"}
        ]
    server = IceServer(urls=("stun:127.0.0.1:9",))
    async with served(library, SILENT, ice_servers=(server,)) as api:
        path = await api.session("stun")
        response = await post(api, f"{path}/whip", await offer("audio"))
        assert response.status_code == 201
        assert response.headers["link"] == '<stun:127.0.0.1:9>; rel="ice-server"'


# trickle


def without_candidates(sdp: str) -> tuple[str, str]:
    """Split an offer into what is sent at once and the fragment that follows."""
    late = ("a=candidate", "a=end-of-candidates")
    lines = sdp.split("\r\n")
    return (
        "\r\n".join(line for line in lines if not line.startswith(late)),
        "a=mid:0\r\n" + "\r\n".join(line for line in lines if line.startswith(late)),
    )


FAR = "candidate:{0} 1 udp 1 192.0.2.1 {0} typ host"


async def test_candidates_may_come_later(api: Api, path: str) -> None:
    caller = Caller(api.http, path)
    caller.pc.addTransceiver(Voice(), "sendonly")
    with ice.loopback():
        await caller.pc.setLocalDescription(await caller.pc.createOffer())
    early, fragment = without_candidates(caller.pc.localDescription.sdp)
    response = await post(api, f"{path}/whip", early)
    location = response.headers["location"]
    for body, status in (
        (fragment, 204),
        ("a=mid:0\r\na=candidate:nonsense", 400),
        (b"\xff\xfe", 400),
        ("a=ice-ufrag:other\r\na=ice-pwd:other", 422),
        ("\r\n".join(f"a={FAR.format(i)}" for i in range(MOST_CANDIDATES)), 422),
        ("", 204),
    ):
        got = await api.http.patch(location, content=body, headers=FRAGMENT)
        assert got.status_code == status, got.text
    got = await api.http.patch(location, content=fragment, headers=SDP)
    assert error_of(got) == (415, "media_type")
    (peer,) = api.app.state.peers.all()
    assert peer.candidate_count >= 1
    assert (await api.http.delete(location)).status_code == 204
    await caller.vanish()
    await all_gone(api, path)


# ends


async def test_a_caller_who_closes_the_page_is_cleaned_up(api: Api, path: str, h264: Path) -> None:
    caller = Caller(api.http, path)
    await caller.call([Clip(h264), Voice()], hears=True)
    await caller.vanish()
    await all_gone(api, path)


async def test_a_caller_who_never_connects_is_cleaned_up(library: Library) -> None:
    async with served(library, SILENT, peer_connect_s=1.0) as api:
        path = await api.session()
        assert (await post(api, f"{path}/whip", await offer("audio"))).status_code == 201
        assert len(api.app.state.peers) == 1
        await all_gone(api, path)


async def test_a_caller_whose_network_dies_is_cleaned_up(library: Library) -> None:
    async with served(library, SILENT, peer_silent_s=2.0) as api:
        path = await api.session()
        caller = Caller(api.http, path)
        await caller.call([Voice()])
        for transceiver in caller.pc.getTransceivers():
            connection = transceiver.sender.transport.transport._connection
            for protocol in connection._protocols:
                protocol.transport.abort()  # no good-bye of any kind
        await all_gone(api, path)
        await asyncio.wait_for(caller.vanish(), 20)


async def test_stopping_its_source_ends_the_call(api: Api, path: str) -> None:
    caller = Caller(api.http, path)
    await caller.call([Voice()])
    assert (await api.delete(f"{path}/sources/1")).status_code == 204
    await all_gone(api, path)
    await caller.vanish()


async def test_deleting_the_session_ends_the_call(api: Api, path: str) -> None:
    caller = Caller(api.http, path)
    await caller.call([Voice()], hears=True)
    assert (await api.delete(path)).status_code == 204
    await until(lambda: not api.app.state.peers.all())
    await caller.vanish()


async def test_a_server_that_stops_ends_its_calls(library: Library) -> None:
    async with served(library, SILENT) as api:
        path = await api.session()
        caller = Caller(api.http, path)
        await caller.call([Voice()], hears=True)
    assert not api.app.state.peers.all() and not api.hub.running
    await caller.vanish()


async def test_with_loopback_alone_peers_find_each_other(
    api: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ifaddr, "get_adapters", list)
    caller = Caller(api.http, path)
    await caller.call([Voice()])
    assert "127.0.0.1" in caller.pc.remoteDescription.sdp
    await caller.hang_up()
    await all_gone(api, path)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_calling_again_and_again_leaves_nothing_behind(library: Library, h264: Path) -> None:
    async with served(library, SILENT) as api:
        path = await api.session()

        async def cycle(vanishes: bool) -> None:
            caller = Caller(api.http, path)
            channel = caller.pc.createDataChannel("oai-events")
            await caller.call([Clip(h264), Voice()], hears=True)
            await until(lambda: channel.readyState == "open")
            await (caller.vanish() if vanishes else caller.hang_up())
            await all_gone(api, path)

        def held() -> tuple[int, int, int, int]:
            gc.collect()
            peers = sum(type(o) is RTCPeerConnection for o in gc.get_objects())
            fds = len(os.listdir("/proc/self/fd"))
            return fds, threading.active_count(), len(asyncio.all_tasks()), peers

        for _ in range(3):
            await cycle(vanishes=True)
        await asyncio.sleep(1.0)
        before = held()
        for i in range(20):
            await cycle(vanishes=i % 2 == 0)
        await asyncio.sleep(1.0)
        after = held()
        assert all(b - a <= 2 for a, b in zip(before, after, strict=True)), (before, after)
