"""Sentence embeddings: all-MiniLM-L6-v2 (int8) by ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from omnilive.core.errors import BackendError


class MiniLM:
    """384 dimensions, English; the mean of the last hidden state over the tokens."""

    name = "all-MiniLM-L6-v2-int8"
    latin_only = True  # of other scripts it reads nothing

    def __init__(self, folder: Path, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            self._net = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # both libraries raise bare exceptions of their own
            raise BackendError(f"cannot load the embedding model from {folder}: {error}") from error
        self._tokenizer.enable_truncation(256)
        self._tokenizer.enable_padding()
        self._inputs = {item.name for item in self._net.get_inputs()}

    def embed(self, texts: list[str]) -> np.ndarray:
        """Return (N, 384) float32 unit vectors."""
        hidden, mask = self._hidden(texts)
        if hidden.ndim == 3:
            weights = mask[:, :, None].astype(np.float32)
            hidden = (hidden * weights).sum(axis=1) / weights.sum(axis=1)
        norms = np.linalg.norm(hidden, axis=1, keepdims=True)
        return (hidden / np.maximum(norms, 1e-9)).astype(np.float32)

    def tokens(self, text: str) -> np.ndarray:
        """Return (L, 384) float32: the last hidden state of each token, not normalised."""
        hidden, mask = self._hidden([text])
        return hidden[0][mask[0] > 0].astype(np.float32)

    def _hidden(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        encoded = self._tokenizer.encode_batch(texts)
        mask = np.array([e.attention_mask for e in encoded], np.int64)
        feed = {
            "input_ids": np.array([e.ids for e in encoded], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        feed = {name: value for name, value in feed.items() if name in self._inputs}
        return np.asarray(self._net.run(None, feed)[0]), mask
