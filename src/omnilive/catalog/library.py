"""The folder of models on this machine: what is there, whole, missing or damaged. Only looks."""

from collections.abc import Sequence
from pathlib import Path

from omnilive.catalog import disk
from omnilive.catalog.base import FileState, Model, ModelState, Status, WeightFile
from omnilive.core.errors import BackendError, ConfigError


class Library:
    """The models of a catalog under `root`, one folder each."""

    def __init__(self, root: Path, models: Sequence[Model]) -> None:
        self.root = root
        self._models = {model.name: model for model in models}

    def find(self, name: str) -> Model:
        """Return the entry of that name."""
        if name not in self._models:
            known = ", ".join(sorted(self._models))
            raise ConfigError(f"no model {name!r} in the catalog; known are {known}")
        return self._models[name]

    def choose(self, names: Sequence[str]) -> list[Model]:
        """Return the entries of these names; without names, the default models."""
        everything = self._models.values()
        return [self.find(name) for name in names] or [m for m in everything if m.default]

    def folder(self, model: Model) -> Path:
        """Return where the model's files lie."""
        return self.root / model.name

    def path(self, name: str) -> Path:
        """Return the folder of a model that is whole; a BackendError says what is wrong with it."""
        model = self.find(name)
        for file in model.files:
            state = self._look(model, file)
            if state.status is not Status.OK:
                raise BackendError(
                    f"model {name} is {state.status.value}: type `omnilive models pull {name}` "
                    f"({file.name} is {_found(state)} in {self.folder(model)})"
                )
        return self.folder(model)

    def lacking(self, model: Model) -> list[WeightFile]:
        """Return the files of the model that are missing or damaged."""
        return [f for f in model.files if self._look(model, f).status is not Status.OK]

    def verify(self, names: Sequence[str]) -> list[FileState]:
        """Hash every file again; without names, those of the default and of the pulled models."""
        models = [self.find(name) for name in names] or self._expected()
        return [self._rehash(model, file) for model in models for file in model.files]

    def states(self) -> list[ModelState]:
        """Look at every model of the catalog, without hashing."""
        return [self._state(model) for model in self._models.values()]

    def _expected(self) -> list[Model]:
        return [s.model for s in self.states() if s.model.default or s.present_bytes]

    def _look(self, model: Model, file: WeightFile) -> FileState:
        """Trust a file that was verified before; hash any other."""
        path = self.folder(model) / file.name
        if disk.is_marked(path, file):
            return FileState(model.name, file, path, Status.OK, file.sha256)
        return self._rehash(model, file)

    def _rehash(self, model: Model, file: WeightFile) -> FileState:
        path = self.folder(model) / file.name
        try:
            found = disk.sha256_of(path)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return FileState(model.name, file, path, Status.MISSING)
        except OSError as error:
            raise BackendError(f"cannot read {path} ({error}): check its owner and disk") from error
        if found != file.sha256:
            disk.unmark(path)
            return FileState(model.name, file, path, Status.DAMAGED, found)
        disk.mark(path, file)
        return FileState(model.name, file, path, Status.OK, found)

    def _state(self, model: Model) -> ModelState:
        sizes = [_size(self.folder(model) / file.name) for file in model.files]
        wanted = [file.size_bytes for file in model.files]
        damaged = any(size not in (0, want) for size, want in zip(sizes, wanted, strict=True))
        status = Status.OK if sizes == wanted else Status.DAMAGED if damaged else Status.MISSING
        return ModelState(model, self.folder(model), status, sum(sizes))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _found(state: FileState) -> str:
    if state.status is Status.MISSING:
        return "missing"
    return f"damaged: expected sha256 {state.file.sha256}, got {state.found_sha256},"
