"""Draws and speaks what the fakes of tests/fakes.py understand: a small film with a script."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.fakes import CARDS, RATE_HZ, RGB, STRIP, pitch_of

SIZE = (96, 64)  # width, height
FPS = 20
WORD_S, GAP_S = 0.16, 0.08
CODES = {text: colour for colour, text in CARDS.items()}


@dataclass(frozen=True)
class Shot:
    """One stretch of picture: a grey background, squares by colour and place, perhaps a card."""

    start_s: float
    grey: int
    squares: tuple[tuple[str, float], ...] = ()  # (colour, left edge as a share of the width)
    card: str = ""


@dataclass(frozen=True)
class Line:
    """Words spoken from `start_s` on, one after the other."""

    start_s: float
    words: str

    @property
    def end_s(self) -> float:
        return self.start_s + len(self.words.split()) * (WORD_S + GAP_S) - GAP_S


SHORT_SHOTS = (
    Shot(0.0, 60, (("red", 0.1),)),
    Shot(2.0, 60, (("red", 0.1), ("blue", 0.6)), "WELCOME ABOARD"),
)
SHORT_LINES = (Line(0.3, "alpha bravo charlie"), Line(2.0, "delta echo"))
LONG_SHOTS = (
    Shot(0.0, 60, (("red", 0.1),)),
    Shot(3.0, 60, (("red", 0.1), ("blue", 0.6)), "WELCOME ABOARD"),
    Shot(6.0, 230),
    Shot(9.0, 60, (("yellow", 0.4),), "EXIT ON THE LEFT"),
)
LONG_LINES = (
    Line(0.5, "alpha bravo charlie"),
    Line(2.5, "delta echo"),
    Line(4.2, "foxtrot golf hotel india"),
    Line(7.0, "juliet alpha"),
    Line(9.5, "bravo delta foxtrot"),
)


def draw(shot: Shot, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Shapes: (H, W, 3) uint8."""
    width, height = size
    rgb = np.full((height, width, 3), shot.grey, np.uint8)
    for colour, left in shot.squares:
        x0 = int(left * width)
        rgb[height // 5 : height * 3 // 5, x0 : x0 + width // 4] = RGB[colour]
    if shot.card:
        rgb[int(height * (1 - STRIP)) :] = CODES[shot.card]
    return rgb


def speak(lines: Sequence[Line], seconds: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Shapes: (S,) float32."""
    pcm = np.zeros(round(seconds * rate_hz), np.float32)
    for line in lines:
        for i, word in enumerate(line.words.split()):
            first = round((line.start_s + i * (WORD_S + GAP_S)) * rate_hz)
            count = min(round(WORD_S * rate_hz), len(pcm) - first)
            tone = 0.3 * np.sin(2 * np.pi * pitch_of(word) * np.arange(count) / rate_hz)
            pcm[first : first + count] = tone
    return pcm


def write_story(path: Path, shots: Sequence[Shot], lines: Sequence[Line], seconds: float) -> Path:
    """Write a lossless clip (FFV1 and PCM in Matroska)."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("ffv1", rate=FPS)
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono")
        frames = [*_pictures(shots, seconds), *_sounds(speak(lines, seconds))]
        for _, frame in sorted(frames, key=lambda entry: entry[0]):
            stream = video if isinstance(frame, av.VideoFrame) else audio
            container.mux(stream.encode(frame))
        for stream in (video, audio):
            container.mux(stream.encode(None))
    return path


def _pictures(shots: Sequence[Shot], seconds: float) -> Iterator[tuple[float, av.VideoFrame]]:
    for index in range(round(seconds * FPS)):
        t = index / FPS
        shot = [shot for shot in shots if shot.start_s <= t + 1e-6][-1]
        frame = av.VideoFrame.from_ndarray(draw(shot), format="rgb24")
        frame.pts, frame.time_base = index, Fraction(1, FPS)
        yield t, frame


def _sounds(pcm: np.ndarray) -> Iterator[tuple[float, av.AudioFrame]]:
    for start in range(0, len(pcm), 800):
        block = (pcm[start : start + 800] * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        frame.pts, frame.time_base = start, Fraction(1, RATE_HZ)
        yield start / RATE_HZ, frame


def write_short(path: Path) -> Path:
    """3 s: a car, then a dog too and a card; two lines are spoken."""
    return write_story(path, SHORT_SHOTS, SHORT_LINES, 3.0)


def write_long(path: Path) -> Path:
    """12 s: three scenes, three objects, two cards, five lines."""
    return write_story(path, LONG_SHOTS, LONG_LINES, 12.0)
