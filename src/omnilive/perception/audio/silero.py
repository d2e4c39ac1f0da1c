"""Silero VAD: speech probability of every 32 ms of sound, by ONNX Runtime."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime

CONTEXT = 64  # samples of the previous window that the model wants to see again


@dataclass(slots=True)
class SileroState:
    """The recurrent state of one stream."""

    hidden: np.ndarray = field(default_factory=lambda: np.zeros((2, 1, 128), np.float32))
    context: np.ndarray = field(default_factory=lambda: np.zeros(CONTEXT, np.float32))
    tail: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))


class SileroVAD:
    """One set of weights serves any number of streams; each has its own state."""

    rate_hz = 16000
    window = 512

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._net = onnxruntime.InferenceSession(
            str(folder / "silero_vad.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._rate = np.array(self.rate_hz, np.int64)

    def init_state(self) -> SileroState:
        """Return the state of a stream that has not begun."""
        return SileroState()

    def step(self, pcm: np.ndarray, state: SileroState) -> np.ndarray:
        """Feed (S,) float32 samples; return (W,) probabilities, one per completed window."""
        samples = np.concatenate([state.tail, pcm])
        count = len(samples) // self.window
        probs = np.zeros(count, np.float32)
        for i in range(count):
            window = samples[i * self.window : (i + 1) * self.window]
            probs[i] = self._window(window, state)
        state.tail = samples[count * self.window :]
        return probs

    def _window(self, window: np.ndarray, state: SileroState) -> float:
        inputs = np.concatenate([state.context, window])[None].astype(np.float32)
        feed = {"input": inputs, "state": state.hidden, "sr": self._rate}
        prob, hidden = (np.asarray(output) for output in self._net.run(None, feed))
        state.hidden = hidden
        state.context = window[-CONTEXT:]
        return float(prob[0, 0])
