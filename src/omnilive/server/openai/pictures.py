"""Pictures that clients send as base64. What decodes them is imported with the first one."""

import base64
import binascii
from typing import Any

from omnilive.server.openai.problems import Problem

MAX_BYTES = 8 * 2**20


def picture_of(url: Any, param: str) -> bytes:
    """Return the picture of a `data:` URL as JPEG. Blocking; raises Problem."""
    if not isinstance(url, str) or not url:
        raise Problem("an image is a data: URL", param=param)
    head, comma, body = url.partition(",")
    if head[:5].lower() != "data:":
        raise Problem(
            "image addresses are not fetched: send the picture itself, as "
            "data:image/jpeg;base64,...",
            code="unsupported_image_url", param=param,
        )  # fmt: skip
    if not comma or not head.lower().endswith(";base64"):
        raise Problem("the data: URL is not base64", code="invalid_image", param=param)
    from omnilive.server.openai.pixels import jpeg_of, rgb_of

    return jpeg_of(rgb_of(unbase64(body, param, MAX_BYTES), param))


def unbase64(text: Any, param: str, max_bytes: int) -> bytes:
    """Return the bytes; raises Problem when it is no base64 or too much of it."""
    if not isinstance(text, str):
        raise Problem("base64 text is expected", param=param)
    if len(text) > max_bytes * 4 // 3 + 4:
        raise Problem(f"larger than {max_bytes} bytes", code="too_large", param=param)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Problem("this is not base64", code="invalid_base64", param=param) from None
