"""Single pictures: read and written as files' contents, and looked at once by all that sees."""

import struct

import cv2
import numpy as np

from omnilive.core.errors import ConfigError
from omnilive.core.events import Kind, Percept
from omnilive.perception.config import PerceptionConfig
from omnilive.perception.senses import Senses
from omnilive.perception.video.colour import is_monochrome, main_colour, palette
from omnilive.perception.video.read import paragraphs
from omnilive.perception.video.track import position

MAX_PIXELS = 40_000_000
MAX_SIDE_PX = 1280
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG markers that hold the size


def decoded(picture: bytes, max_side_px: int = MAX_SIDE_PX) -> np.ndarray:
    """Return a JPEG or PNG file's picture, scaled down; ConfigError when it is none.

    Shapes: (H, W, 3) uint8.
    """
    width, height = size_of(picture)
    if width * height > MAX_PIXELS:
        raise ConfigError(f"a picture of {width}x{height} is too large: send it smaller")
    bgr = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ConfigError("a picture cannot be read, it is damaged: send it again")
    return np.ascontiguousarray(_fitted(bgr, max_side_px)[:, :, ::-1])


def as_jpeg(rgb: np.ndarray, max_side_px: int = 768, quality: int = 85) -> bytes:
    """Return an (H, W, 3) uint8 picture as the contents of a JPEG file, scaled down."""
    bgr = np.ascontiguousarray(_fitted(rgb, max_side_px)[:, :, ::-1])
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return jpeg.tobytes()


async def glimpse(
    senses: Senses, config: PerceptionConfig, rgb: np.ndarray, t: float
) -> list[Percept]:
    """Return the objects, text and scene of one picture, as in view at stream time `t`."""
    found = [_percept("scene", _scene(rgb), 1.0, t, palette=palette(rgb))]
    if senses.detector is not None:
        for thing in await senses.eye_worker.call(senses.detector.detect, rgb):
            colour = main_colour(thing.box.crop(rgb))
            text = f"person in {colour}" if thing.label == "person" else f"{colour} {thing.label}"
            place = position(thing.box)
            found.append(
                _percept(
                    "object", text, thing.score, t, label=thing.label, colour=colour,
                    position=place, first_position=place, hidden=False,
                    box=[round(v, 3) for v in thing.box],
                )
            )  # fmt: skip
    if senses.tagger is not None:
        for name, p in await senses.eye_worker.call(senses.tagger.tag, rgb):
            names = [part.strip() for part in name.split(",")]
            if p >= config.look.tag_score:
                text = f"looks like {names[0]}"
                found.append(_percept("scene", text, p, t, tag=names[0], names=names))
    if senses.reader is not None:
        lines = await senses.read_worker.call(senses.reader.read, rgb)
        lines = [x for x in lines if sum(map(str.isalnum, x.text)) >= config.read.min_letters]
        found += [_percept("text", text, score, t) for text, score in paragraphs(lines)]
    return found


def size_of(picture: bytes) -> tuple[int, int]:
    """Return (width, height) of a JPEG or PNG file; ConfigError when it is neither."""
    if picture.startswith(b"\x89PNG\r\n\x1a\n") and len(picture) >= 24:
        return struct.unpack(">II", picture[16:24])
    at = 2
    while picture.startswith(b"\xff\xd8") and at + 9 <= len(picture) and picture[at] == 0xFF:
        marker = picture[at + 1]
        if marker in _SOF:
            height, width = struct.unpack(">HH", picture[at + 5 : at + 9])
            return width, height
        is_bare = marker == 0xFF or 0xD0 <= marker <= 0xD9  # padding, or a marker without length
        at += 1 if marker == 0xFF else 2
        at += 0 if is_bare else struct.unpack(">H", picture[at : at + 2])[0]
    raise ConfigError("a picture is neither JPEG nor PNG: send one of these")


def _fitted(picture: np.ndarray, max_side_px: int) -> np.ndarray:
    height, width = picture.shape[:2]
    scale = min(1.0, max_side_px / max(height, width))
    if scale == 1.0:
        return picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _scene(rgb: np.ndarray) -> str:
    return (
        "black and white picture"
        if is_monochrome(rgb)
        else "picture in " + " and ".join(palette(rgb))
    )


def _percept(kind: Kind, text: str, confidence: float, t: float, **data: object) -> Percept:
    return Percept(
        t=t, kind=kind, start_s=t, end_s=t, text=text, confidence=confidence, final=False,
        data=data,
    )  # fmt: skip
