from collections.abc import Sequence

import numpy as np
import pytest

from omnilive.perception.audio.segment import Segmenter, SegmenterConfig, SegmentState, Utterance

RATE_HZ, WINDOW = 16000, 512
WINDOW_S = WINDOW / RATE_HZ
PAD = 8  # windows of 32 ms in 0.25 s
PAUSE = 19  # windows in 0.6 s
START_S = 10.0
SHORT = SegmenterConfig(max_utterance_s=5.0)
LONGEST = 156  # windows in 5 s

Probs = Sequence[float]


def feed(
    probs: Probs, config: SegmenterConfig = SHORT, state: SegmentState | None = None
) -> list[Utterance]:
    """Window number i holds i in every sample, so that a cut tells which windows it holds."""
    segmenter = Segmenter(config, RATE_HZ, WINDOW)
    state = state or segmenter.init_state()
    out: list[Utterance] = []
    for i, prob in enumerate(probs):
        window = np.full(WINDOW, i, np.float32)
        out += segmenter.step(START_S + i * WINDOW_S, window, prob, state)
        said = segmenter.open_utterance(state)
        assert said is None or windows_of(said)[-1] == i
    return out + segmenter.flush(state)


def windows_of(utterance: Utterance) -> list[int]:
    return utterance.pcm[::WINDOW].astype(int).tolist()


def assert_times_fit(utterances: list[Utterance]) -> None:
    for said in utterances:
        assert said.start_s == pytest.approx(START_S + windows_of(said)[0] * WINDOW_S)
        assert said.end_s == pytest.approx(START_S + (windows_of(said)[-1] + 1) * WINDOW_S)
    assert [said.number for said in utterances] == list(range(len(utterances)))


def speech(count: int, prob: float = 0.9) -> list[float]:
    return [prob] * count


def silence(count: int) -> list[float]:
    return [0.0] * count


def test_a_pause_cuts_and_sound_around_speech_is_kept() -> None:
    said = feed([*silence(30), *speech(20), *silence(40), *speech(10), *silence(40)])
    assert_times_fit(said)
    assert windows_of(said[0]) == list(range(30 - PAD, 50 + PAD))
    assert windows_of(said[1]) == list(range(90 - PAD, 100 + PAD))
    assert said[0].speech_probability == pytest.approx(0.9)


def test_an_utterance_ends_as_soon_as_the_pause_is_sure() -> None:
    segmenter = Segmenter(SHORT, RATE_HZ, WINDOW)
    state, window = segmenter.init_state(), np.zeros(WINDOW, np.float32)
    done = [
        bool(segmenter.step(i * WINDOW_S, window, prob, state))
        for i, prob in enumerate([*speech(20), *silence(30)])
    ]
    assert done.index(True) == 20 + PAUSE - 1


def test_a_short_pause_does_not_cut() -> None:
    said = feed([*speech(20), *silence(PAUSE - 1), *speech(20), *silence(40)])
    assert [windows_of(u) for u in said] == [list(range(40 + PAUSE - 1 + PAD))]


def test_doubtful_windows_continue_but_do_not_begin_speech() -> None:
    assert feed([0.45] * 60) == []
    said = feed([*speech(5), *([0.45] * 60), *silence(40)])
    assert len(said) == 1 and windows_of(said[0])[-1] == 64 + PAD


def test_short_clicks_are_dropped_and_take_no_number() -> None:
    click = [*speech(3), *silence(40)]
    said = feed([*click, *click, *speech(20), *silence(40), *click])
    assert_times_fit(said)
    assert len(said) == 1


def test_the_end_closes_what_is_open() -> None:
    said = feed([*silence(3), *speech(20)])
    assert [windows_of(u) for u in said] == [list(range(23))]
    assert feed([*silence(3), *speech(2)]) == []


def test_a_long_utterance_is_cut_at_its_quietest_place() -> None:
    probs = np.full(LONGEST + 60, 0.9)
    probs[120:127] = 0.4  # in the last third, and no pause
    said = feed(probs.tolist())
    assert len(said) == 2
    assert 120 <= windows_of(said[0])[-1] <= 126


@pytest.mark.parametrize("seed", range(6))
def test_no_window_of_long_speech_is_lost_or_doubled(seed: int) -> None:
    probs = np.random.default_rng(seed).uniform(0.4, 1.0, 700)
    probs[0] = 0.9
    said = feed(probs.tolist())
    assert_times_fit(said)
    assert len(said) >= 4
    assert [w for u in said for w in windows_of(u)] == list(range(700))
    assert all(len(windows_of(u)) <= LONGEST for u in said)


def test_even_speech_is_cut_anywhere_in_the_last_third() -> None:
    said = feed(speech(LONGEST + 40))
    assert len(windows_of(said[0])) >= LONGEST * 2 // 3
    assert sum(len(windows_of(u)) for u in said) == LONGEST + 40


def test_quiet_at_the_very_end_of_the_longest() -> None:
    fading = [*speech(LONGEST - 10), *([0.4] * 10), *speech(40), *silence(40)]
    said = feed(fading)
    assert_times_fit(said)
    assert [w for u in said for w in windows_of(u)] == list(range(LONGEST + 40 + PAD))


def test_what_is_said_so_far_can_be_heard() -> None:
    segmenter = Segmenter(SHORT, RATE_HZ, WINDOW)
    state = segmenter.init_state()
    assert segmenter.open_utterance(state) is None
    for i in range(10):
        segmenter.step(i * WINDOW_S, np.full(WINDOW, i, np.float32), 0.9 * (i >= 2), state)
    so_far = segmenter.open_utterance(state)
    assert so_far is not None and so_far.number == 0
    assert windows_of(so_far) == list(range(10))
    assert segmenter.open_utterance(state) is not None  # asking changes nothing
    assert len(segmenter.flush(state)) == 1


def test_silence_is_not_hoarded() -> None:
    segmenter = Segmenter(SHORT, RATE_HZ, WINDOW)
    state = segmenter.init_state()
    for i in range(5000):
        segmenter.step(i * WINDOW_S, np.zeros(WINDOW, np.float32), 0.0, state)
    assert len(state.windows) <= PAD
