"""What a decoding child and its parent say to each other: length-prefixed bytes, never pickle."""

import json
import struct
from dataclasses import asdict, dataclass, field
from typing import IO, Any, TypeAlias

import numpy as np

from omnilive.core.events import AudioChunk, Gap, VideoFrame
from omnilive.media.base import MediaConfig

_HEADER = struct.Struct("<cI")  # kind, bytes of body
_VIDEO = struct.Struct("<dII")  # t, height, width
_AUDIO = struct.Struct("<dI")  # t, rate_hz
MAX_BODY_BYTES = 1 << 28
BEAT_S = 0.5  # between two signs of life, while packets arrive


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the child is to open; passed by pipe, because a command line is public."""

    name: str  # for FFmpeg
    format: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    live: bool | None = None  # None: live unless its length is known
    start_s: float = 0.0
    config: MediaConfig = MediaConfig()

    def as_line(self) -> bytes:
        """One line of JSON."""
        return json.dumps(asdict(self) | {"config": self.config.model_dump()}).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Request":
        """The reverse of `as_line`."""
        fields = json.loads(line)
        return cls(**fields | {"config": MediaConfig(**fields["config"])})


@dataclass(frozen=True, slots=True)
class Note:
    """What is not media. kind: `info`, `beat` (counts), `ended`, or `failed` (reason)."""

    kind: str
    data: dict[str, Any]


Message: TypeAlias = VideoFrame | AudioChunk | Gap | Note


def send(pipe: IO[bytes], message: Message) -> None:
    """Write one message and flush it."""
    kind, parts = _encode(message)
    pipe.write(_HEADER.pack(kind, sum(len(part) for part in parts)))
    for part in parts:
        pipe.write(part)
    pipe.flush()


def _encode(message: Message) -> tuple[bytes, list[bytes]]:
    if isinstance(message, VideoFrame):
        height, width, _ = message.rgb.shape
        return b"V", [_VIDEO.pack(message.t, height, width), message.rgb.tobytes()]
    if isinstance(message, AudioChunk):
        return b"A", [_AUDIO.pack(message.t, message.rate_hz), message.pcm.tobytes()]
    if isinstance(message, Gap):
        return b"G", [json.dumps([message.t, message.end_t, message.reason]).encode()]
    return b"N", [json.dumps([message.kind, message.data]).encode()]


def receive(pipe: IO[bytes]) -> Message | None:
    """Read one message; None at the end of the pipe, also in the middle of a message."""
    header = pipe.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    kind, size = _HEADER.unpack(header)
    if size > MAX_BODY_BYTES:
        return Note("failed", {"reason": "the decoder sent nonsense: report this as a bug"})
    body = pipe.read(size)
    return _decode(kind, body) if len(body) == size else None


def _decode(kind: bytes, body: bytes) -> Message:
    if kind == b"V":
        t, height, width = _VIDEO.unpack_from(body)
        rgb = np.frombuffer(body, np.uint8, offset=_VIDEO.size).reshape(height, width, 3)
        return VideoFrame(t=t, rgb=rgb)
    if kind == b"A":
        t, rate_hz = _AUDIO.unpack_from(body)
        pcm = np.frombuffer(body, np.float32, offset=_AUDIO.size)
        return AudioChunk(t=t, pcm=pcm, rate_hz=rate_hz)
    fields = json.loads(body)
    if kind == b"G":
        return Gap(t=fields[0], end_t=fields[1], reason=fields[2])
    return Note(*fields)
