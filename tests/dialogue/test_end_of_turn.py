"""Smart Turn's features against another implementation, and the model on real speech."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from omnilive.catalog import fetch
from omnilive.core.errors import BackendError
from omnilive.dialogue.config import DialogueConfig
from omnilive.dialogue.end_of_turn import (
    MODEL,
    WINDOW,
    SmartTurn,
    load_end_of_turn,
    log_mel,
    mel_filters,
    window_of,
)


def test_features_equal_those_of_whisper() -> None:
    from faster_whisper.feature_extractor import FeatureExtractor

    rng = np.random.default_rng(0)
    pcm = (rng.normal(size=WINDOW) * np.linspace(0, 1, WINDOW) ** 2).astype(np.float32)
    wanted = FeatureExtractor(chunk_length=8)(pcm, padding=0)
    found = log_mel(pcm, mel_filters())
    assert found.shape == (80, 800) and found.dtype == np.float32
    assert np.abs(found - wanted).max() < 1e-4


def test_a_tone_lies_in_its_band() -> None:
    filters = mel_filters()
    tone = np.sin(2 * np.pi * 1000 * np.arange(WINDOW) / 16000).astype(np.float32)
    loudest = int(log_mel(tone, filters).mean(axis=1).argmax())
    peak_hz = filters[loudest].argmax() * 16000 / 400
    assert abs(peak_hz - 1000) < 60


@pytest.mark.parametrize("seconds", [0.0, 1.0, 8.0, 20.0])
def test_the_window_ends_with_the_sound_and_is_normalised(seconds: float) -> None:
    pcm = np.linspace(-0.5, 0.5, round(seconds * 16000), dtype=np.float32)
    window = window_of(pcm)
    assert window.shape == (WINDOW,)
    if seconds:
        assert abs(window.mean()) < 1e-3 and window.std() == pytest.approx(1, abs=1e-3)
        assert window[-1] == window.max()
    if 0 < seconds < 8:
        assert len(set(window[: WINDOW - len(pcm)].tolist())) == 1  # silence before it


def test_a_damaged_model_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "smart-turn-v3.2-cpu.onnx").write_bytes(b"no model")
    with pytest.raises(BackendError, match="smart-turn"):
        SmartTurn(tmp_path)


def test_silence_alone_needs_no_model() -> None:
    assert load_end_of_turn(DialogueConfig(end_of_turn="silence")) is None


@pytest.mark.models
def test_a_whole_question_scores_above_its_first_half() -> None:
    from omnilive.speech.hibari import HibariVoice

    voice, model = HibariVoice(), SmartTurn(fetch.path(MODEL))
    quiet = np.zeros(3200, np.float32)
    wins = 0
    questions = [
        "What was the first thing that you saw on the table?",
        "How many people have been in the room since this morning?",
        "Could you tell me when the red car drove away from the house?",
    ]
    for question in questions:
        from omnilive.dialogue.response import resampled

        pcm = resampled(np.concatenate(list(voice.stream(question))), 24000, 16000)
        half = pcm[: len(pcm) // 2]
        whole = model.probability(np.concatenate([pcm, quiet]))
        wins += whole > 0.5 and whole > model.probability(np.concatenate([half, quiet]))
    assert wins >= 2


@pytest.mark.models
def test_the_judge_works_beside_the_loop() -> None:
    async def ask() -> float:
        judge = load_end_of_turn(DialogueConfig())
        assert judge is not None
        try:
            return await judge.probability(np.zeros(16000, np.float32))
        finally:
            judge.close()

    assert 0.0 <= asyncio.run(ask()) <= 1.0
