import pytest

from omnilive.media.timeline import Timeline


def test_starts_at_zero_and_keeps_the_streams_apart() -> None:
    timeline = Timeline(100.0, rebase_jumps=False)
    assert timeline.place("video", 100.0, 0.04) == (0.0, None)
    assert timeline.place("audio", 100.5, 0.02) == (0.5, None)


def test_missing_stamp_follows_the_last_frame() -> None:
    timeline = Timeline(0.0, rebase_jumps=False)
    assert timeline.place("video", None, 0.04) == (0.0, None)
    assert timeline.place("video", None, 0.04) == (0.04, None)
    assert timeline.place("video", 0.5, 0.04) == (0.5, None)
    assert timeline.place("video", None, 0.04) == (0.54, None)


def test_small_step_back_stands_still() -> None:
    timeline = Timeline(0.0, rebase_jumps=False)
    timeline.place("video", 1.0, 0.04)
    assert timeline.place("video", 0.9, 0.04) == (1.0, None)


def test_backward_jump_goes_on_and_both_streams_share_it() -> None:
    timeline = Timeline(0.0, rebase_jumps=False)
    timeline.place("video", 50.0, 0.04)
    timeline.place("audio", 50.01, 0.02)
    video_t, _ = timeline.place("video", 0.0, 0.04)
    audio_t, _ = timeline.place("audio", 0.01, 0.02)
    assert video_t == pytest.approx(50.04)
    assert audio_t - video_t == pytest.approx(0.01)


@pytest.mark.parametrize(("rebase", "t"), [(True, 1.0), (False, 31.0)])
def test_forward_jump_is_a_hole(rebase: bool, t: float) -> None:
    timeline = Timeline(0.0, rebase_jumps=rebase)
    timeline.place("video", 0.0, 1.0)
    placed_t, hole = timeline.place("video", 31.0, 1.0)
    assert placed_t == pytest.approx(t)
    assert hole and (hole.t, hole.end_t) == pytest.approx((1.0, t))


def test_silence_beside_a_picture_is_no_jump() -> None:
    timeline = Timeline(0.0, rebase_jumps=True)
    timeline.place("audio", 0.0, 0.02)
    for i in range(60):
        timeline.place("video", float(i), 1.0)
    assert timeline.place("audio", 60.0, 0.02) == (60.0, None)


def test_slide_shown_for_long_is_no_jump() -> None:
    timeline = Timeline(0.0, rebase_jumps=True)
    timeline.place("video", 0.0, 60.0)
    assert timeline.place("video", 60.0, 60.0) == (60.0, None)
