"""What the voice benchmark says into the microphone: recorded speech, synthetic questions, noises.

Everything is (S,) float32 at 48 kHz. `speech_s` of a clip is its true extent of speech.
"""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from common import SHARED

RATE_HZ = 48000
FRAME = RATE_HZ // 100

# Questions that people really asked, in recordings of the shared set: (file, from s, to s).
RECORDED = (
    ("en-us_zh-cn", 0.0, 1.6),  # What's the weather like today?
    ("en-us_zh-cn", 6.0, 8.1),  # How do I go to that bus stop?
    ("en-us_zh-cn", 13.3, 16.0),  # Can you tell me where is the library?
    ("katiesteve", 3.5, 11.7),  # Have you tried the latest real time diarization ...?
    ("katiesteve", 21.0, 24.0),  # Is the new feature can diarize in real time?
)
SIMPLE = (
    "What do you see right now?",
    "How many bottles are on the table now?",
    "Is there a person in the picture?",
    "What colour is it?",
    "Can you see a dog now?",
    "What is in front of the camera?",
)
MEMORY = (
    "What did somebody say about the country?",
    "When did you first see a bottle?",
    "What was said at the beginning?",
    "How many bottles did you see so far?",
    "When did I ask about the dog?",
    "Did anybody mention a printer?",
)
INTERRUPTIONS = (
    "Stop, that is enough.",
    "Wait, what about the table?",
    "No, I meant something else.",
    "Hold on, please tell me the time.",
)
BACKCHANNELS = (
    "Mm-hmm.",
    "Okay.",
    "Yeah.",
    "Right.",
    "Uh-huh.",
    "I see.",
    "Thank you.",
    "Oh, wow.",
)


@dataclass(frozen=True)
class Sound:
    """A sound and what it is; `made` says how it came to be."""

    name: str
    kind: str
    made: str
    pcm: np.ndarray

    @property
    def speech_s(self) -> tuple[float, float]:
        """Seconds of the first and after the last frame within 32 dB of the loudest."""
        count = len(self.pcm) // FRAME
        level = np.sqrt(np.mean(self.pcm[: count * FRAME].reshape(count, FRAME) ** 2, axis=1))
        loud = np.flatnonzero(level > level.max() * 10 ** (-32 / 20))
        return float(loud[0] * FRAME / RATE_HZ), float((loud[-1] + 1) * FRAME / RATE_HZ)


def recorded(name: str, start_s: float, end_s: float) -> Sound:
    """Cut one question out of a recording of the shared set."""
    pcm = read(SHARED / "speech" / f"{name}.flac")[
        round(start_s * RATE_HZ) : round(end_s * RATE_HZ)
    ]
    return Sound(f"{name} {start_s:.0f} s", "recorded", "recorded", _level(pcm))


def read(path: Path) -> np.ndarray:
    """Decode a sound file."""
    resampler = av.AudioResampler("flt", "mono", RATE_HZ)
    with av.open(str(path)) as file:
        frames = [f for frame in file.decode(audio=0) for f in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


class Synthesis:
    """Sentences by hibari at different speeds."""

    def __init__(self) -> None:
        from hibari import Hibari

        self._hibari = Hibari()

    def say(self, text: str, kind: str, speed: float, pitch: float = 1.0) -> Sound:
        """Return a sentence; `pitch` shifts it (and its speed) as a faster tape does."""
        pcm = self._hibari(text, speed, seed=1)
        pcm = resample(pcm, round(24000 * pitch), RATE_HZ)
        made = f"synthetic (hibari, speed {speed}, pitch {pitch:.2f})"
        return Sound(text, kind, made, _level(pcm))


def resample(pcm: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Return the sound at another rate."""
    at = np.arange(0, len(pcm), from_hz / to_hz)
    return np.interp(at, np.arange(len(pcm)), pcm).astype(np.float32)


def noises(rng: np.random.Generator, count: int) -> list[Sound]:
    """Return generated claps, knocks, cough-like bursts, clinks, rustling and music, in turn."""
    makers = {
        "clap": _clap, "knock": _knock, "cough": _cough, "clink": _clink, "rustle": _rustle,
        "music": _music,
    }  # fmt: skip
    names = list(makers)
    return [
        Sound(name, "noise", "generated", _level(makers[name](rng), 0.5))
        for name in (names[i % len(names)] for i in range(count))
    ]


def backchannels(rng: np.random.Generator, count: int, voice: Synthesis) -> list[Sound]:
    """Return short acknowledgements at varied speed and pitch."""
    return [
        voice.say(
            BACKCHANNELS[i % len(BACKCHANNELS)], "back-channel",
            round(float(rng.uniform(0.8, 1.3)), 2), float(rng.uniform(0.8, 1.15)),
        )
        for i in range(count)
    ]  # fmt: skip


def _level(pcm: np.ndarray, peak: float = 0.6) -> np.ndarray:
    return (pcm / max(1e-6, float(np.abs(pcm).max())) * peak).astype(np.float32)


def _decay(seconds: float, tau_s: float) -> np.ndarray:
    return np.exp(-np.arange(round(seconds * RATE_HZ)) / RATE_HZ / tau_s)


def _band(rng: np.random.Generator, seconds: float, low_hz: float, high_hz: float) -> np.ndarray:
    spectrum = np.fft.rfft(rng.normal(size=round(seconds * RATE_HZ)))
    hz = np.fft.rfftfreq(round(seconds * RATE_HZ), 1 / RATE_HZ)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    return np.fft.irfft(spectrum, round(seconds * RATE_HZ))


def _clap(rng: np.random.Generator) -> np.ndarray:
    return _band(rng, 0.25, 800, 5000) * _decay(0.25, 0.02)


def _knock(rng: np.random.Generator) -> np.ndarray:
    gap = np.zeros(round(rng.uniform(0.12, 0.25) * RATE_HZ))
    one = _band(rng, 0.12, 80, 500) * _decay(0.12, 0.025)
    return np.concatenate([one, gap, one, gap, one])


def _cough(rng: np.random.Generator) -> np.ndarray:
    length_s = rng.uniform(0.2, 0.35)
    burst = _band(rng, length_s, 250, 3500) * _decay(length_s, 0.07)
    return np.concatenate([burst, np.zeros(round(0.1 * RATE_HZ)), 0.6 * burst])


def _clink(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(round(0.5 * RATE_HZ)) / RATE_HZ
    tones = [np.sin(2 * np.pi * hz * t) for hz in rng.uniform(1800, 6000, 4)]
    return np.sum(tones, axis=0) * np.exp(-t / 0.1)


def _rustle(rng: np.random.Generator) -> np.ndarray:
    noise = _band(rng, 1.0, 1500, 9000)
    return noise * np.repeat(rng.uniform(0, 1, 50), RATE_HZ // 50)


def _music(rng: np.random.Generator) -> np.ndarray:
    t = np.arange(round(1.5 * RATE_HZ)) / RATE_HZ
    out = np.zeros(len(t))
    for i, note in enumerate(rng.choice([0, 2, 4, 5, 7, 9, 11, 12], 5)):
        hz, at = 261.6 * 2 ** (note / 12), t - i * 0.3
        env = np.where(at >= 0, np.exp(-np.clip(at, 0, 9) / 0.4), 0)
        out += env * sum(np.sin(2 * np.pi * hz * k * t) / k for k in (1, 2, 3))
    return out
