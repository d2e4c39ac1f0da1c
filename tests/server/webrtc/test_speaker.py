import asyncio

import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError
from av.audio.frame import AudioFrame
from av.packet import Packet

from omnilive.core.clock import ManualClock
from omnilive.server.webrtc.speaker import MOST_PENDING_S, PACKET_S, RATE_HZ, SAMPLES, Speaker

pytestmark = pytest.mark.anyio


def ramp(seconds: float) -> np.ndarray:
    """Sound of which every sample can be told from the others nearby."""
    return (np.arange(round(seconds * RATE_HZ)) % 5000 / 10000).astype(np.float32)


async def packets(speaker: Speaker, clock: ManualClock, count: int) -> list[AudioFrame | Packet]:
    sent = []
    for _ in range(count):
        task = asyncio.create_task(speaker.recv())
        await asyncio.sleep(0)
        while not task.done():
            clock.advance(PACKET_S / 10)
            await asyncio.sleep(0)
        sent.append(await task)
    return sent


def samples(sent: list[AudioFrame | Packet]) -> np.ndarray:
    parts = [p.to_ndarray().reshape(-1) for p in sent if isinstance(p, AudioFrame)]
    return np.concatenate(parts) / 32767 if parts else np.zeros(0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_idle_it_sends_ready_made_silence_on_time(clock: ManualClock) -> None:
    speaker = Speaker(clock)
    sent = await packets(speaker, clock, 50)
    assert all(isinstance(packet, Packet) for packet in sent)
    assert clock.now() == pytest.approx(0.98, abs=0.01)
    assert [packet.pts for packet in sent] == [i * SAMPLES for i in range(50)]


async def test_what_is_played_is_sent_whole_in_order_and_counted(clock: ManualClock) -> None:
    speaker = Speaker(clock)
    speaker.begin()
    whole = ramp(0.5)
    for piece in np.array_split(whole, 7):
        speaker.play(piece)
    assert speaker.pending_s == pytest.approx(0.5) and speaker.played_s == 0
    sent = await packets(speaker, clock, 10)
    assert speaker.played_s == pytest.approx(0.2) and speaker.pending_s == pytest.approx(0.3)
    sent += await packets(speaker, clock, 30)
    np.testing.assert_allclose(samples(sent), whole, atol=1e-4)
    assert speaker.played_s == pytest.approx(0.5) and isinstance(sent[-1], Packet)
    stamps = [packet.pts for packet in sent]
    assert stamps == [i * SAMPLES for i in range(40)]  # no leap between sound and silence


async def test_pausing_is_silent_with_the_next_packet_and_loses_nothing(clock: ManualClock) -> None:
    speaker = Speaker(clock)
    speaker.begin()
    speaker.play(ramp(0.4))
    sent = await packets(speaker, clock, 5)
    speaker.pause()
    paused = await packets(speaker, clock, 20)
    assert all(isinstance(packet, Packet) for packet in paused)
    assert speaker.played_s == pytest.approx(0.1)
    speaker.resume()
    sent += await packets(speaker, clock, 20)
    np.testing.assert_allclose(samples(sent), ramp(0.4), atol=1e-4)


async def test_clearing_tells_exactly_what_was_sent(clock: ManualClock) -> None:
    speaker = Speaker(clock)
    speaker.begin()
    speaker.play(ramp(1.0))
    sent = await packets(speaker, clock, 7)
    assert speaker.clear() == pytest.approx(0.14) == len(samples(sent)) / RATE_HZ
    assert speaker.pending_s == 0
    assert isinstance((await packets(speaker, clock, 1))[0], Packet)
    speaker.begin()
    assert speaker.played_s == 0


async def test_a_new_response_is_not_paused_and_starts_at_zero(clock: ManualClock) -> None:
    speaker = Speaker(clock)
    speaker.begin()
    speaker.play(ramp(0.1))
    speaker.pause()
    speaker.begin()
    speaker.play(ramp(0.04))
    sent = await packets(speaker, clock, 3)
    assert len(samples(sent)) == 2 * SAMPLES and speaker.played_s == pytest.approx(0.04)


async def test_after_a_stall_it_does_not_rush(clock: ManualClock) -> None:
    speaker = Speaker(clock)
    await packets(speaker, clock, 5)
    clock.advance(3.0)
    await packets(speaker, clock, 2)
    before = clock.now()
    await packets(speaker, clock, 50)
    assert clock.now() - before == pytest.approx(1.0, abs=0.05)


async def test_it_holds_no_more_than_an_answer_can_need(clock: ManualClock) -> None:
    speaker = Speaker(clock)
    speaker.begin()
    for _ in range(40):
        speaker.play(np.zeros(10 * RATE_HZ, np.float32))
    assert speaker.pending_s == pytest.approx(MOST_PENDING_S)


async def test_broken_samples_are_sent_as_sound(clock: ManualClock) -> None:
    speaker = Speaker(clock)
    speaker.begin()
    speaker.play(np.array([np.nan, np.inf, -np.inf, 9.0] * 240, np.float32))
    (sent,) = await packets(speaker, clock, 1)
    assert isinstance(sent, AudioFrame)


async def test_a_stopped_one_ends(clock: ManualClock) -> None:
    speaker = Speaker(clock)
    speaker.stop()
    with pytest.raises(MediaStreamError):
        await speaker.recv()
