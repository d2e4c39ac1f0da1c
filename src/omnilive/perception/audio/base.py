"""What an audio backend must be. All are plain sync code, called from one worker thread each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

S = TypeVar("S")


class Word(NamedTuple):
    """One spoken word; times in seconds from the start of the sound it was heard in."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said in one piece of sound. An empty text means: no speech understood."""

    text: str
    words: tuple[Word, ...] = ()
    language: str = ""
    confidence: float = 0.0


class VAD(Protocol[S]):
    """Streaming voice activity detector."""

    rate_hz: int
    window: int
    """Samples in one decision."""

    def init_state(self) -> S:
        """Return the state of a stream that has not begun."""
        ...

    def step(self, pcm: np.ndarray, state: S) -> np.ndarray:
        """Feed (S,) float32 samples; return the speech probability of each window completed."""
        ...


class ASR(Protocol):
    """Recogniser of one utterance at a time."""

    rate_hz: int

    def transcribe(self, pcm: np.ndarray, *, quick: bool = False) -> Transcript:
        """Return the words in (S,) float32 samples; `quick` trades accuracy for time."""
        ...


class SoundClassifier(Protocol):
    """Names what is heard in a window of sound."""

    rate_hz: int
    window_s: float
    labels: Sequence[str]

    def classify(self, pcm: np.ndarray) -> dict[str, float]:
        """Return the share (0 to 1) of the (S,) float32 window in which each label is heard."""
        ...
