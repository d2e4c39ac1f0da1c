"""A media file and a span in, an mp4 of that span out: H.264 and AAC, which every browser plays."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import av

from omnilive.media.base import Item, MaskConfig, MediaConfig
from omnilive.media.file import FileSource
from omnilive.media.mask import Masks
from omnilive.media.record import Mp4Writer

MAX_FPS = 30.0
MAX_SIDE_PX = 1280
RATE_HZ = 48000
_LEAD_S = 2.0  # decoded before the span: the picture that it begins with may be older


class Piece(NamedTuple):
    """A file, and the second of the clip's clock at which it begins."""

    path: str
    offset_s: float = 0.0


def cut_clip(
    files: str | Sequence[Piece],
    start_s: float,
    end_s: float,
    out: Path,
    masks: Sequence[MaskConfig] = (),
) -> bool:
    """Write [start_s, end_s) of a file, in seconds from its own start, to `out`.

    Several files, in order, are one clip; times are then on their common clock. It begins at
    exactly `start_s`, with the picture that was to be seen then, and shows nothing that the masks
    hide. False, and no file, when there is nothing in the span. Raises SourceError when a file
    cannot be read.
    """
    pieces = [Piece(files)] if isinstance(files, str) else files
    part = out.with_suffix(".part")
    sources = [_open(piece, start_s) for piece in pieces]
    try:
        with av.open(part, "w", format="mp4", options={"movflags": "+faststart"}) as container:
            has_video = any(source.info.has_video for source in sources)
            has_audio = any(source.info.has_audio for source in sources)
            writer = Mp4Writer(container, (start_s, end_s), has_video, has_audio)
            for item in Masks(masks).items(_chained(sources)):
                if item.t >= end_s + _LEAD_S or not writer.take(item):
                    break
            count = writer.finish()
        if count:
            part.replace(out)
        return count > 0
    finally:
        for source in sources:
            source.close()
        part.unlink(missing_ok=True)


def _open(piece: Piece, start_s: float) -> FileSource:
    config = MediaConfig(max_fps=MAX_FPS, max_side_px=MAX_SIDE_PX, rate_hz=RATE_HZ)
    begin_s = max(0.0, start_s - piece.offset_s - _LEAD_S)
    return FileSource(piece.path, config, offset_s=piece.offset_s, start_s=begin_s)


def _chained(sources: Sequence[FileSource]) -> Iterator[Item]:
    for source in sources:
        yield from source.items()
