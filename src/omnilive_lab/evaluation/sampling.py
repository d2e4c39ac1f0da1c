"""Chooses pictures of a clip as the papers do, and reads them; nothing after the question's time.

uniform:32   the middles of 32 equal parts (also uniform:64)
fps:1        one a second, at most 512, then spread evenly over the same span
last:60      one a second of the last 60 s
none         no pictures
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from omnilive.core.errors import ConfigError, SourceError
from omnilive_lab.bench.base import Clip

MOST = 512  # pictures in one prompt
SEEK_S = 8.0  # a jump that is longer seeks; a shorter one decodes what lies between
PICTURES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture at stream time `t`. Shapes: rgb is (H, W, 3) uint8."""

    t: float
    rgb: np.ndarray

    def jpeg(self, max_side_px: int) -> bytes:
        """Return the contents of a JPEG file, scaled down to the longer side."""
        from omnilive.perception.still import as_jpeg

        return as_jpeg(self.rgb, max_side_px)


@dataclass(frozen=True, slots=True)
class Policy:
    """Which moments are shown."""

    kind: str
    value: float = 0.0

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Read "uniform:32", "fps:1", "last:60" or "none"."""
        if text == "none":
            return cls("none")
        match = re.fullmatch(r"(uniform|fps|last):(\d+(?:\.\d+)?)", text)
        value = float(match[2]) if match else 0.0
        is_whole = not match or match[1] != "uniform" or value == int(value) <= MOST
        if not match or not value or not is_whole:
            raise ConfigError(
                f"no frame policy {text!r}: write uniform:32 (at most uniform:{MOST}), fps:1, "
                "last:60 or none"
            )
        return cls(match[1], value)

    @property
    def count(self) -> int:
        """How many pictures go with a prompt, where that does not depend on the clip; else 0."""
        return int(self.value) if self.kind == "uniform" else 0

    def times(self, since_s: float, until_s: float) -> list[float]:
        """Return the moments to show between two times of a clip."""
        length_s = until_s - since_s
        if self.kind == "none" or length_s < 0:
            return []
        if self.kind == "uniform":
            return _middles(since_s, until_s, int(self.value))
        if self.kind == "last":
            since_s, length_s = max(since_s, until_s - self.value), min(length_s, self.value)
        step_s = 1.0 / self.value if self.kind == "fps" else 1.0
        count = math.floor(length_s / step_s + 1e-9) + 1
        if count > MOST:
            return _middles(since_s, until_s, MOST)
        return [since_s + i * step_s for i in range(count)]


def _middles(since_s: float, until_s: float, count: int) -> list[float]:
    part_s = (until_s - since_s) / count
    return [since_s + (i + 0.5) * part_s for i in range(count)]


def length_s(clip: Clip) -> float:
    """Return how long a clip is. Raises SourceError when it is missing or damaged."""
    if clip.end_s is not None:
        return clip.end_s - clip.start_s
    if clip.fps is not None:
        return len(numbered(clip.path)) / clip.fps - clip.start_s
    with _opened(clip.path) as opened:
        if opened.duration_s is None:
            raise SourceError(str(clip.path), "its length is unknown: convert it to mp4 or mkv")
        return opened.duration_s - clip.start_s


def nothing_to_see(since_s: float, length_s: float) -> str:
    """Return what is wrong where a question is about no part of its clip."""
    return (
        f"is {length_s:.1f} s long, and the question is about what comes after {since_s:.1f} s: "
        "download it again, or check the question's time"
    )


def pictures(clip: Clip, times: Sequence[float]) -> list[Picture]:
    """Return what is on screen at each time of the clip: the last picture not after it.

    Times rise. Raises SourceError when the clip is missing, damaged, or has no picture.
    """
    if not times:
        return []
    if clip.fps is not None:
        return list(_of_folder(clip, times))
    wanted = [t + clip.start_s for t in times]
    found = list(_of_file(clip.path, wanted))
    if not found:
        raise SourceError(str(clip.path), "no picture of it can be decoded: download it again")
    return [Picture(t, rgb) for t, rgb in zip(times, found, strict=True)]


def numbered(folder: Path) -> list[Path]:
    """Return the pictures of a folder in the order of the numbers in their names."""
    if not folder.is_dir():
        raise SourceError(str(folder), "there is no such folder of pictures: check the data")
    files = [path for path in folder.iterdir() if path.suffix.lower() in PICTURES]
    if not files:
        raise SourceError(str(folder), "holds no pictures (.jpg, .png): download it again")
    return sorted(files, key=lambda path: ([int(n) for n in re.findall(r"\d+", path.stem)], path))


def _of_folder(clip: Clip, times: Sequence[float]) -> Iterator[Picture]:
    from omnilive.perception.still import decoded

    assert clip.fps is not None
    files = numbered(clip.path)
    for t in times:
        index = math.floor((t + clip.start_s) * clip.fps + 1e-6)
        path = files[min(max(index, 0), len(files) - 1)]
        try:
            yield Picture(t, decoded(path.read_bytes()))
        except ConfigError as error:
            raise SourceError(str(path), str(error)) from error


def _opened(path: Path):
    from contextlib import contextmanager

    from omnilive.media.container import open_container

    @contextmanager
    def opened():
        if not path.is_file():
            raise SourceError(str(path), "there is no such file: download it, or check --data")
        options = {"protocol_whitelist": "file"}
        found = open_container(str(path), f"file:{path}", options=options)
        try:
            yield found
        finally:
            found.container.close()

    return opened()


def _of_file(path: Path, times: Sequence[float]) -> Iterator[np.ndarray]:
    """Yield what is on screen at these times of the file; nothing if no picture can be read."""
    import av.error

    from omnilive.media.picture import Painter

    with _opened(path) as opened:
        if opened.video is None:
            raise SourceError(str(path), "has no picture: it cannot be asked about what is seen")
        painter, aspect = Painter(1280), float(opened.video.sample_aspect_ratio or 1)
        base = float(opened.video.time_base or 0)
        zero_s = opened.start_s or 0.0
        decoded, ahead, shown = None, None, None
        for t in times:
            now_s = -math.inf if shown is None else _stamp(shown, base) - zero_s
            if t - now_s > SEEK_S and t > SEEK_S:
                opened.container.seek(int((t + zero_s) / base), stream=opened.video, backward=True)
                decoded, ahead = None, None
            decoded = decoded or opened.container.decode(opened.video)
            while ahead is None or _stamp(ahead, base) - zero_s <= t + 1e-6:
                shown = ahead or shown
                try:
                    ahead = next(decoded, None)
                except av.error.FFmpegError:
                    break  # damaged from here on: what is on screen stays
                if ahead is None:
                    break
                shown = shown or ahead  # the first picture may come late
            if shown is None:
                return
            yield painter.rgb(shown, aspect)


def _stamp(frame: object, base: float) -> float:
    pts = getattr(frame, "pts", None)
    return float(pts if pts is not None else getattr(frame, "dts", None) or 0) * base
