"""Models that need no weights: they obey the protocols and see what tests/story.py draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from omnilive.config import MemoryConfig, SessionConfig
from omnilive.core.worker import Worker
from omnilive.memory.search.words import content_words
from omnilive.perception.audio.base import Transcript, Word
from omnilive.perception.config import PerceptionConfig
from omnilive.perception.senses import Senses
from omnilive.perception.video.base import Box, Detection, TextLine
from omnilive.reasoning.config import ReasoningConfig

RATE_HZ = 16000
LOUD = 0.02  # RMS from which the fakes hear something
WORDS = "alpha bravo charlie delta echo foxtrot golf hotel india juliet".split()
LABELS = {"red": "car", "blue": "dog", "yellow": "bus"}
RGB = {"red": (220, 0, 0), "blue": (0, 0, 220), "yellow": (220, 220, 0)}
CARDS = {  # colour of the strip at the bottom -> what the reader reads there
    (0, 220, 0): "WELCOME ABOARD",
    (220, 0, 220): "EXIT ON THE LEFT",
}
STRIP = 0.2  # share of the height that a card covers


def pitch_of(word: str) -> float:
    """Hz of the tone that stands for a word."""
    return 400.0 + 150.0 * WORDS.index(word)


def loudness(pcm: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(pcm)))) if len(pcm) else 0.0


@dataclass(slots=True)
class FakeVADState:
    tail: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))


class FakeVAD:
    """Anything loud is speech."""

    rate_hz = RATE_HZ
    window = 512

    def init_state(self) -> FakeVADState:
        return FakeVADState()

    def step(self, pcm: np.ndarray, state: FakeVADState) -> np.ndarray:
        samples = np.concatenate([state.tail, pcm])
        count = len(samples) // self.window
        windows = samples[: count * self.window].reshape(count, self.window)
        state.tail = samples[count * self.window :]
        return np.array([0.95 if loudness(w) > LOUD else 0.02 for w in windows], np.float32)


class ScriptedVAD(FakeVAD):
    """Each sample's value is the probability: the sound of a test is its own script."""

    def step(self, pcm: np.ndarray, state: FakeVADState) -> np.ndarray:
        samples = np.concatenate([state.tail, pcm])
        count = len(samples) // self.window
        state.tail = samples[count * self.window :]
        return samples[: count * self.window].reshape(count, self.window).mean(axis=1)


class FakeASR:
    """Each tone of a known pitch is a word. `heard` counts the calls."""

    rate_hz = RATE_HZ
    _frame = 320  # samples: 20 ms

    def __init__(self) -> None:
        self.heard = 0

    def transcribe(self, pcm: np.ndarray, *, quick: bool = False) -> Transcript:
        self.heard += 1
        words = [self._word(pcm, a, b) for a, b in self._loud_runs(pcm) if b - a >= 3]
        text = " ".join(word.text for word in words)
        shown = () if quick else tuple(words)
        return Transcript(text=text, words=shown, language="en" if text else "", confidence=0.9)

    def _loud_runs(self, pcm: np.ndarray) -> list[tuple[int, int]]:
        count = len(pcm) // self._frame
        frames = pcm[: count * self._frame].reshape(count, self._frame)
        loud = np.array([0, *(loudness(f) > LOUD for f in frames), 0])
        edges = np.flatnonzero(np.diff(loud))
        return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))

    def _word(self, pcm: np.ndarray, first: int, stop: int) -> Word:
        tone = pcm[first * self._frame : stop * self._frame]
        spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), RATE_HZ))
        text = min(WORDS, key=lambda word: abs(pitch_of(word) - float(spectrum.argmax())))
        frame_s = self._frame / RATE_HZ
        return Word(text, first * frame_s, stop * frame_s, 0.9)


class FakeSounds:
    """Hears "music" where `is_music` of a sample says so, and nothing else."""

    rate_hz = RATE_HZ
    labels = ("speech", "singing", "music")

    def __init__(self, window_s: float = 2.0, level: float = 0.8) -> None:
        self.window_s, self._level = window_s, level

    def classify(self, pcm: np.ndarray) -> dict[str, float]:
        loud = float(np.mean(np.abs(pcm) >= self._level)) if len(pcm) else 0.0
        return {"speech": 0.0, "singing": 0.0, "music": loud}


class FakeDetector:
    """Finds squares of three pure colours: a car, a dog, a bus."""

    labels = tuple(LABELS.values())

    def __init__(self, score: float = 0.9) -> None:
        self._score = score

    def detect(self, rgb: np.ndarray) -> list[Detection]:
        found = []
        for colour, label in LABELS.items():
            near = np.abs(rgb.astype(int) - RGB[colour]).max(axis=2) < 60
            if near.mean() > 0.005:
                found.append(Detection(label, self._score, box_around(near)))
        return found


class ScriptedDetector:
    """Says what the test lays down for each picture in turn, then nothing."""

    labels = tuple(LABELS.values())

    def __init__(self, script: Sequence[list[Detection]]) -> None:
        self._script = list(script)

    def detect(self, rgb: np.ndarray) -> list[Detection]:
        return self._script.pop(0) if self._script else []


class FakeReader:
    """Reads the card that the colour of the strip at the bottom stands for."""

    def __init__(self) -> None:
        self.read_count = 0

    def read(self, rgb: np.ndarray) -> list[TextLine]:
        self.read_count += 1
        strip = rgb[-max(1, int(len(rgb) * STRIP / 2)) :].reshape(-1, 3).mean(axis=0)
        for colour, text in CARDS.items():
            if np.abs(strip - colour).max() < 60:
                return [TextLine(text, 0.97, Box(0.0, 1 - STRIP, 1.0, 1.0))]
        return []


class FakeTagger:
    """A bright picture is "snow, winter", any other is nothing in particular."""

    def tag(self, rgb: np.ndarray) -> list[tuple[str, float]]:
        bright = float(rgb.mean()) > 180
        return [("snow, winter", 0.9)] if bright else [("nothing", 0.2)]


class FakeEmbedder:
    """Bags of words: two texts are as alike as the words they share."""

    name = "fake"
    width = 256

    def embed(self, texts: list[str]) -> np.ndarray:
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> np.ndarray:
        vector = np.full(self.width, 1e-4, np.float32)
        for word in content_words(text):
            vector[sum(ord(c) * (i + 7) for i, c in enumerate(word)) % self.width] += 1.0
        return vector / np.linalg.norm(vector)


def box_around(mask: np.ndarray) -> Box:
    """The box around all true pixels of an (H, W) mask."""
    ys, xs = np.nonzero(mask)
    height, width = mask.shape
    x0, x1 = float(xs.min() / width), float((xs.max() + 1) / width)
    return Box(x0, float(ys.min() / height), x1, float((ys.max() + 1) / height))


def fake_senses(*, without: Sequence[str] = (), asr: FakeASR | None = None) -> Senses:
    """A set of fakes with workers of its own; close it."""
    models: dict[str, Callable[[], object]] = {
        "vad": FakeVAD,
        "asr": lambda: asr or FakeASR(),
        "sounds": FakeSounds,
        "detector": FakeDetector,
        "tagger": FakeTagger,
        "reader": FakeReader,
    }
    made = {name: None if name in without else make() for name, make in models.items()}
    workers = {f"{name}_worker": Worker(name) for name in ("eye", "read", "ear", "asr")}
    return Senses(**made, **workers)  # type: ignore[arg-type]


FAKE_CONFIG = SessionConfig(
    perception=PerceptionConfig(partial_every_s=0.5),
    memory=MemoryConfig(embedder="off"),
    reasoning=ReasoningConfig(backend="scripted"),
)
