"""The frames of a video on a grid of times: frame k is what is seen at k / fps."""

from collections.abc import Iterator
from pathlib import Path

import av
import av.error
import numpy as np
from av.video.reformatter import VideoReformatter

from omnilive.core.errors import SourceError


def frames_at(path: Path, fps: float, frames: range) -> Iterator[np.ndarray]:
    """Yield (H, W, 3) uint8, one for each number of `frames`: the last picture not after k / fps.

    Where the video begins later, or ends before, its first or last picture stands in. Raises
    SourceError where there is none.
    """
    wanted, shown = iter(frames), None
    reformatter = VideoReformatter()  # one for all: a new one a picture costs twice the time
    due = next(wanted, None)
    try:
        with av.open(str(path)) as container:
            for picture in container.decode(video=0):
                t = float(picture.time or 0.0)
                # A picture counts at its time itself, whatever rounding did to the time base.
                while due is not None and shown is not None and due / fps < t - 1e-4:
                    yield reformatter.reformat(shown, format="rgb24").to_ndarray()
                    due = next(wanted, None)
                if due is None:
                    return
                shown = picture
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise SourceError(str(path), f"cannot be decoded: {error}") from error
    if shown is None:
        raise SourceError(str(path), "holds no pictures")
    rest = reformatter.reformat(shown, format="rgb24").to_ndarray()
    while due is not None:
        yield rest
        due = next(wanted, None)
