"""The stored sessions of this machine: a folder each, by name."""

import fcntl
import os
import re
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from omnilive.core.errors import ConfigError, StoreError
from omnilive.core.paths import sessions_folder
from omnilive.memory.sqlite import DB_NAME
from omnilive.memory.store import Store

TRIES, TRY_S = 10, 0.03
_NAME = re.compile(r"[\w][\w.-]{0,63}")


def check_name(name: str) -> str:
    """Return the name if a session may be called so; ConfigError otherwise."""
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise ConfigError(
            f"{name!r} cannot name a session: use 1 to 64 letters, digits, '_', '-' and '.', "
            "beginning with a letter or digit"
        )
    return name


@dataclass(frozen=True, slots=True)
class Library:
    """All sessions under one folder."""

    root: Path

    @classmethod
    def default(cls) -> "Library":
        """Return the library in the user's data folder (see core/paths.py)."""
        return cls(sessions_folder())

    def names(self) -> list[str]:
        """Return the stored sessions, by name."""
        if not self.root.is_dir():
            return []
        return sorted(p.name for p in self.root.iterdir() if (p / DB_NAME).is_file())

    def folder(self, name: str) -> Path:
        """Return where a session of this name lies or would lie."""
        return self.root / check_name(name)

    def open(self, name: str) -> Store:
        """Open a stored session. Unknown name: ConfigError that lists the known ones."""
        self._check_stored(name)
        return Store(self.folder(name))

    def create(self, name: str) -> Store:
        """Open a session, making it when it is new."""
        return Store(self.folder(name), create=True)

    def delete(self, name: str) -> None:
        """Remove a session, damaged or not, with all its media; one being written is refused."""
        self._check_stored(name)
        with Writing(self.folder(name)):
            try:
                shutil.rmtree(self.folder(name))
            except OSError as error:
                raise StoreError(f"cannot delete session {name!r}: {error}") from error

    def describe(self, name: str) -> dict[str, Any]:
        """Return the facts that a list of sessions shows."""
        store = self.open(name)
        try:
            counts = store.counts()
            return {
                "id": name,
                "created_wall_s": float(store.meta().get("created_wall_s", 0)),
                "duration_s": round(store.end_s(), 3),
                "events": counts["log"],
                "last_seq": store.last_seq(),
                "moments": counts["moment"],
                "bytes": sum(_size(path) for path in store.folder.rglob("*")),
                "running": is_being_written(store.folder),
            }
        finally:
            store.close()

    def _check_stored(self, name: str) -> None:
        if not (self.folder(name) / DB_NAME).is_file():
            known = ", ".join(self.names()) or "none yet: `omnilive watch FILE` makes one"
            raise ConfigError(f"no session {name!r}; stored sessions: {known}")


def _size(path: Path) -> int:
    """Return a file's size, 0 for a folder and for what a writer has just taken away."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


class Writing:
    """Holds a session's folder for one writer; the lock goes with the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "writer.lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> "Writing":
        try:
            self._file = open(self._path, "a+")
        except OSError as error:
            raise StoreError(f"cannot write in {self._path.parent}: {error.strerror}") from error
        try:
            self._take()
        except BlockingIOError as error:
            self._file.close()
            raise StoreError(
                f"session {self._path.parent.name!r} is being watched by another process: "
                "stop it, or use another session name"
            ) from error
        self._file.seek(0)
        self._file.truncate()
        self._file.write(str(os.getpid()))
        self._file.flush()
        return self

    def _take(self) -> None:
        """Try for a moment: who only looks whether a session runs holds the lock that long."""
        assert self._file is not None
        for attempt in range(TRIES):
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if attempt == TRIES - 1:
                    raise
                threading.Event().wait(TRY_S)

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def is_being_written(folder: Path) -> bool:
    """Tell whether some process is watching into this session now."""
    path = folder / "writer.lock"
    if not path.exists():
        return False
    with open(path, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
