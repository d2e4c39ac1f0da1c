"""The voice at the rate of a telephone."""

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler


class Resampler:
    """Takes a stream of samples piece by piece to another rate."""

    def __init__(self, rate_hz: int) -> None:
        self._resampler = AudioResampler("flt", "mono", rate_hz)

    def add(self, pcm: np.ndarray, rate_hz: int) -> np.ndarray:
        """Return what is ready of the samples so far. Shapes: (S,) -> (S',) float32."""
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(pcm, np.float32)[None], "flt", "mono")
        frame.sample_rate = rate_hz
        return self._made(frame)

    def rest(self) -> np.ndarray:
        """Return what is left at the end."""
        return self._made(None)

    def _made(self, frame: AudioFrame | None) -> np.ndarray:
        parts = [part.to_ndarray().reshape(-1) for part in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)
