"""Also guards the private names of aiortc that intake.py replaces."""

import queue
import socket
import threading
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aioice.ice
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.jitterbuffer import JitterBuffer
from av.audio.frame import AudioFrame

from omnilive.server.webrtc import ice
from omnilive.server.webrtc.intake import (
    MOST_PICTURES,
    MOST_SOUNDS,
    RECEIVE_BYTES,
    ShortQueue,
    bound,
    is_key,
    mono,
    widen,
)
from tests.server.webrtc.test_whip import offer

MOST_BYTES = int(Path("/proc/sys/net/core/rmem_max").read_text())
VP8, H264 = SimpleNamespace(name="VP8"), SimpleNamespace(name="H264")
KEY, DELTA = b"\x00rest", b"\x01rest"


def frame(data: bytes) -> SimpleNamespace:
    return SimpleNamespace(data=data)


def contents(short: ShortQueue) -> list[bytes]:
    found = []
    while short.qsize():
        found.append(short.get()[1].data)
    return found


def test_sound_loses_its_oldest_packets() -> None:
    short = ShortQueue(5, None)
    for i in range(12):
        short.put(("opus", frame(bytes([i]))))
    assert short.dropped == 7 and contents(short) == [bytes([i]) for i in range(7, 12)]


def test_a_slow_answer_to_a_question_of_consent_ends_nothing() -> None:
    assert "CONSENT_FAILURES" in aioice.ice.Connection.query_consent.__code__.co_names
    assert aioice.ice.CONSENT_FAILURES * aioice.ice.CONSENT_INTERVAL > 60


@pytest.mark.parametrize("ask_for_key", [None, lambda: None])
def test_a_decoder_that_is_to_end_decodes_nothing_more(ask_for_key: Any) -> None:
    short = ShortQueue(15, ask_for_key)
    for _ in range(9):
        short.put((VP8, frame(KEY)))
    short.put(None)
    assert short.get_nowait() is None and short.dropped == 9


def test_pictures_wait_for_the_next_key_picture_which_is_asked_for() -> None:
    asked: list[int] = []
    short = ShortQueue(5, lambda: asked.append(1))
    short.put((VP8, frame(KEY)))
    for _ in range(9):
        short.put((VP8, frame(DELTA)))
    assert asked and short.qsize() == 0  # what came before cannot be decoded without what is lost
    short.put((VP8, frame(KEY)))
    short.put((VP8, frame(DELTA)))
    assert contents(short) == [KEY, DELTA] and short.dropped == 10


def test_the_end_always_passes() -> None:
    for short in (ShortQueue(1, None), ShortQueue(1, lambda: None)):
        short.put((VP8, frame(KEY)))
        short.put(None)
        assert short.get_nowait() is None and short.dropped == 1


def test_a_reader_that_is_faster_does_no_harm() -> None:
    short = ShortQueue(3, None)
    got: list[object] = []

    def read() -> None:
        while (item := short.get()) is not None:
            got.append(item)

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(2000):
        short.put(("opus", frame(b"%d" % i)))
    short.put(None)
    reader.join(5)
    assert not reader.is_alive() and len(got) + short.dropped == 2000


@pytest.mark.parametrize(
    ("codec", "data", "is_"),
    [
        ("VP8", KEY, True),
        ("VP8", DELTA, False),
        ("VP8", b"", False),
        ("H264", b"\x00\x00\x00\x01\x67abc\x00\x00\x01\x68d\x00\x00\x01\x65e", True),
        ("H264", b"\x00\x00\x00\x01\x41abc", False),
        ("H264", b"", False),
        ("AV1", b"any", True),
    ],
)
def test_key_pictures_are_known(codec: str, data: bytes, is_: bool) -> None:
    assert is_key(codec, data) is is_


@pytest.mark.anyio
async def test_the_queues_of_aiortc_are_replaced() -> None:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    await pc.setRemoteDescription(RTCSessionDescription(await offer("audio", "video"), "offer"))
    for receiver in pc.getReceivers():
        inside = vars(receiver)
        assert type(inside["_RTCRtpReceiver__decoder_queue"]) is queue.Queue
        assert isinstance(inside["_RTCRtpReceiver__jitter_buffer"], JitterBuffer)
        assert isinstance(inside["_RTCRtpReceiver__decoder_error"], threading.Event)
        short = bound(receiver)
        assert inside["_RTCRtpReceiver__decoder_queue"] is short
        most = MOST_PICTURES if receiver.track.kind == "video" else MOST_SOUNDS
        for _ in range(3 * most):
            short.put((VP8, frame(DELTA)))
        assert short.qsize() <= most and short.dropped >= 2 * most
    await pc.close()


@pytest.mark.anyio
async def test_the_kernel_holds_more_packets_than_by_default() -> None:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    await pc.setRemoteDescription(RTCSessionDescription(await offer("video"), "offer"))
    with ice.loopback():
        await pc.setLocalDescription(await pc.createAnswer())

    def held() -> list[int]:
        protocols = pc.getTransceivers()[0].receiver.transport.transport._connection._protocols
        sockets = [protocol.transport.get_extra_info("socket") for protocol in protocols]
        return [s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for s in sockets]

    before = held()
    widen(pc)
    assert before and all(size >= min(MOST_BYTES, RECEIVE_BYTES) for size in held())
    await pc.close()


@pytest.mark.parametrize("form", ["s16", "s16p", "flt", "fltp"])
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_any_sound_becomes_mono(form: str, layout: str) -> None:
    channels = 1 if layout == "mono" else 2
    wave = np.stack([np.full(480, 0.5), np.full(480, 0.25)])[:channels]
    expected = float(wave.mean())
    values = (wave * 32767).astype(np.int16) if "s16" in form else wave.astype(np.float32)
    laid = values if form.endswith("p") else values.T.reshape(1, -1)
    sound = AudioFrame.from_ndarray(np.ascontiguousarray(laid), form, layout)
    sound.sample_rate, sound.time_base = 48000, Fraction(1, 48000)
    pcm = mono(sound)
    assert pcm.shape == (480,) and pcm.dtype == np.float32
    assert np.allclose(pcm, expected, atol=1e-3)
