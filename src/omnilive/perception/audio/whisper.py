"""Whisper by CTranslate2, on windows as short as the utterance instead of always 30 s."""

from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from omnilive.core.errors import BackendError
from omnilive.perception.audio.base import Transcript, Word
from omnilive.perception.config import WhisperConfig

FRAMES_PER_S = 100
FULL_WINDOW = 3000
BRIEF_S = 2.0
SIMPLIFIED = "以下是普通话的句子。"  # nudges Whisper towards simplified characters and punctuation


class WhisperASR:
    """One utterance in, words out. Not thread-safe: owned by one worker."""

    rate_hz = 16000

    def __init__(self, folder: Path, config: WhisperConfig | None = None) -> None:
        self.config = config or WhisperConfig()
        try:
            self._whisper = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=self.config.threads
            )
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"cannot load Whisper from {folder}: {error}") from error
        self._last_language = ""

    def transcribe(self, pcm: np.ndarray, *, quick: bool = False) -> Transcript:
        """Return the words in (S,) float32 samples of 16 kHz, at most 30 s."""
        best = self._attempt(pcm, self.config.min_window_s, 1 if quick else self.config.beam_size)
        if not quick and not (self._is_sound(best) and self._is_whole(best)):
            # Short windows are off Whisper's training; the full one is slower and steadier.
            full = self._attempt(pcm, 30.0, 5)
            if self._is_sound(full) or not self._is_sound(best):
                best = full
        if not self._is_sound(best):
            return Transcript(text="")
        if not quick:
            self._last_language = best["language"]
        words = () if quick else self._words(best)
        confidence = float(np.exp(best["logprob"]))
        return Transcript(
            text=best["text"], words=words, language=best["language"], confidence=confidence
        )

    def _attempt(self, pcm: np.ndarray, window_s: float, beam_size: int) -> dict[str, Any]:
        features = self._whisper.feature_extractor(pcm)
        length = features.shape[-1]
        window = min(FULL_WINDOW, max(int(window_s * FRAMES_PER_S), -(-length // 100) * 100))
        encoded = self._whisper.encode(pad_or_trim(features, window))
        language, language_score = self._language(encoded)
        tokenizer = Tokenizer(
            self._whisper.hf_tokenizer, True, task="transcribe", language=language
        )
        result = self._whisper.model.generate(
            encoded,
            [self._prompt(tokenizer, language)],
            beam_size=beam_size,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            max_length=min(448, 16 + int(length / FRAMES_PER_S * 12)),
            no_repeat_ngram_size=5,
        )[0]
        tokens = [t for t in result.sequences_ids[0] if t < tokenizer.eot]
        return {
            "text": tokenizer.decode(tokens).strip(),
            "tokens": tokens,
            "logprob": result.scores[0] * (len(tokens) / (len(tokens) + 1)),
            "no_speech": result.no_speech_prob,
            "language": language,
            "language_score": language_score,
            "encoded": encoded,
            "frames": min(length, window),
            "tokenizer": tokenizer,
            "duration_s": len(pcm) / self.rate_hz,
        }

    def _prompt(self, tokenizer: Tokenizer, language: str) -> list[int]:
        # With time stamps allowed, Whisper is less apt to stop after the first sentence.
        start = list(tokenizer.sot_sequence)
        if language != "zh":
            return start
        return [tokenizer.sot_prev, *tokenizer.encode(" " + SIMPLIFIED), *start]

    def _language(self, encoded: Any) -> tuple[str, float]:
        scores = {
            token[2:-2]: score for token, score in self._whisper.model.detect_language(encoded)[0]
        }
        if self.config.languages:
            scores = {code: scores.get(code, 0.0) for code in self.config.languages}
        best = max(scores, key=lambda code: scores[code])
        # A short utterance is weak evidence: stay with the language spoken so far.
        if scores[best] < 0.5 and scores.get(self._last_language, 0.0) > 0.1:
            return self._last_language, scores[self._last_language]
        return best, scores[best]

    def _is_sound(self, attempt: dict[str, Any]) -> bool:
        text = attempt["text"]
        if not any(c.isalnum() for c in text):
            return False
        if attempt["no_speech"] > self.config.max_no_speech and attempt["logprob"] < -0.5:
            return False
        too_fast = len(text) > 12 + 40 * attempt["duration_s"]
        return (
            attempt["logprob"] > self.config.min_logprob and not too_fast and not self._loops(text)
        )

    def _is_whole(self, attempt: dict[str, Any]) -> bool:
        """Tell whether there is as much text, and of as sure a language, as speech would give."""
        text, dense = attempt["text"], attempt["language"] in ("zh", "ja", "ko")
        least = (1.2 if dense else 6.0) * max(0.0, attempt["duration_s"] - 1.0)
        return len(text) >= least and self._is_sure_of_language(attempt)

    def _is_sure_of_language(self, attempt: dict[str, Any]) -> bool:
        """A word or two tell little of their language, and it seldom changes: no second look."""
        is_brief = attempt["duration_s"] < BRIEF_S
        is_same = attempt["language"] == self._last_language
        return attempt["language_score"] >= (0.35 if is_brief or is_same else 0.5)

    def _loops(self, text: str) -> bool:
        import zlib

        data = text.encode()
        return len(data) > 40 and len(data) / len(zlib.compress(data)) > self.config.max_repetition

    def _words(self, attempt: dict[str, Any]) -> tuple[Word, ...]:
        aligned = self._whisper.find_alignment(
            attempt["tokenizer"], [attempt["tokens"]], attempt["encoded"], attempt["frames"]
        )
        words = aligned[0] if aligned else []
        return tuple(
            Word(w["word"].strip(), float(w["start"]), float(w["end"]), float(w["probability"]))
            for w in words
            if w["word"].strip()
        )
