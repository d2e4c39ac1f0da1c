"""Tiny clips made at test time, each with one property the media code must cope with."""

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from omnilive.core.events import AudioChunk, VideoFrame
from omnilive.media.base import Item

FPS = 20
RATE_HZ = 48000
TONE_HZ = 440.0


def picture(index: int, width: int, height: int) -> np.ndarray:
    """Grey that tells the index (11 levels a step), with a red top-left quarter."""
    rgb = np.full((height, width, 3), (index * 11) % 250, np.uint8)
    rgb[: height // 2, : width // 2] = (200, 0, 0)
    return rgb


def tone(samples: int, channels: int, rate_hz: int, start: int = 0) -> np.ndarray:
    """Shapes: (C, S) float32."""
    wave = 0.5 * np.sin(2 * math.pi * TONE_HZ * (np.arange(samples) + start) / rate_hz)
    return np.tile(wave.astype(np.float32), (channels, 1))


def write_clip(
    path: Path,
    *,
    seconds: float = 2.0,
    size: tuple[int, int] = (64, 48),
    video: bool = True,
    audio: bool = True,
    video_codec: str = "mpeg4",
    audio_codec: str = "aac",
    stamps_s: Sequence[float] | None = None,
    audio_at: Callable[[float], float | None] = lambda t: t,
    layout: str = "mono",
    rate_hz: int = RATE_HZ,
    keyframe_every: int = 5,
    options: dict[str, str] | None = None,
    format: str | None = None,
) -> Path:
    """Write a clip: `stamps_s` places the pictures, `audio_at` moves or drops (None) sound."""
    with av.open(str(path), "w", format=format, options=options or {}) as container:
        picture_stream = sound_stream = None
        if video:
            picture_stream = container.add_stream(video_codec, rate=FPS)
            picture_stream.width, picture_stream.height = size
            picture_stream.pix_fmt = "yuv420p"
            picture_stream.codec_context.gop_size = keyframe_every
            picture_stream.codec_context.max_b_frames = 0
            picture_stream.codec_context.time_base = Fraction(1, 1000)
        if audio:
            sound_stream = container.add_stream(audio_codec, rate=rate_hz, layout=layout)
        if picture_stream is None:
            stamps_s = []
        elif stamps_s is None:
            stamps_s = [i / FPS for i in range(round(seconds * FPS))]
        sounds = _sounds(seconds, sound_stream, audio_at) if sound_stream else []
        frames = [*_pictures(stamps_s, size), *sounds]
        for _, kind, frame in sorted(frames, key=lambda entry: entry[0]):
            stream = picture_stream if kind == "video" else sound_stream
            assert stream is not None
            container.mux(stream.encode(frame))
        for stream in (picture_stream, sound_stream):
            if stream is not None:
                container.mux(stream.encode(None))
    return path


def _pictures(stamps_s: Iterable[float], size: tuple[int, int]):
    for index, stamp_s in enumerate(stamps_s):
        frame = av.VideoFrame.from_ndarray(picture(index, *size), format="rgb24")
        frame.pts, frame.time_base = round(stamp_s * 1000), Fraction(1, 1000)
        yield stamp_s, "video", frame


def _sounds(seconds: float, stream, audio_at: Callable[[float], float | None]):
    context = stream.codec_context
    context.open()
    size = context.frame_size or 1024
    for start in range(0, round(seconds * context.sample_rate), size):
        t = audio_at(start / context.sample_rate)
        if t is None:
            continue
        planes = tone(size, context.layout.nb_channels, context.sample_rate, start)
        name = context.format.name
        if name.startswith("s16"):
            planes = (planes * 32767).astype(np.int16)
        if not context.format.is_planar:
            planes = planes.T.reshape(1, -1).copy()
        frame = av.AudioFrame.from_ndarray(planes, format=name, layout=context.layout)
        frame.sample_rate = context.sample_rate
        frame.pts = round(t * context.sample_rate)
        frame.time_base = Fraction(1, context.sample_rate)
        yield t, "audio", frame


def rotate_mp4(path: Path) -> None:
    """Mark an mp4 as lying on its side: to be turned 90 degrees clockwise for display."""
    data = bytearray(path.read_bytes())
    upright = b"".join(v.to_bytes(4, "big") for v in (65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30))
    turned = b"".join(
        (v & 0xFFFFFFFF).to_bytes(4, "big") for v in (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    )
    place = data.index(upright, data.index(b"tkhd"))
    data[place : place + len(upright)] = turned
    path.write_bytes(data)


def frames_of(items: Iterable[Item]) -> list[VideoFrame]:
    return [item for item in items if isinstance(item, VideoFrame)]


def chunks_of(items: Iterable[Item]) -> list[AudioChunk]:
    return [item for item in items if isinstance(item, AudioChunk)]


def pitch_hz(chunks: Iterable[AudioChunk]) -> float:
    """The strongest frequency, for checking that the sound is the tone."""
    chunks = list(chunks)
    pcm = np.concatenate([chunk.pcm for chunk in chunks])
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(spectrum.argmax() * chunks[0].rate_hz / len(pcm))
