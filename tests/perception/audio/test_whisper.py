"""Which transcripts get a second, slower look. Needs no weights."""

from typing import Any

import pytest

from omnilive.perception.audio.whisper import WhisperASR


def whisper(last_language: str = "") -> WhisperASR:
    asr = WhisperASR.__new__(WhisperASR)  # without loading a model
    asr._last_language = last_language
    return asr


def attempt(**changes: Any) -> dict[str, Any]:
    said = "What is the weather like today, and will it rain?"
    return {"text": said, "language": "en", "language_score": 0.9, "duration_s": 4.0, **changes}


@pytest.mark.parametrize(
    ("changes", "last_language", "is_whole"),
    [
        ({}, "", True),
        ({"text": "What"}, "", False),  # far less text than 4 s of speech hold
        ({"language_score": 0.45}, "", False),
        ({"language_score": 0.45}, "en", True),  # still the language spoken so far
        ({"language_score": 0.45}, "zh", False),
        ({"language_score": 0.3}, "en", False),
        ({"language_score": 0.4, "duration_s": 1.3}, "", True),  # too short to tell more
        ({"language_score": 0.3, "duration_s": 1.3}, "", False),
        ({"language": "zh", "text": "今天天气怎么样", "duration_s": 4.0}, "", True),
    ],
)
def test_what_counts_as_whole(changes: dict[str, Any], last_language: str, is_whole: bool) -> None:
    assert whisper(last_language)._is_whole(attempt(**changes)) is is_whole
