"""What a voice must be. Plain sync code, called from one worker thread."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np


class Voice(Protocol):
    """Reads text out."""

    name: str
    languages: Sequence[str]
    rate_hz: int

    def can_say(self, text: str) -> bool:
        """Tell whether the voice knows the language (script) of the text."""
        ...

    def stream(self, text: str) -> Iterator[np.ndarray]:
        """Yield (S,) float32 mono pieces, soon after each is ready; BackendError on failure."""
        ...
