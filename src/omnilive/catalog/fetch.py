"""The door of the catalog: a model's name in, a folder of verified files out."""

import os
from collections.abc import Sequence
from pathlib import Path

from omnilive.catalog.base import FileState, ModelState
from omnilive.catalog.library import Library
from omnilive.catalog.models import MODELS
from omnilive.catalog.progress import Progress, Silent
from omnilive.core.paths import home

__all__ = ["Progress", "ensure", "library", "path", "pull", "states", "verify"]


def ensure(name: str, *, progress: Progress | None = None, offline: bool = False) -> Path:
    """Return the folder of the model's verified files, fetching what is missing.

    A file verified before is trusted while its size and time stay the same, so this is quick.
    Raises ConfigError for an unknown name, BackendError where no source gives a file.
    """
    model = library().find(name)
    if library().lacking(model):
        _pull([name], progress, offline)
    return library().folder(model)


def path(name: str) -> Path:
    """Return the folder of the model's verified files; a missing one is a BackendError."""
    return library().path(name)


def pull(names: Sequence[str] = (), progress: Progress | None = None) -> None:
    """Fetch what these models lack; without names, what the default models lack."""
    _pull(names, progress, offline=False)


def verify(names: Sequence[str] = ()) -> list[FileState]:
    """Hash every file of these models again; without names, of the default and pulled ones."""
    return library().verify(names)


def states() -> list[ModelState]:
    """Return every model of the catalog as it is found on disk, by size and without hashing."""
    return library().states()


def library() -> Library:
    """Return the library in `home()`."""
    return Library(home() / "models", MODELS)


def _pull(names: Sequence[str], progress: Progress | None, offline: bool) -> None:
    # Imported here, because a start with every model in place needs no HTTP client.
    from omnilive.catalog.pulling import Puller

    local = os.environ.get("OMNILIVE_MODELS")
    folder = Path(local) if local else None
    Puller(library(), folder, progress or Silent(), offline).pull(names)
