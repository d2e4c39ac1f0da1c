"""A session as one zip file, and back.

    manifest.json    {"format": "omnilive-session", "version": 1, "omnilive": "0.1.0",
                      "session": name, "files": {path: {"bytes": n, "sha256": hex}}}
    memory.db        a consistent copy, made with SQLite's backup
    keyframes/N.jpg  the pictures

An archive may come from a stranger: only these paths are taken, every file must match its
hash, and nothing is in place before all of it is checked.
"""

import hashlib
import json
import os
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import omnilive
from omnilive.catalog.progress import Progress
from omnilive.core.errors import ConfigError, StoreError
from omnilive.memory.library import Library, check_name
from omnilive.memory.sqlite import DB_NAME
from omnilive.memory.store import KEYFRAMES, Store

FORMAT, VERSION = "omnilive-session", 1
MANIFEST = "manifest.json"
_ALLOWED = re.compile(rf"{DB_NAME}|{KEYFRAMES}/\d+\.jpg")
_MAX_MANIFEST_BYTES = 100_000_000
_CHUNK_BYTES = 1 << 20


def export_session(library: Library, name: str, file: Path, progress: Progress) -> int:
    """Write the session into `file`, which must not exist; return its size in bytes."""
    library.open(name).close()
    if file.exists():
        raise ConfigError(f"{file} exists already: give another name, or remove it first")
    part = file.with_name(f"{file.name}.part")
    try:
        with _tidy(part), tempfile.TemporaryDirectory(prefix="omnilive-") as scratch:
            copy = Path(scratch) / DB_NAME
            _back_up(library.folder(name) / DB_NAME, copy)
            _pack(name, copy, library.folder(name), part, progress)
            os.replace(part, file)
        return file.stat().st_size
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise StoreError(f"cannot export {name!r} to {file}: {reason}") from error


def import_session(library: Library, file: Path, name: str | None, progress: Progress) -> str:
    """Make a session of an archive; return its name. Nothing is left of one that is refused."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest(archive, file)
            name = check_name(name or str(manifest.get("session", "")))
            target = library.folder(name)
            if target.exists():
                raise ConfigError(f"session {name!r} exists already: choose another with --name")
            library.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".import-", dir=library.root) as scratch:
                folder = Path(scratch) / name
                _unpack(archive, manifest["files"], folder, file, progress)
                _check_memory(folder, file)
                os.rename(folder, target)
    # zipfile raises NotImplementedError for a compression that it does not know.
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise _damaged(file, str(error)) from error
    except OSError as error:
        raise StoreError(f"cannot import {file}: {error.strerror or error}") from error
    return name


def _back_up(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy, pages=500, sleep=0.01)
        copy.execute("PRAGMA journal_mode = DELETE")


def _pack(name: str, db: Path, folder: Path, part: Path, progress: Progress) -> None:
    with closing(sqlite3.connect(db)) as copy:
        ids = [id for (id,) in copy.execute("SELECT id FROM keyframe ORDER BY id")]
    paths = {DB_NAME: db} | {
        f"{KEYFRAMES}/{id}.jpg": folder / KEYFRAMES / f"{id}.jpg" for id in ids
    }
    paths = {inside: path for inside, path in paths.items() if path.is_file()}
    total_bytes = sum(path.stat().st_size for path in paths.values())
    files: dict[str, Any] = {}
    progress.start(f"exporting {name}", total_bytes)
    try:
        with zipfile.ZipFile(part, "w", allowZip64=True) as archive:
            for inside, path in paths.items():
                kind = zipfile.ZIP_DEFLATED if inside == DB_NAME else zipfile.ZIP_STORED
                info = zipfile.ZipInfo.from_file(path, inside)
                info.compress_type = kind
                with path.open("rb") as source, archive.open(info, "w") as sink:
                    files[inside] = _copy(source, sink, progress)
            about = {"format": FORMAT, "version": VERSION, "omnilive": omnilive.__version__}
            text = json.dumps({**about, "session": name, "files": files}, indent=1)
            archive.writestr(MANIFEST, text, zipfile.ZIP_DEFLATED)
    finally:
        progress.done()


def _copy(source: Any, sink: BinaryIO | Any, progress: Progress) -> dict[str, Any]:
    digest, n_bytes = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK_BYTES):
        sink.write(chunk)
        digest.update(chunk)
        n_bytes += len(chunk)
        progress.advance(len(chunk))
    return {"bytes": n_bytes, "sha256": digest.hexdigest()}


def _manifest(archive: zipfile.ZipFile, file: Path) -> dict[str, Any]:
    if MANIFEST not in archive.namelist():
        raise ConfigError(f"{file} is no exported session: it has no {MANIFEST}")
    if archive.getinfo(MANIFEST).file_size > _MAX_MANIFEST_BYTES:
        raise _damaged(file, f"its {MANIFEST} is far too big")
    try:
        manifest = json.loads(archive.read(MANIFEST))
        is_ours = manifest["format"] == FORMAT
        version, files = int(manifest["version"]), dict(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(file, f"its {MANIFEST} is not readable") from error
    if not is_ours:
        raise ConfigError(f"{file} is no exported session")
    if version > VERSION:
        raise ConfigError(
            f"{file} was written by a newer omnilive (format {version}, this one knows "
            f"{VERSION}): upgrade omnilive"
        )
    strange = [
        inside
        for inside in {*files, *archive.namelist()} - {MANIFEST}
        if not _ALLOWED.fullmatch(inside)
    ]
    if strange:
        raise ConfigError(f"{file} holds {strange[0]!r}, which is no part of a session: refused")
    if missing := sorted(files.keys() - set(archive.namelist())):
        raise _damaged(file, f"{missing[0]} is missing")
    if DB_NAME not in files:
        raise _damaged(file, f"{DB_NAME} is missing")
    return manifest


def _unpack(
    archive: zipfile.ZipFile, files: dict[str, Any], folder: Path, file: Path, progress: Progress
) -> None:
    (folder / KEYFRAMES).mkdir(parents=True)
    progress.start(f"importing {file.name}", sum(archive.getinfo(f).file_size for f in files))
    try:
        for inside, wanted in files.items():
            # The size is checked first, for a tiny file may unpack to a huge one.
            if archive.getinfo(inside).file_size != wanted.get("bytes"):
                raise _damaged(file, f"{inside} has the wrong size")
            with archive.open(inside) as source, (folder / inside).open("xb") as sink:
                found = _copy(source, sink, progress)
            if found["sha256"] != wanted.get("sha256"):
                raise _damaged(file, f"{inside} does not match its hash")
    finally:
        progress.done()


def _check_memory(folder: Path, file: Path) -> None:
    """Open the memory once: right format, whole, and no code of a stranger in it."""
    try:
        with closing(sqlite3.connect(folder / DB_NAME)) as db:
            query = "SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')"
            if db.execute(query).fetchone()[0]:
                raise ConfigError(f"{file} holds a memory with triggers or views: refused")
    except sqlite3.Error as error:
        raise _damaged(file, str(error)) from error
    store = Store(folder)
    try:
        if (verdict := store.check()) != "ok":
            raise _damaged(file, verdict)
    finally:
        store.close()


@contextmanager
def _tidy(part: Path) -> Iterator[None]:
    try:
        yield
    finally:
        part.unlink(missing_ok=True)


def _damaged(file: Path, reason: str) -> StoreError:
    return StoreError(f"{file} is damaged ({reason}): export or copy it again")
