"""Features of the videos of a sample file, made once: OUT/NAME.npy, (T, N, D) float16 each."""

import hashlib
import os
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from omnilive.core.errors import ConfigError
from omnilive.live.vision import FrameEncoder
from omnilive_lab.live.dialogue import Sample, video_path
from omnilive_lab.live.footage import frames_at
from omnilive_lab.live.grid import frame_range

AT_ONCE = 64  # pictures that go through the encoder together


def stretch_features(
    sample: Sample, file: Path, fps: float, encoder: FrameEncoder, out: Path
) -> np.ndarray:
    """Return (T, N, D) of the frames in a sample's stretch, from `out` where they are there."""
    video = video_path(sample, file)
    if video is None:
        return np.zeros((0, encoder.tokens, encoder.width), np.float16)
    if not video.is_file():
        raise ConfigError(f"{file}, sample {sample.id!r}: there is no video {video}")
    frames = frame_range(sample, fps)
    place = out / f"{_name(video, frames, fps)}.npy"
    if not place.exists():
        _write(place, _encoded(video, frames, fps, encoder))
    return np.load(place, mmap_mode="r")


def all_features(
    samples: Sequence[Sample], file: Path, fps: float, encoder: FrameEncoder, out: Path,
    tick: Callable[[], None] = lambda: None,
) -> list[np.ndarray]:  # fmt: skip
    """Return those of each sample; samples of one stretch share a file."""
    out.mkdir(parents=True, exist_ok=True)
    found = []
    for sample in samples:
        found.append(stretch_features(sample, file, fps, encoder, out))
        tick()
    return found


def _encoded(video: Path, frames: range, fps: float, encoder: FrameEncoder) -> np.ndarray:
    pictures, parts = frames_at(video, fps, frames), []
    while some := list(islice(pictures, AT_ONCE)):
        parts.append(encoder(some).astype(np.float16))
    return np.concatenate(parts)


def _name(video: Path, frames: range, fps: float) -> str:
    what = video.stat()
    key = f"{video.resolve()} {what.st_size} {what.st_mtime_ns} {frames} {fps}"
    return f"{video.stem}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _write(place: Path, features: np.ndarray) -> None:
    part = place.with_suffix(".part")
    with open(part, "wb") as file:
        np.save(file, features)
    os.replace(part, place)
