"""A camera or microphone of this machine, through FFmpeg's v4l2 and ALSA."""

import re
from pathlib import Path

from omnilive.core.errors import SourceError
from omnilive.media.base import MediaConfig
from omnilive.media.stream import StreamSource
from omnilive.media.wire import Request

_CAMERA = re.compile(r"(?:/dev/video)?(\d+)")


def open_device(url: str, config: MediaConfig, *, offset_s: float, start_s: float) -> StreamSource:
    """Open `device:webcam`, `device:0`, `device:/dev/video0` or `device:mic`.

    `start_s` has no meaning for a device.
    """
    del start_s
    name = url.split(":", 1)[1]
    request = _microphone(url, config) if name in ("mic", "microphone") else None
    request = request or _camera(url, name, config)
    return StreamSource(url, "device", request, offset_s=offset_s)


def cameras(folder: Path = Path("/dev")) -> list[str]:
    """Return the camera devices that are here, in order."""
    found = [path for path in folder.glob("video*") if path.name[5:].isdigit()]
    return [str(path) for path in sorted(found, key=lambda path: int(path.name[5:]))]


def microphones(cards: Path = Path("/proc/asound")) -> list[str]:
    """Return the ALSA names of the devices that can record."""
    pattern = re.compile(r"(\d+)-(\d+): .*capture")
    try:
        lines = (cards / "pcm").read_text().splitlines()
    except OSError:
        return []
    found = [match for line in lines if (match := pattern.match(line))]
    return [f"hw:{int(match[1])},{int(match[2])}" for match in found]


def _camera(url: str, name: str, config: MediaConfig) -> Request:
    present = cameras()
    match = _CAMERA.fullmatch(name)
    wanted = f"/dev/video{int(match[1])}" if match else None
    if name == "webcam" and present:
        wanted = present[0]
    if wanted is None and name != "webcam":
        raise SourceError(
            url, f"no such device: give device:webcam, device:0 or device:mic{_here()}"
        )
    if wanted not in present:
        missing = f"there is no {wanted}" if wanted else "there is no camera"
        raise SourceError(url, f"{missing}: plug it in, or pass it into the container{_here()}")
    assert wanted is not None
    return Request(name=wanted, format="v4l2", live=True, config=config)


def _microphone(url: str, config: MediaConfig) -> Request:
    present = microphones()
    if not present:
        raise SourceError(
            url, f"there is no microphone: plug it in, or pass it into the container{_here()}"
        )
    return Request(name=f"plug{present[0]}", format="alsa", live=True, config=config)


def _here() -> str:
    found = [f"device:{name}" for name in cameras()]
    found += [f"device:mic ({name})" for name in microphones()[:1]]
    return f" (present: {', '.join(found) or 'none'})"
