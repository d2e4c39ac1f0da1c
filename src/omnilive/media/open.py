"""The door: an address in, an open source out. Nothing heavy is imported before it is needed."""

import os
import re

from omnilive.core.errors import SourceError
from omnilive.core.masking import masked
from omnilive.core.registry import Registry
from omnilive.media.base import MediaConfig, Source

SOURCES = Registry(
    "source",
    {
        "file": "omnilive.media.file:FileSource",
        "device": "omnilive.media.device:open_device",
        "network": "omnilive.media.network:open_network",
    },
)
NETWORK_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "srt")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


def open_source(
    url: str,
    config: MediaConfig = MediaConfig(),  # noqa: B008  (frozen)
    *,
    offset_s: float = 0.0,
    start_s: float = 0.0,
) -> Source:
    """Open a file, `device:` or stream; blocks until its streams are known.

    `offset_s` is added to every `t`. `start_s` skips what is earlier in a file, without
    changing any `t`. Raises SourceError, which names cause and remedy.
    """
    open_kind = SOURCES.load(kind_of(url))
    return open_kind(url, config, offset_s=offset_s, start_s=start_s)


def kind_of(url: str) -> str:
    """Return which kind of source `url` is; SourceError when its scheme is not allowed."""
    if not url.strip() or "\0" in url:
        raise SourceError(repr(url), "is no source: give a path, a device: or a stream URL")
    match = _SCHEME.match(url)
    if match is None or os.path.lexists(url):
        return "file"
    scheme = match[1].lower()
    if scheme == "device":
        return "device"
    if scheme in NETWORK_SCHEMES and url[match.end() :].startswith("//"):
        return "network"
    known = ", ".join(f"{name}://" for name in NETWORK_SCHEMES)
    reason = f"{scheme}: is not a kind of source: give a path, device:, or {known}"
    raise SourceError(masked(url), reason)
