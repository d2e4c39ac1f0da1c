"""A local folder: copy `<folder>/<model>/<file>`, for machines without a network."""

from collections.abc import Iterator
from pathlib import Path

from omnilive.catalog.base import LocalFolder
from omnilive.catalog.disk import CHUNK_BYTES, write
from omnilive.catalog.progress import Progress
from omnilive.catalog.sources import Unobtainable


def copy(source: LocalFolder, model: str, name: str, part: Path, progress: Progress) -> None:
    """Copy the file to `part`."""
    origin = source.path / model / name
    if not origin.is_file():
        raise Unobtainable(f"no file {origin}")
    progress.start(f"{model}/{name} from {source.path}", origin.stat().st_size)
    try:
        write(_chunks(origin), part, progress)
    finally:
        progress.done()


def _chunks(origin: Path) -> Iterator[bytes]:
    try:
        with origin.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise Unobtainable(f"cannot read {origin} ({error})") from error
