"""Names a session after its source."""

import re
from pathlib import PurePath
from urllib.parse import urlsplit


def session_name(source: str) -> str:
    """Return a valid session name: the file's stem, the device, or host and path of a stream."""
    scheme, colon, rest = source.partition(":")
    if scheme == "device":
        stem = PurePath(rest).name
    elif colon and rest.startswith("//"):
        stem = _host_and_path(source)
    else:
        stem = PurePath(source).stem
    name = re.sub(r"[^\w.-]+", "-", stem).strip("-.")[:64].rstrip("-.")
    return name if re.match(r"\w", name) else "session"


def _host_and_path(source: str) -> str:
    """Not the whole URL: it may hold a password."""
    try:
        url = urlsplit(source)
    except ValueError:
        return ""
    return f"{url.netloc.rpartition('@')[2]}-{PurePath(url.path).stem}"
