"""English speech by hibari: 8 MB of weights inside its package, a hundred times real time."""

from collections.abc import Iterator

import numpy as np

from omnilive.core.errors import BackendError, ConfigError
from omnilive.speech.config import SpeechConfig
from omnilive.speech.spoken import has_words, is_latin, spoken

LOUD = 0.01  # samples above this are speech
LEAD_S, TAIL_S = 0.02, 0.06  # kept around the speech of a phrase, which comes with 0.3 s each
SENTENCE_PAUSE_S, CLAUSE_PAUSE_S = 0.24, 0.1


class HibariVoice:
    """One phrase at a time: short ones take some 20 ms."""

    name = "hibari"
    languages = ("en",)

    def __init__(self, config: SpeechConfig | None = None) -> None:
        from hibari import SAMPLE_RATE, Hibari
        from hibari.voices import DEFAULT, VOICES, voice_path

        config = config or SpeechConfig()
        speaker = config.speaker or DEFAULT
        if speaker not in VOICES:
            known = ", ".join(sorted(VOICES))
            raise ConfigError(f"speech.speaker: hibari has no {speaker!r}; choose from {known}")
        try:
            path = voice_path(speaker, download_missing=False)
            self._hibari = Hibari(speaker, path)
        except FileNotFoundError as error:
            raise BackendError(
                f"the weights of hibari's voice {speaker!r} are not on this machine: fetch them "
                f'with `hibari --voice {speaker} "hello" -o hello.wav`, or leave speech.speaker '
                "empty"
            ) from error
        self.rate_hz = SAMPLE_RATE
        self._speed = config.speed
        self._hibari("Ready.")  # loads the dictionary, so that no answer waits for it

    def can_say(self, text: str) -> bool:
        """Tell whether the text is in Latin script: other Latin languages sound English."""
        return is_latin(text)

    def stream(self, text: str) -> Iterator[np.ndarray]:
        """Yield the phrase, sentence by sentence."""
        said = spoken(text)
        if not has_words(said):
            return
        pause_s = SENTENCE_PAUSE_S if said[-1] in ".!?…" else CLAUSE_PAUSE_S
        try:
            for pcm in self._hibari.stream(said, self._speed):
                yield _trimmed(pcm, self.rate_hz, pause_s)
        except Exception as error:  # a library of research code: any of its errors is the same
            raise BackendError(f"hibari could not say {said[:60]!r}: {error}") from error


def _trimmed(pcm: np.ndarray, rate_hz: int, pause_s: float) -> np.ndarray:
    """Cut the silence around speech, and end with a pause of the wanted length."""
    loud = np.flatnonzero(np.abs(pcm) > LOUD)
    if not len(loud):
        return np.zeros(0, np.float32)
    first = max(0, int(loud[0]) - round(LEAD_S * rate_hz))
    last = min(len(pcm), int(loud[-1]) + round(TAIL_S * rate_hz))
    return np.concatenate([pcm[first:last], np.zeros(round(pause_s * rate_hz), np.float32)])
