"""Pictures from strangers, decoded and checked."""

from typing import Any

import cv2
import numpy as np
from av.codec.context import CodecContext
from av.error import FFmpegError
from av.packet import Packet

from omnilive.media.picture import Painter
from omnilive.server.openai.problems import Problem

MAX_SIDE_PX = 1568  # larger pictures are scaled down: no model looks closer
_MAX_PIXELS = 50_000_000  # a few bytes can claim any size
_QUALITY = 88
_CODECS = ((b"\xff\xd8\xff", "mjpeg"), (b"\x89PNG\r\n", "png"), (b"RIFF", "webp"))


def rgb_of(data: bytes, param: str, max_side_px: int = MAX_SIDE_PX) -> np.ndarray:
    """Return a JPEG, PNG or WebP decoded and scaled down. Blocking; raises Problem.

    The codec is chosen by the first bytes and given nothing but the picture: a container
    that FFmpeg guessed could name files and addresses to open. Shapes: (H, W, 3) uint8.
    """
    codec = next((name for magic, name in _CODECS if data.startswith(magic)), None)
    if codec is None:
        raise Problem("not a JPEG, PNG or WebP picture", code="invalid_image", param=param)
    decoder: Any = CodecContext.create(codec, "r")
    decoder.thread_count = 1
    decoder.options = {"max_pixels": str(_MAX_PIXELS), "err_detect": "explode"}
    try:
        frames: list[Any] = [*decoder.decode(Packet(data)), *decoder.decode(None)]
        if not frames:
            raise ValueError("no picture in it")
        return Painter(max_side_px).rgb(frames[0])
    except (FFmpegError, ValueError) as error:
        raise Problem(
            "the picture is damaged or too large", code="invalid_image", param=param
        ) from error


def jpeg_of(rgb: np.ndarray) -> bytes:
    """Return pixels as a JPEG."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
