"""Smart Turn: from the sound of the last seconds, is a turn over? Plain ONNX, Whisper features.

The operating point (a probability) and the longest wait are settings of the conversation.
"""

from pathlib import Path

import numpy as np
import onnxruntime

from omnilive.catalog import fetch
from omnilive.core.errors import BackendError
from omnilive.core.worker import Worker
from omnilive.dialogue.config import DialogueConfig

RATE_HZ, WINDOW_S = 16000, 8
WINDOW = RATE_HZ * WINDOW_S
FFT, HOP, MELS = 400, 160, 80
FLOOR = 1e-10
MODEL = "smart-turn-v3.2"


class SmartTurn:
    """One set of weights; a judgement costs some 0.1 s on one core."""

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = folder / "smart-turn-v3.2-cpu.onnx"
        try:
            self._net = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise BackendError(f"cannot load Smart Turn from {path}: {error}") from error
        self._mel = mel_filters()

    def probability(self, pcm: np.ndarray) -> float:
        """Return how sure it is that (S,) float32 16 kHz speech is a whole turn."""
        features = log_mel(window_of(pcm), self._mel)
        (out,) = self._net.run(None, {"input_features": features[None]})
        return float(np.asarray(out).reshape(-1)[0])


class TurnJudge:
    """Smart Turn on a thread of its own, beside the transcription; shared by all lines."""

    def __init__(self, model: SmartTurn) -> None:
        self._model, self._worker = model, Worker("end-of-turn")

    async def probability(self, pcm: np.ndarray) -> float:
        """Return how sure it is that (S,) float32 16 kHz speech, up to now, is a whole turn."""
        return await self._worker.call(self._model.probability, pcm)

    def close(self) -> None:
        """Let the worker end."""
        self._worker.close()


def load_end_of_turn(config: DialogueConfig) -> TurnJudge | None:
    """Load the model that the config names; None for silence alone. Blocks for 0.1 s or so."""
    if config.end_of_turn == "silence":
        return None
    judge = TurnJudge(SmartTurn(fetch.path(MODEL)))
    judge._model.probability(np.zeros(RATE_HZ, np.float32))  # the first run is the slowest
    return judge


def window_of(pcm: np.ndarray) -> np.ndarray:
    """Return the last 8 s, with zeros before what is shorter, normalised. Shapes: (128000,)."""
    pcm = pcm[-WINDOW:].astype(np.float32)
    padded = np.concatenate([np.zeros(WINDOW - len(pcm), np.float32), pcm])
    return (padded - padded.mean()) / np.sqrt(padded.var() + 1e-7)


def log_mel(pcm: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Return Whisper's log-mel features. Shapes: (S,) -> (80, S / 160) float32."""
    padded = np.pad(pcm, FFT // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP][:-1]
    hann = np.hanning(FFT + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(frames * hann)) ** 2
    log = np.log10(np.maximum(filters @ power.T, FLOOR))
    log = np.maximum(log, log.max() - 8.0)
    return ((log + 4.0) / 4.0).astype(np.float32)


def mel_filters() -> np.ndarray:
    """Return Slaney's mel filters, each of the same area. Shapes: (80, 201)."""
    edges_hz = _hz(np.linspace(_mel(np.zeros(1))[0], _mel(np.array([8000.0]))[0], MELS + 2))
    bins_hz = np.linspace(0, RATE_HZ / 2, FFT // 2 + 1)
    low, mid, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    up, down = (bins_hz - low) / (mid - low), (high - bins_hz) / (high - mid)
    return (np.maximum(0, np.minimum(up, down)) * 2 / (high - low)).astype(np.float32)


def _mel(hz: np.ndarray) -> np.ndarray:
    """Linear below 1 kHz, logarithmic above."""
    log = 15.0 + 27.0 * np.log(np.maximum(hz, 1000.0) / 1000.0) / np.log(6.4)
    return np.where(hz < 1000.0, hz * 3 / 200, log)


def _hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15.0, mel * 200 / 3, 1000.0 * np.exp(np.log(6.4) * (mel - 15.0) / 27.0))
