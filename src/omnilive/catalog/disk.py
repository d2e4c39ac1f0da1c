"""Bytes on disk: hash a file, remember that it was verified, put it in place, name what failed."""

import errno
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from omnilive.catalog.base import WeightFile
from omnilive.catalog.progress import Progress
from omnilive.core.errors import BackendError

logger = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 20
_MARK = ".verified.json"


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(chunks: Iterable[bytes], part: Path, progress: Progress, *, append: bool = False) -> None:
    """Write the chunks to `part`; what was written stays there when a chunk fails to come."""
    with part.open("ab" if append else "wb") as out:
        for chunk in chunks:
            out.write(chunk)
            progress.advance(len(chunk))


def place(part: Path, target: Path) -> None:
    """Give a finished `.part` its name; a crash leaves the old file or the whole new one."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def is_marked(path: Path, file: WeightFile) -> bool:
    """Say whether this very file (same size and time) was verified before."""
    try:
        return _marks(path.parent).get(path.name) == _fingerprint(path, file)
    except OSError:
        return False


def mark(path: Path, file: WeightFile) -> None:
    """Remember beside the file that its hash was right; where that cannot be written, nothing."""
    _write_marks(path.parent, _marks(path.parent) | {path.name: _fingerprint(path, file)})


def unmark(path: Path) -> None:
    """Forget that the file was verified."""
    marks = _marks(path.parent)
    if marks.pop(path.name, None):
        _write_marks(path.parent, marks)


def _fingerprint(path: Path, file: WeightFile) -> list[object]:
    found = path.stat()
    return [file.sha256, found.st_size, found.st_mtime_ns]


def _marks(folder: Path) -> dict[str, object]:
    try:
        marks = json.loads((folder / _MARK).read_text())
    except (OSError, ValueError):
        return {}
    return marks if isinstance(marks, dict) else {}


def _write_marks(folder: Path, marks: dict[str, object]) -> None:
    fresh = folder / f"{_MARK}.{os.getpid()}"
    try:
        fresh.write_text(json.dumps(marks, indent=1))
        os.replace(fresh, folder / _MARK)
    except OSError as error:
        logger.debug("not remembered in %s that files were verified (%s)", folder, error)


def require_space(folder: Path, model: str, needed_bytes: int) -> None:
    """Raise BackendError when the disk of `folder` has less than `needed_bytes` free."""
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise BackendError(
            f"not enough disk space for model {model}: it needs {needed_bytes / 1e6:.0f} MB "
            f"in {folder}, {free_bytes / 1e6:.0f} MB are free: free some, "
            "or set OMNILIVE_HOME to a folder on a bigger disk"
        )


def explain(error: OSError, folder: Path) -> BackendError:
    """Turn a failed write into an error that names cause and remedy."""
    remedy = "set OMNILIVE_HOME to another folder"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BackendError(f"the disk of {folder} is full: free some space, or {remedy}")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        where = error.filename or folder
        return BackendError(f"no write permission for {where}: change its owner, or {remedy}")
    return BackendError(f"cannot write models to {folder} ({error}): {remedy}")
