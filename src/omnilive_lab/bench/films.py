"""Writes real video and sound files for made sets: coloured scenes with a word on them, and tones.

write_film(path, [Scene(0, 4, "red", "ball"), Scene(4, 8, "blue", "box")])
"""

import math
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

COLOURS = {
    "red": (220, 30, 30), "green": (30, 180, 60), "blue": (40, 60, 220), "yellow": (230, 210, 40),
    "white": (240, 240, 240), "black": (10, 10, 10), "grey": (128, 128, 128),
    "orange": (240, 140, 30), "purple": (140, 50, 170), "pink": (240, 150, 190),
}  # fmt: skip
RATE_HZ = 16000


@dataclass(frozen=True, slots=True)
class Scene:
    """From `start_s` to `end_s` the picture has one colour, with a word written on it."""

    start_s: float
    end_s: float
    colour: str
    word: str = ""


def write_film(
    path: Path,
    scenes: Sequence[Scene],
    *,
    fps: int = 4,
    size: tuple[int, int] = (160, 120),
    sound: np.ndarray | None = None,
) -> Path:
    """Write a film (.mp4, .mkv, .webm by its name), as long as the last scene.

    Shapes: sound is (S,) float32 in [-1, 1] at RATE_HZ, mono; None for a silent film.
    """
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        codec = "libvpx" if path.suffix == ".webm" else "mpeg4"
        pictures = container.add_stream(codec, rate=fps)
        pictures.width, pictures.height = size
        pictures.pix_fmt = "yuv420p"
        pictures.codec_context.gop_size = fps
        voice = None
        if sound is not None:
            name = "libopus" if path.suffix == ".webm" else "aac"
            voice = container.add_stream(name, rate=48000, layout="mono")
        for index, rgb in enumerate(frames(scenes, fps, size)):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        if voice is not None and sound is not None:
            for packet in _voiced(sound, voice):
                container.mux(packet)
    return path


def frames(scenes: Sequence[Scene], fps: int, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Yield the pictures of a film.

    Shapes: each (H, W, 3) uint8.
    """
    end_s = max(scene.end_s for scene in scenes)
    for index in range(round(end_s * fps)):
        t = index / fps
        now = [scene for scene in scenes if scene.start_s <= t < scene.end_s]
        yield picture(now[-1] if now else Scene(0, 0, "black"), size)


def picture(scene: Scene, size: tuple[int, int]) -> np.ndarray:
    """Return the picture of a scene.

    Shapes: (H, W, 3) uint8.
    """
    import cv2

    width, height = size
    rgb = np.full((height, width, 3), COLOURS[scene.colour], np.uint8)
    if scene.word:
        ink = (0, 0, 0) if sum(COLOURS[scene.colour]) > 380 else (255, 255, 255)
        scale = width / (22.0 * max(4, len(scene.word)))
        place = (width // 12, round(height * 0.58))
        face = cv2.FONT_HERSHEY_SIMPLEX
        thick = max(1, round(scale * 2))
        cv2.putText(rgb, scene.word, place, face, scale, ink, thick, cv2.LINE_AA)
    return rgb


def tone(seconds: float, pitch_hz: float = 440.0, level: float = 0.3) -> np.ndarray:
    """Return a plain tone.

    Shapes: (S,) float32 at RATE_HZ.
    """
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (level * np.sin(2 * math.pi * pitch_hz * t)).astype(np.float32)


def write_sound(path: Path, sound: np.ndarray) -> Path:
    """Write 16-bit mono sound: .wav, or .flac by way of the same samples.

    Shapes: (S,) float32 at RATE_HZ.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = (np.clip(sound, -1, 1) * 32767).astype(np.int16)
    if path.suffix == ".wav":
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(samples.tobytes())
        return path
    import av

    with av.open(str(path), "w") as container:
        codec: Any = path.suffix[1:]
        stream: Any = container.add_stream(codec, rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE_HZ, 0
        frame.time_base = Fraction(1, RATE_HZ)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _voiced(sound: np.ndarray, stream):
    """Yield the packets of a sound track."""
    import av

    resampler = av.AudioResampler(format="fltp", layout="mono", rate=48000)
    fifo = av.AudioFifo()
    stream.codec_context.open()
    chunk = stream.codec_context.frame_size or 960
    frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), "fltp", "mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, 0, Fraction(1, RATE_HZ)
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        piece.pts = None
        fifo.write(piece)
    while (piece := fifo.read(chunk)) or (piece := fifo.read(chunk, partial=True)):
        yield from stream.encode(piece)
    yield from stream.encode(None)
