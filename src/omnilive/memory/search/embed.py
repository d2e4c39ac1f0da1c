"""What makes vectors of sentences; see minilm.py for the one that is used by default."""

from typing import Protocol

import numpy as np


class Embedder(Protocol):
    """Text to vectors. Thread-safe."""

    name: str

    def embed(self, texts: list[str]) -> np.ndarray:
        """Return (N, D) float32 unit vectors."""
        ...
