"""What was heard of a response, from the seconds that were played."""

import pytest

from omnilive.dialogue.heard import Script
from omnilive.dialogue.response import resampled


def script() -> Script:
    made = Script()
    for text, duration_s in (("One two three four. ", 2.0), ("Five six.", 1.0)):
        phrase = made.open(text)
        phrase.duration_s, phrase.is_whole = duration_s, True
    return made


@pytest.mark.parametrize(
    ("played_s", "heard"),
    [
        (0.0, ""),
        (0.2, ""),
        (0.5, "One"),
        (1.0, "One two"),
        (1.97, "One two three four."),
        (2.3, "One two three four."),
        (2.6, "One two three four. Five"),
        (3.0, "One two three four. Five six."),
        (9.0, "One two three four. Five six."),
    ],
)
def test_words_that_were_played(played_s: float, heard: str) -> None:
    assert script().heard(played_s) == heard


def test_read_phrases_count_when_they_are_reached() -> None:
    made = script()
    made.read(" 你好。")
    assert made.heard(2.9) == "One two three four. Five"
    assert made.heard(3.0) == "One two three four. Five six. 你好。"
    only = Script()
    only.read("all of it")
    assert only.heard(0.0) == "all of it"


def test_a_phrase_whose_sound_is_still_made_is_not_over() -> None:
    made = Script()
    phrase = made.open("one two three four five six seven eight nine ten")
    phrase.duration_s = 0.3
    assert len(made.heard(0.3).split()) < 3


def test_what_was_said_in_a_stretch() -> None:
    assert script().words_between(1.0, 2.6) == "three four. Five"
    assert script().words_between(-1.0, 1.0) == "One two"
    assert Script().words_between(0, 5) == ""


def test_resampling_keeps_the_tone_and_the_length() -> None:
    import numpy as np

    t = np.arange(24000) / 24000
    tone = (np.sin(2 * np.pi * 440 * t) * np.hanning(24000)).astype(np.float32)
    up = resampled(tone, 24000, 48000)
    assert len(up) == 48000 and np.abs(up[::2] - tone).max() < 1e-3
    down = resampled(tone, 24000, 16000)
    assert len(down) == 16000 and np.abs(down[::2] - tone[::3]).max() < 1e-3
    assert resampled(tone, 24000, 24000) is tone
    assert len(resampled(tone[:0], 24000, 48000)) == 0
