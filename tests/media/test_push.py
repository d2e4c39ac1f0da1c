import threading

import numpy as np
import pytest
from av.video.frame import VideoFrame as AVFrame

from omnilive.core.clock import ManualClock
from omnilive.core.errors import ConfigError
from omnilive.core.events import AudioChunk, Gap, Mark, SourceHealth, VideoFrame
from omnilive.media.align import Aligner
from omnilive.media.base import Item, MediaConfig
from omnilive.media.push import AHEAD_S, CHUNK_S, UNREAD_S, PushSource

RATE_HZ = 16000


def noise(seconds: float, rate_hz: int = RATE_HZ, level: float = 0.1) -> np.ndarray:
    samples = np.random.default_rng(0).normal(0, level, round(seconds * rate_hz))
    return samples.astype(np.float32)


def tone(seconds: float, rate_hz: int, hz: float = 440.0) -> np.ndarray:
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def grey(value: int = 100, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.full((*size, 3), value, np.uint8)


class Fed:
    """A source on a clock that the test moves; `read` is what has become readable."""

    def __init__(self, **more: object) -> None:
        self.clock = ManualClock()
        self.source = PushSource(
            "test",
            has_video=True,
            has_audio=True,
            clock=self.clock,
            **more,  # type: ignore[arg-type]
        )
        self._items = self.source.items()

    def pass_s(self, seconds: float) -> None:
        """Time passes as it does for a reader that looks ten times a second."""
        for _ in range(max(1, round(seconds / 0.1))):
            self.clock.advance(seconds / max(1, round(seconds / 0.1)))
            with self.source._changed:
                self.source._fill_in()

    def speak(self, seconds: float, level: float = 0.1, step_s: float = 0.02) -> None:
        for _ in range(round(seconds / step_s)):
            self.clock.advance(step_s)
            self.source.push_audio(noise(step_s, level=level), RATE_HZ)

    def rest(self) -> list[Item]:
        self.source.close()
        return list(self._items)


def sound(items: list[Item]) -> list[AudioChunk]:
    return [item for item in items if isinstance(item, AudioChunk)]


def gaps(items: list[Item]) -> list[Gap]:
    return [item for item in items if isinstance(item, Gap)]


def pictures(items: list[Item]) -> list[VideoFrame]:
    return [item for item in items if isinstance(item, VideoFrame)]


def total_s(items: list[Item]) -> float:
    return sum(len(chunk.pcm) / chunk.rate_hz for chunk in sound(items))


def has_no_seam(chunks: list[AudioChunk]) -> bool:
    ends = [chunk.end_t for chunk in chunks[:-1]]
    return bool(np.allclose(ends, [chunk.t for chunk in chunks[1:]], atol=1e-4))


# sound


def test_steady_sound_comes_out_as_it_went_in_in_small_chunks() -> None:
    fed = Fed(offset_s=5.0)
    whole = noise(2.0)
    for piece in np.split(whole, 100):
        fed.clock.advance(0.02)
        fed.source.push_audio(piece, RATE_HZ)
    items = fed.rest()
    chunks = sound(items)
    assert {len(chunk.pcm) for chunk in chunks[:-1]} == {round(CHUNK_S * RATE_HZ)}
    np.testing.assert_allclose(np.concatenate([chunk.pcm for chunk in chunks]), whole)
    assert chunks[0].t == pytest.approx(5.0) and chunks[-1].end_t == pytest.approx(7.0)
    assert has_no_seam(chunks) and not gaps(items)
    states = [item.state for item in items if isinstance(item, SourceHealth)]
    assert states == ["live", "ended"]


@pytest.mark.parametrize("rate_hz", [8000, 24000, 44100, 48000])
def test_any_rate_is_resampled_without_changing_pitch_or_length(rate_hz: int) -> None:
    fed = Fed()
    for piece in np.array_split(tone(2.0, rate_hz), 100):
        fed.clock.advance(0.02)
        fed.source.push_audio(piece, rate_hz)
    pcm = np.concatenate([chunk.pcm for chunk in sound(fed.rest())])
    assert len(pcm) / RATE_HZ == pytest.approx(2.0, abs=0.02)
    middle = pcm[RATE_HZ // 2 : RATE_HZ // 2 + RATE_HZ]
    assert int(np.abs(np.fft.rfft(middle * np.hanning(len(middle)))).argmax()) == 440
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_the_rate_may_change_in_the_middle() -> None:
    fed = Fed()
    for rate_hz in (48000, 8000, 24000):
        for _ in range(25):
            fed.clock.advance(0.02)
            assert fed.source.push_audio(noise(0.02, rate_hz), rate_hz)
    assert total_s(fed.rest()) == pytest.approx(1.5, abs=0.05)


@pytest.mark.parametrize(
    ("pcm", "rate_hz"),
    [
        (noise(0.1), 0),
        (noise(0.1), -16000),
        (noise(0.1), 10**9),
        (noise(0.1).reshape(2, -1), RATE_HZ),
        (np.zeros(100, np.int16), RATE_HZ),
    ],
)
def test_sound_that_makes_no_sense_is_refused_by_name(pcm: np.ndarray, rate_hz: int) -> None:
    with pytest.raises(ConfigError, match="sound must|samples a second"):
        Fed().source.push_audio(pcm, rate_hz)


def test_broken_samples_do_no_harm() -> None:
    fed = Fed()
    pcm = np.array([np.nan, np.inf, -np.inf, 5.0, -5.0] * 1000, np.float32)
    for rate_hz in (RATE_HZ, 48000):
        fed.clock.advance(0.1)
        assert fed.source.push_audio(pcm, rate_hz)
    for chunk in sound(fed.rest()):
        assert np.isfinite(chunk.pcm).all() and np.abs(chunk.pcm).max() <= 1.1


def test_an_empty_piece_is_nothing() -> None:
    fed = Fed()
    assert fed.source.push_audio(np.zeros(0, np.float32), RATE_HZ)
    assert [type(item) for item in fed.rest()] == [SourceHealth]


def test_a_burst_after_a_delay_stays_whole() -> None:
    """Half a second that comes late at once is neither cut nor put over what was heard."""
    fed = Fed()
    fed.speak(1.0)
    fed.clock.advance(0.4)
    for _ in range(20):
        fed.source.push_audio(noise(0.02), RATE_HZ)
    fed.speak(1.0)
    items = fed.rest()
    assert total_s(items) == pytest.approx(2.4) and has_no_seam(sound(items)) and not gaps(items)


def test_a_whole_recording_at_once_is_heard_whole() -> None:
    fed = Fed()
    fed.clock.advance(1.0)
    assert fed.source.push_audio(noise(20.0), RATE_HZ)
    items = fed.rest()
    assert total_s(items) == pytest.approx(20.0) and has_no_seam(sound(items))


def test_a_fast_sender_is_put_right_in_silence_and_never_in_speech() -> None:
    fed = Fed()
    for _ in range(500):  # 10 s of clock, 11 s of sound
        fed.clock.advance(0.02)
        fed.source.push_audio(noise(0.022), RATE_HZ)
    assert fed.source._aligner.end_t == pytest.approx(11.0, abs=0.1)
    fed.speak(6.0, level=0.0)
    assert abs(fed.source._aligner.end_t - fed.clock.now()) < 0.25
    items = fed.rest()
    heard = np.concatenate([chunk.pcm for chunk in sound(items)])
    assert np.count_nonzero(heard) == 500 * len(noise(0.022))


def test_a_slow_sender_is_put_right_in_silence() -> None:
    fed = Fed()
    for level in (0.1, 0.0):
        for _ in range(200):  # 4 s of clock, 3.8 s of sound
            fed.clock.advance(0.02)
            fed.source.push_audio(noise(0.019, level=level), RATE_HZ)
    assert abs(fed.source._aligner.end_t - fed.clock.now()) < 0.25
    assert has_no_seam(sound(fed.rest()))


def test_where_a_microphone_falls_silent_time_goes_on_and_speech_can_end() -> None:
    fed = Fed()
    fed.speak(1.0)
    for _ in range(30):
        fed.pass_s(0.1)
        fed.source.push_picture(grey())
    items = fed.rest()
    assert not gaps(items) and has_no_seam(sound(items))
    assert sound(items)[-1].end_t > 3.4
    assert not np.concatenate([chunk.pcm for chunk in sound(items)])[RATE_HZ + 512 :].any()


def test_where_a_camera_stops_time_goes_on() -> None:
    fed = Fed()
    fed.source.push_picture(grey())
    for _ in range(30):
        fed.speak(0.1)
        fed.pass_s(0.0)
    marks = [item.t for item in fed.rest() if isinstance(item, Mark)]
    assert 2 <= len(marks) <= 3 and marks[-1] > 1.9


def test_a_hole_becomes_one_gap_and_begins_with_a_second_of_silence() -> None:
    fed = Fed()
    fed.speak(1.0)
    fed.pass_s(20.0)
    fed.speak(1.0)
    items = fed.rest()
    (gap,) = gaps(items)
    assert gap.t == pytest.approx(2.0, abs=0.15) and gap.end_t == pytest.approx(21.0, abs=0.05)
    assert gap.reason == "nothing was received"
    assert sound(items)[-1].end_t == pytest.approx(22.0, abs=0.05)
    states = [item.state for item in items if isinstance(item, SourceHealth)]
    assert states == ["live", "stalled", "live", "ended"]


def test_a_recording_after_a_hole_was_said_before_it_came() -> None:
    fed = Fed()
    fed.speak(1.0)
    fed.pass_s(10.0)
    fed.source.push_audio(noise(4.0), RATE_HZ)
    items = fed.rest()
    assert gaps(items)[0].end_t == pytest.approx(7.0, abs=0.05)
    assert sound(items)[-1].end_t == pytest.approx(11.0, abs=0.05)


def test_what_nobody_reads_is_dropped_with_a_gap_and_memory_stays_bounded() -> None:
    fed = Fed()
    fed.speak(100.0)
    assert len(fed.source._items) < 1.1 * UNREAD_S / CHUNK_S
    items = fed.rest()
    (gap,) = gaps(items)
    kept = sound(items)
    assert gap.t == pytest.approx(0.0, abs=0.05) and gap.end_t == pytest.approx(kept[0].t)
    assert UNREAD_S - 1.5 < total_s(items) <= UNREAD_S + CHUNK_S
    assert kept[-1].end_t == pytest.approx(100.0, abs=0.05)  # the newest is kept


def test_a_flood_is_refused_and_said_once() -> None:
    fed = Fed()
    fed.clock.advance(1.0)
    taken = [fed.source.push_audio(noise(1.0), RATE_HZ) for _ in range(200)]
    assert taken.index(False) == pytest.approx(AHEAD_S, abs=1)
    assert not any(taken[taken.index(False) :])
    assert fed.source.lost_s == pytest.approx(200 - taken.index(False))
    items = fed.rest()
    assert [gap.reason for gap in gaps(items)].count("sound came far too fast") == 1


# pictures


def test_the_newest_picture_wins_and_the_others_are_counted() -> None:
    fed = Fed(config=MediaConfig(max_fps=10))
    for value in range(0, 200, 10):
        fed.clock.advance(0.1)
        assert fed.source.push_picture(grey(value))
    (frame,) = pictures(fed.rest())
    assert abs(int(frame.rgb.mean()) - 190) <= 2 and frame.t == pytest.approx(2.0)
    assert (fed.source.decoded, fed.source.dropped) == (20, 19)


def test_no_more_than_max_fps_are_taken() -> None:
    fed = Fed(config=MediaConfig(max_fps=4))
    taken, wanted = [], []
    for _ in range(100):
        fed.clock.advance(0.0333)
        wanted.append(fed.source.wants_picture())
        taken.append(fed.source.push_picture(grey()))
    assert taken == wanted and 13 <= sum(taken) <= 14


def test_pictures_are_scaled_down() -> None:
    fed = Fed(config=MediaConfig(max_side_px=320))
    fed.source.push_picture(grey(size=(720, 1280)))
    (frame,) = pictures(fed.rest())
    assert frame.rgb.shape == (180, 320, 3) and frame.rgb.dtype == np.uint8


def test_a_frame_without_a_picture_is_counted_and_the_next_one_seen() -> None:
    fed = Fed(config=MediaConfig(max_fps=10))
    fed.source.push_picture(AVFrame())
    reading = iter(fed._items)
    fed.clock.advance(1.0)
    fed.source.push_audio(noise(0.1), RATE_HZ)
    while not isinstance(next(reading), AudioChunk):
        pass  # the odd one was met on the way
    assert fed.source.push_picture(grey(90))
    (frame,) = pictures(fed.rest())
    assert abs(int(frame.rgb.mean()) - 90) <= 2 and fed.source.corrupt == 1


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 4), (0, 64, 3)])
def test_an_array_that_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="a picture must be"):
        Fed().source.push_picture(np.zeros(shape, np.uint8))


