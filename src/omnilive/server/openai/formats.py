"""The three audio formats of the Realtime API: bytes in, float samples out, and back."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from omnilive.server.openai.problems import Problem


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How samples are written, mono; `name` is OpenAI's."""

    name: str
    rate_hz: int
    width_bytes: int

    def decode(self, data: bytes) -> np.ndarray:
        """Return the samples; raises Problem for a half sample. Shapes: (S,) float32."""
        if len(data) % self.width_bytes:
            raise Problem(
                f"{len(data)} bytes are no whole number of samples of {self.name}",
                code="invalid_audio", param="audio",
            )  # fmt: skip
        if self.width_bytes == 2:
            return np.frombuffer(data, "<i2").astype(np.float32) / 32768
        return _table(self.name)[np.frombuffer(data, np.uint8)] / np.float32(32768)

    def encode(self, pcm: np.ndarray) -> bytes:
        """Return the bytes of (S,) float32 samples."""
        levels = np.clip(np.rint(pcm * 32768), -32768, 32767)
        if self.width_bytes == 2:
            return levels.astype("<i2").tobytes()
        order, middles = _nearest(self.name)
        return order[np.searchsorted(middles, levels)].tobytes()

    def seconds(self, size_bytes: int) -> float:
        """Return how long so many bytes last."""
        return size_bytes / self.width_bytes / self.rate_hz

    def as_json(self) -> dict[str, Any]:
        """The form in a session's settings."""
        rate = {"rate": self.rate_hz} if self.name == "audio/pcm" else {}
        return {"type": self.name, **rate}


PCM = AudioFormat("audio/pcm", 24000, 2)
FORMATS = {
    item.name: item
    for item in (PCM, AudioFormat("audio/pcmu", 8000, 1), AudioFormat("audio/pcma", 8000, 1))
}


def format_of(value: Any, param: str) -> AudioFormat:
    """Return the format that a session's settings name; raises Problem."""
    name = value.get("type") if isinstance(value, dict) else None
    found = FORMATS.get(name) if isinstance(name, str) else None
    if found is None:
        raise Problem(f"{name!r}: choose from {', '.join(FORMATS)}", param=f"{param}.type")
    if value.get("rate", found.rate_hz) != found.rate_hz:
        raise Problem(
            f"{value['rate']} Hz: {name} has {found.rate_hz} samples a second",
            param=f"{param}.rate",
        )
    return found


def _mulaw(code: int) -> int:
    """G.711: sign, three bits of exponent, four of mantissa, all inverted."""
    code = ~code & 0xFF
    size = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return -size if code & 0x80 else size


def _alaw(code: int) -> int:
    """G.711: as above, with every other bit inverted and no bias."""
    code ^= 0x55
    exponent, size = (code & 0x70) >> 4, (code & 0x0F) << 4
    size = size + 8 if exponent == 0 else (size + 0x108) << (exponent - 1)
    return size if code & 0x80 else -size


_LAWS: dict[str, Callable[[int], int]] = {"audio/pcmu": _mulaw, "audio/pcma": _alaw}


@functools.cache
def _table(name: str) -> np.ndarray:
    return np.array([_LAWS[name](code) for code in range(256)], np.float32)


@functools.cache
def _nearest(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the codes in the order of their levels, and the levels half-way between."""
    levels = _table(name)
    order = np.argsort(levels, kind="stable").astype(np.uint8)
    ordered = levels[order]
    return order, (ordered[1:] + ordered[:-1]) / 2
