import wave
from pathlib import Path

import numpy as np
import pytest

from omnilive.core.errors import SourceError
from omnilive.core.events import AudioChunk, Gap, SourceHealth
from omnilive.media.base import Item, MediaConfig
from omnilive.media.open import open_source
from tests.media.clips import FPS, chunks_of, frames_of, pitch_hz, rotate_mp4, tone, write_clip


def read(path: Path, config: MediaConfig | None = None, **options: float) -> list[Item]:
    source = open_source(str(path), config or MediaConfig(), **options)
    try:
        return list(source.items())
    finally:
        source.close()


def assert_in_order(items: list[Item]) -> None:
    for kind in (frames_of(items), chunks_of(items)):
        times = [item.t for item in kind]
        assert times == sorted(times)


def assert_same_sound(tail: list[AudioChunk], whole: list[AudioChunk]) -> None:
    """Equal but for a shift below 1 ms: Matroska rounds its stamps to milliseconds."""
    a, b = (np.concatenate([chunk.pcm for chunk in sound])[:8000] for sound in (tail, whole))
    worst = [np.abs(a[20:-20] - np.roll(b, shift)[20:-20]).max() for shift in range(-15, 16)]
    assert min(worst) < 0.1


def test_picture_and_sound_on_one_clock(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    source = open_source(str(path))
    assert source.info.kind == "file"
    assert source.info.has_video and source.info.has_audio and not source.info.live
    assert (source.info.width, source.info.height) == (64, 48)
    assert source.info.duration_s == pytest.approx(2.0, abs=0.1)
    items = list(source.items())
    assert [frame.t for frame in frames_of(items)] == pytest.approx([i / 4 for i in range(8)])
    assert source.decoded == 2 * FPS and source.dropped == 0
    sound = chunks_of(items)
    assert sound[0].t == pytest.approx(0.0, abs=0.03)
    assert sound[-1].end_t == pytest.approx(2.0, abs=0.05)
    assert {chunk.rate_hz for chunk in sound} == {16000}
    assert pitch_hz(sound) == pytest.approx(440, abs=2)
    assert [item.t for item in items] == sorted(item.t for item in items)
    assert isinstance(items[-1], SourceHealth) and items[-1].state == "ended"


def test_pictures_are_rgb_and_upright(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", audio=False)
    plain = frames_of(read(path))[1].rgb
    assert plain.shape == (48, 64, 3) and plain.flags["C_CONTIGUOUS"]
    assert plain[5, 5, 0] > 150 and plain[5, 5, 2] < 60
    rotate_mp4(path)
    turned = frames_of(read(path))[1].rgb
    assert turned.shape == (64, 48, 3)
    np.testing.assert_array_equal(turned, np.rot90(plain, -1))


def test_large_pictures_are_scaled_and_odd_sizes_kept(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", audio=False, size=(101, 35), video_codec="ffv1")
    assert frames_of(read(path))[0].rgb.shape == (35, 101, 3)
    small = frames_of(read(path, MediaConfig(max_side_px=50)))[0].rgb
    assert small.shape == (17, 50, 3)


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_one_stream_alone(tmp_path: Path, kind: str) -> None:
    path = write_clip(tmp_path / "a.mp4", video=kind == "video", audio=kind == "audio")
    items = read(path)
    assert bool(frames_of(items)) == (kind == "video")
    assert bool(chunks_of(items)) == (kind == "audio")


def test_late_sound_stays_late(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", audio_codec="pcm_s16le", audio_at=lambda t: t + 0.75)
    items = read(path)
    assert frames_of(items)[0].t == 0.0
    assert chunks_of(items)[0].t == pytest.approx(0.75, abs=0.005)


def test_late_picture_stays_late(tmp_path: Path) -> None:
    stamps_s = [0.6 + i / FPS for i in range(20)]
    items = read(write_clip(tmp_path / "a.mkv", stamps_s=stamps_s, audio_codec="pcm_s16le"))
    assert frames_of(items)[0].t == pytest.approx(0.6, abs=0.005)
    assert chunks_of(items)[0].t == 0.0


def test_hole_in_sound_is_later_chunks(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "a.mkv",
        seconds=3.0,
        audio_codec="pcm_s16le",
        audio_at=lambda t: None if 1.0 <= t < 2.0 else t,
    )
    sound = chunks_of(read(path))
    steps = [(a.end_t, b.t) for a, b in zip(sound, sound[1:], strict=False)]
    holes = [step for step in steps if step[1] - step[0] > 0.01]
    assert len(holes) == 1
    assert holes[0] == pytest.approx((1.0, 2.0), abs=0.05)
    assert sum(len(chunk.pcm) for chunk in sound) / 16000 == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("layout", ["stereo", "2.1", "5.1", "7.1", "hexagonal"])
def test_any_layout_becomes_mono(tmp_path: Path, layout: str) -> None:
    path = write_clip(
        tmp_path / "a.wav", video=False, audio_codec="pcm_s16le", layout=layout, rate_hz=44100
    )
    sound = chunks_of(read(path))
    assert sound[-1].end_t == pytest.approx(2.0, abs=0.03)
    assert pitch_hz(sound) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("channels", [3, 5, 9])
def test_nameless_channels_become_mono_without_clipping(tmp_path: Path, channels: int) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((channels, 2, 16000, 0, "NONE", ""))
        file.writeframes((tone(32000, channels, 16000).T * 32767).astype("<i2").tobytes())
    sound = chunks_of(read(tmp_path / "a.wav"))
    assert pitch_hz(sound) == pytest.approx(440, abs=2)
    assert max(np.abs(chunk.pcm).max() for chunk in sound) == pytest.approx(0.5, abs=0.02)


def test_chunks_have_one_length_and_no_seams(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", video=False, rate_hz=44100)
    sound = chunks_of(read(path))
    assert {len(chunk.pcm) for chunk in sound[1:-1]} == {1600}
    for before, after in zip(sound, sound[1:], strict=False):
        assert after.t == pytest.approx(before.end_t, abs=2 / 16000)


def test_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    stamps_s = [0.0, 0.04, 0.9, 1.0, 1.3, 4.0, 4.01]
    frames = frames_of(read(write_clip(tmp_path / "a.mp4", audio=False, stamps_s=stamps_s)))
    assert [frame.t for frame in frames] == pytest.approx([0.0, 0.9, 1.0, 1.3, 4.0])


def test_missing_stamps_are_filled_by_the_frame_rate(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.m4v", audio=False, format="m4v")
    frames = frames_of(read(path))
    assert_in_order(frames)
    assert frames[-1].t == pytest.approx(1.75, abs=0.3)


def test_stamps_that_wrap_around_go_on(tmp_path: Path) -> None:
    wrap = {"output_ts_offset": "95442.5"}  # 33 bits at 90 kHz last 95443.7 s
    items = read(write_clip(tmp_path / "a.ts", seconds=3.0, audio_codec="mp2", options=wrap))
    assert_in_order(items)
    assert [frame.t for frame in frames_of(items)] == pytest.approx(
        [i / 4 for i in range(12)], abs=0.06
    )


def test_concatenated_transport_streams_go_on(tmp_path: Path) -> None:
    part = write_clip(tmp_path / "a.ts", audio_codec="mp2")
    (tmp_path / "b.ts").write_bytes(part.read_bytes() * 3)
    items = read(tmp_path / "b.ts")
    assert_in_order(items)
    assert chunks_of(items)[-1].end_t == pytest.approx(6.0, abs=0.5)
    assert frames_of(items)[-1].t == pytest.approx(5.8, abs=0.5)


def test_forward_jump_in_a_transport_stream_is_a_gap(tmp_path: Path) -> None:
    jump = {"output_ts_offset": "500"}
    first = write_clip(tmp_path / "a.ts", audio_codec="mp2")
    second = write_clip(tmp_path / "b.ts", audio_codec="mp2", options=jump)
    path = tmp_path / "c.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    items = read(path)
    assert_in_order(items)
    assert "jump forward" in next(item for item in items if isinstance(item, Gap)).reason
    assert frames_of(items)[-1].t == pytest.approx(3.8, abs=0.5)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "wav"])
@pytest.mark.parametrize("start_s", [0.5, 3.3, 4.0])
def test_resuming_gives_the_tail_of_the_whole(tmp_path: Path, suffix: str, start_s: float) -> None:
    codec = {"ts": "mp2", "wav": "pcm_s16le"}.get(suffix, "aac")
    path = write_clip(
        tmp_path / f"a.{suffix}", seconds=5.0, audio_codec=codec, video=suffix != "wav"
    )
    whole = [item for item in read(path) if item.t >= start_s]
    tail = read(path, start_s=start_s)
    assert [type(item) for item in tail] == [type(item) for item in whole]
    assert [item.t for item in tail] == [item.t for item in whole]
    for a, b in zip(frames_of(tail), frames_of(whole), strict=True):
        np.testing.assert_array_equal(a.rgb, b.rgb)
    assert_same_sound(chunks_of(tail), chunks_of(whole))


def test_offset_moves_every_time(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    assert [item.t for item in read(path, offset_s=100.0)] == pytest.approx(
        [item.t + 100.0 for item in read(path)]
    )


def test_damage_in_the_middle_is_skipped(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.ts", seconds=4.0, size=(320, 240), audio_codec="mp2")
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(0).bytes(3000)
    path.write_bytes(data)
    items = read(path)
    assert_in_order(items)
    assert frames_of(items)[-1].t > 3.5


def test_truncated_with_index_plays_what_there_is(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "a.mp4", seconds=4.0, size=(320, 240), options={"movflags": "faststart"}
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    items = read(path)
    assert 0.5 < frames_of(items)[-1].t < 3.5


def test_truncated_without_index_says_so(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match="incomplete mp4.*truncated.*copy it again"):
        open_source(str(path))


def test_close_ends_the_items(tmp_path: Path) -> None:
    source = open_source(str(write_clip(tmp_path / "a.mp4", seconds=5.0)))
    items = source.items()
    next(items)
    source.close()
    source.close()
    assert len(list(items)) < 5


def test_close_before_reading(tmp_path: Path) -> None:
    source = open_source(str(write_clip(tmp_path / "a.mp4")))
    source.close()
    assert list(source.items()) == []
