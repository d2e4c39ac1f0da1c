"""How long a video file is."""

from functools import lru_cache
from pathlib import Path


@lru_cache(4096)
def video_length(path: Path) -> float:
    """Return the length of a video in seconds; 0 where it is not there or cannot be opened."""
    if not path.is_file():
        return 0.0
    import av
    from av.error import FFmpegError

    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                return 0.0
            return container.duration / av.time_base if container.duration else 0.0
    except (FFmpegError, OSError):
        return 0.0
