"""Pixels and video files. Shape legend: H, W picture height and width."""

import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from omnilive_lab.live.world.scene import Pose
from omnilive_lab.live.world.settings import WorldConfig

RGB = {
    "red": (225, 30, 30),
    "green": (30, 190, 50),
    "blue": (40, 80, 250),
    "yellow": (250, 225, 30),
    "purple": (205, 60, 225),
    "white": (250, 250, 250),
}
_DARK, _CARD = (15, 15, 15), (245, 235, 200)
_MIDDLE = 40  # of the noise, which is kept in unsigned bytes
_BITS = 4  # of a pixel's fraction, for cv2's fixed-point coordinates


class Background:
    """A soft pattern that drifts, under noise that is new in every frame."""

    def __init__(self, config: WorldConfig, seed: int) -> None:
        random = np.random.default_rng(seed)
        side = config.side_px
        self._tile = _pattern(random, 2 * side, config.contrast)
        self._middle = np.full((side, side, 3), _MIDDLE, np.uint8)
        noise = random.normal(_MIDDLE, config.noise, (3 * side, 3 * side, 3))
        self._noise = np.clip(np.rint(noise), 0, 255).astype(np.uint8)
        self._side, self._random = side, random
        turn, speed = random.uniform(0, 2 * math.pi), config.drift * side
        self._velocity = speed * math.cos(turn), speed * math.sin(turn)

    def at(self, t: float) -> np.ndarray:
        """Return the (H, W, 3) uint8 picture without noise at `t` seconds."""
        side, (vx, vy) = self._side, self._velocity
        x, y = round(vx * t) % (2 * side), round(vy * t) % (2 * side)
        return self._tile[y : y + side, x : x + side].copy()

    def disturb(self, rgb: np.ndarray) -> np.ndarray:
        """Add noise."""
        y, x = self._random.integers(0, 2 * self._side, 2)
        noise = self._noise[y : y + self._side, x : x + self._side]
        return cv2.subtract(cv2.add(rgb, noise), self._middle)


def _pattern(random: np.random.Generator, size: int, contrast: float) -> np.ndarray:
    """Return a (1.5 size)^2 pattern that repeats after `size`, so that it can be cut anywhere."""
    coarse = random.normal(0, 1, (8, 8, 3)).astype(np.float32)
    coarse = 0.8 * coarse.mean(axis=2, keepdims=True) + 0.3 * coarse
    wrapped = np.pad(coarse, ((2, 2), (2, 2), (0, 0)), mode="wrap")
    step = size // 8
    soft = cv2.resize(wrapped, (size + 4 * step, size + 4 * step), interpolation=cv2.INTER_CUBIC)
    soft = soft[2 * step : -2 * step, 2 * step : -2 * step]
    level = random.uniform(75, 120)
    tile = np.clip(level + contrast * soft / max(float(soft.std()), 1e-6), 0, 255).astype(np.uint8)
    return np.tile(tile, (2, 2, 1))[: size * 3 // 2, : size * 3 // 2]


def draw(rgb: np.ndarray, pose: Pose) -> None:
    """Draw a thing into an (H, W, 3) uint8 picture."""
    if pose.thing.is_card:
        _draw_card(rgb, pose)
        return
    colour = RGB[pose.thing.colour]
    if pose.thing.shape == "circle":
        centre = _fixed(np.array([pose.x, pose.y]))
        for radius, paint in ((pose.radius, _DARK), (pose.radius - 1.2, colour)):
            place = int(centre[0]), int(centre[1])
            cv2.circle(rgb, place, round(radius * 2**_BITS), paint, -1, cv2.LINE_AA, _BITS)
        return
    outline = _turned(OUTLINES[pose.thing.shape], pose.angle) * pose.radius
    points = _fixed(outline + np.array([pose.x, pose.y]))
    cv2.fillPoly(rgb, [points], colour, cv2.LINE_AA, _BITS)
    cv2.polylines(rgb, [points], True, _DARK, 1, cv2.LINE_AA, _BITS)


def _draw_card(rgb: np.ndarray, pose: Pose) -> None:
    left, top, right, bottom = (round(v) for v in pose.box)
    cv2.rectangle(rgb, (left, top), (right, bottom), _CARD, -1)
    cv2.rectangle(rgb, (left, top), (right, bottom), _DARK, 1)
    word, font = pose.thing.word.upper(), cv2.FONT_HERSHEY_SIMPLEX
    scale = 0.5 * pose.radius / 96
    thick = max(1, round(pose.radius / 96))
    (width, height), _ = cv2.getTextSize(word, font, scale, thick)
    start = round(pose.x - width / 2), round(pose.y + height / 2)
    cv2.putText(rgb, word, start, font, scale, _DARK, thick, cv2.LINE_AA)


def _ring(radii: list[float], start: float = -90.0) -> np.ndarray:
    turns = np.radians(start + np.arange(len(radii)) * 360 / len(radii))
    return np.stack([np.cos(turns), np.sin(turns)], axis=1) * np.array(radii)[:, None]


def _heart() -> np.ndarray:
    u = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    y = -(13 * np.cos(u) - 5 * np.cos(2 * u) - 2 * np.cos(3 * u) - np.cos(4 * u))
    return np.stack([16 * np.sin(u) ** 3, y - 2.5], axis=1) / 16


def _cross() -> np.ndarray:
    a, b = 0.34, 1.0
    corners = [(-a, -b), (a, -b), (a, -a), (b, -a), (b, a), (a, a)]
    return np.array(corners + [(-x, -y) for x, y in corners])


# Outlines of radius about 1, upright.
OUTLINES: dict[str, np.ndarray] = {
    "square": _ring([1.22] * 4, -45.0),
    "triangle": _ring([1.2] * 3) + np.array([0.0, 0.2]),
    "star": _ring([1.2, 0.5] * 5),
    "heart": _heart(),
    "cross": _cross(),
}


def _turned(points: np.ndarray, degrees: float) -> np.ndarray:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return points @ np.array([[cos, sin], [-sin, cos]])


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.rint(points * 2**_BITS).astype(np.int32)


def pictures(
    background: Background, poses: Iterable[list[Pose]], fps: float
) -> Iterator[np.ndarray]:
    """Yield (H, W, 3) uint8 pictures, one for each list of poses."""
    for k, there in enumerate(poses):
        rgb = background.at(k / fps)
        for pose in there:
            draw(rgb, pose)
        yield background.disturb(rgb)


def write_video(path: Path, frames: Iterable[np.ndarray], side_px: int, fps: int) -> None:
    """Write an H.264 mp4 file; it is there only once it is whole. The same pictures, same bytes."""
    part = path.with_name(path.name + ".part")
    with av.open(str(part), "w", format="mp4") as file:
        stream = file.add_stream("libx264", rate=fps)
        stream.width = stream.height = side_px
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # any other count makes other bytes
        stream.options = {"preset": "ultrafast", "crf": "28", "g": str(4 * fps)}
        for k, rgb in enumerate(frames):
            yuv = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), np.uint8)
            frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
            frame.pts = k
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    os.replace(part, path)