# the whole


def test_items_come_in_order_of_time_as_far_as_the_stream_allows() -> None:
    fed = Fed()
    got: list[Item] = []
    reader = threading.Thread(target=lambda: got.extend(fed.source.items()))
    reader.start()
    for _ in range(100):
        fed.speak(0.1)
        fed.source.push_picture(grey())
    fed.source.close()
    reader.join(10)
    assert not reader.is_alive()
    newest = 0.0
    for item in got:
        assert item.t > newest - 2.0
        newest = max(newest, item.t)
    assert total_s(got) == pytest.approx(10.0) and pictures(got)


@pytest.mark.parametrize("when", ["before anything", "after sound", "twice", "while waiting"])
def test_closing_ends_the_reader_and_keeps_what_came(when: str) -> None:
    source = PushSource("test", has_video=True, has_audio=True)
    if when == "after sound":
        source.push_audio(noise(1.01), RATE_HZ)
    got: list[Item] = []
    reader = threading.Thread(target=lambda: got.extend(source.items()))
    if when == "while waiting":
        reader.start()
    source.close()
    source.close()
    if when != "while waiting":
        reader.start()
    reader.join(5)
    assert not reader.is_alive()
    assert isinstance(got[-1], SourceHealth) and got[-1].state == "ended"
    assert total_s(got) == pytest.approx(1.01 if when == "after sound" else 0.0)
    assert not source.push_audio(noise(0.1), RATE_HZ) and not source.push_picture(grey())
    assert not source.wants_picture()


@pytest.mark.parametrize("cut", [[16000], [160] * 100, [1, 7, 5000, 10992]])
def test_aligned_in_pieces_equals_aligned_whole(cut: list[int]) -> None:
    def run(sizes: list[int]) -> tuple[np.ndarray, list[float]]:
        aligner, out, at = Aligner(RATE_HZ, CHUNK_S, AHEAD_S), [], 0
        for size in sizes:
            out += aligner.add(noise(1.0)[at : at + size], (at + size) / RATE_HZ)
            at += size
        return np.concatenate([c.pcm for c in out]), [c.t for c in out]

    pcm, times = run(cut)
    whole, whole_times = run([16000])
    np.testing.assert_array_equal(pcm, whole)
    np.testing.assert_allclose(times, whole_times)
