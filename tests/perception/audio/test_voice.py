"""When a voice begins, pauses, goes on and ends, window by window."""

import numpy as np
import pytest

from omnilive.core.events import AudioChunk
from omnilive.perception.audio.ear import Ear, EarConfig, EarState
from omnilive.perception.audio.segment import SegmenterConfig, Utterance
from omnilive.perception.audio.voice import Voice
from tests.fakes import RATE_HZ, ScriptedVAD

WINDOW_S = 512 / RATE_HZ


def hear(ear: Ear, probabilities: str, state: EarState | None = None) -> list[Voice]:
    """Feed one window per character: # is speech, . is silence."""
    state = state or ear.init_state()
    out: list[Voice] = []
    t = state.end_t or 0.0
    for i, char in enumerate(probabilities):
        pcm = np.full(512, 0.9 if char == "#" else 0.0, np.float32)
        ear.step(AudioChunk(t=t + i * WINDOW_S, pcm=pcm, rate_hz=RATE_HZ), state)
        out += ear.voices(state)
    return out


def make(**segmenter: float) -> Ear:
    return Ear(EarConfig(segmenter=SegmenterConfig(**segmenter)), ScriptedVAD(), None)


@pytest.mark.parametrize(
    ("said", "states"),
    [
        ("." * 50, []),
        ("..#" + "." * 30, []),  # 32 ms: a click
        ("..##" + "." * 30, ["began", "paused", "ended"]),  # began, yet too short to keep
        ("#" * 20, ["began"]),
        ("#" * 20 + "." * 5, ["began"]),  # 160 ms of silence: no pause yet
        ("#" * 20 + "." * 6, ["began", "paused"]),
        ("#" * 20 + "." * 8 + "#" * 4, ["began", "paused", "resumed"]),
        ("#" * 20 + "." * 40, ["began", "paused", "ended"]),
        ("#" * 20 + "." * 40 + "#" * 20, ["began", "paused", "ended", "began"]),
        ("#.#.#.#.#", ["began"]),  # holes shorter than a pause are part of the speech
    ],
)
def test_a_voice_is_announced_in_order(said: str, states: list[str]) -> None:
    assert [voice.state for voice in hear(make(), said)] == states


def test_it_begins_after_64_ms_and_pauses_after_200_ms() -> None:
    began, paused, _ = hear(make(), "." * 10 + "#" * 20 + "." * 40)
    assert began.t == pytest.approx(12 * WINDOW_S)
    assert paused.t == pytest.approx((30 + 6) * WINDOW_S)


def test_the_true_bounds_of_speech_leave_out_the_padding() -> None:
    _, paused, ended = hear(make(), "." * 20 + "#" * 20 + "." * 40)
    for voice in (paused, ended):
        assert voice.utterance is not None
        assert voice.utterance.voiced_s == pytest.approx(20 * WINDOW_S)
        assert voice.utterance.voiced_end_s == pytest.approx(40 * WINDOW_S)
        assert voice.utterance.start_s == pytest.approx(12 * WINDOW_S)


def test_too_little_speech_ends_without_an_utterance() -> None:
    ended = hear(make(min_speech_s=0.5), "#" * 8 + "." * 40)[-1]
    assert (ended.state, ended.utterance, ended.asked) == ("ended", None, False)


def test_an_endless_utterance_is_cut_and_goes_on_without_a_pause() -> None:
    voices = hear(make(max_utterance_s=5.0), "#" * 200)
    assert [voice.state for voice in voices] == ["began", "ended", "began"]
    numbers = [voice.utterance.number for voice in voices if voice.utterance]
    assert numbers == [0, 0, 1]


def test_an_end_by_hand_closes_what_is_open_at_once() -> None:
    ear = make()
    state = ear.init_state()
    hear(ear, "#" * 20, state)
    (done,) = ear.close_utterance(state)
    (voice,) = ear.voices(state)
    assert (voice.state, voice.asked, voice.utterance) == ("ended", True, done)
    assert isinstance(done, Utterance) and done.voiced_end_s == pytest.approx(20 * WINDOW_S)
    later = hear(ear, "#" * 10 + "." * 30, state)
    assert [v.state for v in later] == ["began", "paused", "ended"]
    assert later[-1].utterance is not None and later[-1].utterance.number == done.number + 1
    assert later[-1].utterance.start_s >= done.end_s - 1e-6


def test_an_end_by_hand_with_nothing_said_is_answered_too() -> None:
    ear = make()
    state = ear.init_state()
    hear(ear, "." * 20, state)
    assert ear.close_utterance(state) == []
    (voice,) = ear.voices(state)
    assert (voice.state, voice.utterance, voice.asked) == ("ended", None, True)
