"""A session as one zip file, and back; docs/session-file.md describes the format.

    tables/NAME.jsonl   the rows of a table: a line with its columns, then a line for each row
    keyframes/N.jpg     the pictures
    recordings/...      the recorded media
    manifest.json       format, names, and size and SHA-256 of every other file

It is the same whichever database the session is in. An archive may come from a stranger: only
these paths are taken, every file must match its hash before anything is written, every value is
checked, and nobody sees the session before all of it is there.
"""

import hashlib
import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import omnilive
from omnilive.catalog.progress import Progress
from omnilive.commands.archive_v1 import MEMORY, take_memory
from omnilive.core.errors import ConfigError, StoreError
from omnilive.memory.databases.schema import VERSION as SCHEMA
from omnilive.memory.databases.transfer import TABLES, Intake, columns, last_ids, rows_of
from omnilive.memory.library import Library, check_name
from omnilive.memory.store import KEYFRAMES, Store

FORMAT, VERSION = "omnilive-session", 2
MANIFEST = "manifest.json"
_FILES = rf"{KEYFRAMES}/\d+\.jpg|recordings/[\w-][\w.-]*"
_ALLOWED = {
    1: re.compile(rf"{MEMORY}|{_FILES}"),
    2: re.compile(rf"tables/(?:{'|'.join(TABLES)})\.jsonl|{_FILES}"),
}
_MAX_MANIFEST_BYTES = 100_000_000
_MAX_LINE_BYTES = 64_000_000
_CHUNK_BYTES = 1 << 20


def export_session(library: Library, name: str, file: Path, progress: Progress) -> int:
    """Write the session into `file`, which must not exist; return its size in bytes.

    It may be written meanwhile: the archive holds what was stored when the export began.
    """
    store = library.open(name)
    try:
        if file.exists():
            raise ConfigError(f"{file} exists already: give another name, or remove it first")
        part = file.with_name(f"{file.name}.part")
        with _tidy(part), store.snapshot():
            _pack(name, store, part, progress)
            os.replace(part, file)
        return file.stat().st_size
    except OSError as error:
        raise StoreError(f"cannot export {name!r} to {file}: {error.strerror or error}") from error
    except StoreError as error:
        if isinstance(error.__cause__, OSError):  # of the file, as the snapshot explains it
            reason = error.__cause__.strerror or error
            raise StoreError(f"cannot export {name!r} to {file}: {reason}") from error.__cause__
        raise
    finally:
        store.close()


def _pack(name: str, store: Store, part: Path, progress: Progress) -> None:
    media = [path for path in _media(store) if path.is_file()]
    packed: dict[str, dict[str, Any]] = {}
    rows: dict[str, int] = {}
    progress.start(f"exporting {name}", store.size() + sum(p.stat().st_size for p in media))
    try:
        with zipfile.ZipFile(part, "w", allowZip64=True) as archive:
            for table in TABLES:
                inside = f"tables/{table}.jsonl"
                packed[inside], rows[table] = _put_table(archive, inside, store, table, progress)
            for path in media:
                inside = path.relative_to(store.folder).as_posix()
                info = zipfile.ZipInfo.from_file(path, inside, strict_timestamps=False)
                with path.open("rb") as source:
                    packed[inside] = _put(archive, info, _chunks(source), progress)
            about = {
                "format": FORMAT, "version": VERSION, "omnilive": omnilive.__version__,
                "session": name, "schema": SCHEMA, "last_ids": last_ids(store), "rows": rows,
                "files": packed,
            }  # fmt: skip
            archive.writestr(MANIFEST, json.dumps(about, indent=1), zipfile.ZIP_DEFLATED)
    finally:
        progress.done()


def _media(store: Store) -> Iterator[Path]:
    """Yield the files that rows of the snapshot name; one deleted since then is not there."""
    for (id,) in store.rows("SELECT id FROM keyframe ORDER BY id"):
        yield store.folder / KEYFRAMES / f"{id}.jpg"
    for (path,) in store.rows("SELECT path FROM segment ORDER BY id"):
        yield store.folder / path


def _put_table(
    archive: zipfile.ZipFile, inside: str, store: Store, table: str, progress: Progress
) -> tuple[dict[str, Any], int]:
    counted = 0

    def lines() -> Iterator[bytes]:
        nonlocal counted
        yield _line(list(columns(store, table)))
        for row in rows_of(store, table):
            counted += 1
            yield _line(row)

    info = zipfile.ZipInfo(inside)
    info.compress_type = zipfile.ZIP_DEFLATED
    return _put(archive, info, lines(), progress), counted


def _line(value: list[Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _put(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, parts: Iterable[bytes], progress: Progress
) -> dict[str, Any]:
    digest, n_bytes = hashlib.sha256(), 0
    with archive.open(info, "w", force_zip64=True) as sink:
        for part in parts:
            sink.write(part)
            digest.update(part)
            n_bytes += len(part)
            progress.advance(len(part))
    return {"bytes": n_bytes, "sha256": digest.hexdigest()}


def import_session(library: Library, file: Path, name: str | None, progress: Progress) -> str:
    """Make a session of an archive; return its name. Nothing is left of one that is refused."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest(archive, file)
            name = check_name(name or str(manifest.get("session", "")))
            if library.mark(name) is not None:
                raise ConfigError(f"session {name!r} exists already: choose another with --name")
            files: dict[str, Any] = manifest["files"]
            progress.start(
                f"importing {file.name}", 2 * sum(one["bytes"] for one in files.values())
            )
            try:
                _check(archive, files, file, progress)
                with library.new(name) as store:
                    _unpack(archive, manifest, store, file, progress)
            finally:
                progress.done()
    # zipfile raises NotImplementedError for a compression that it does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise _damaged(file, str(error)) from error
    except OSError as error:
        raise StoreError(f"cannot import {file}: {error.strerror or error}") from error
    return name


def _manifest(archive: zipfile.ZipFile, file: Path) -> dict[str, Any]:
    if MANIFEST not in archive.namelist():
        raise ConfigError(f"{file} is no exported session: it has no {MANIFEST}")
    if archive.getinfo(MANIFEST).file_size > _MAX_MANIFEST_BYTES:
        raise _damaged(file, f"its {MANIFEST} is far too big")
    try:
        manifest = json.loads(archive.read(MANIFEST))
        is_ours = manifest["format"] == FORMAT
        version, schema = int(manifest["version"]), int(manifest.get("schema", 0))
        files = {
            str(path): {"bytes": int(one["bytes"]), "sha256": str(one["sha256"])}
            for path, one in manifest["files"].items()
        }
        numbers = {str(table): int(n) for table, n in manifest.get("last_ids", {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(file, f"its {MANIFEST} is not readable") from error
    if not is_ours or version < 1:
        raise ConfigError(f"{file} is no exported session")
    if version > VERSION or schema > SCHEMA:
        knows = f"format {version}.{schema}, this one knows {VERSION}.{SCHEMA}"
        raise ConfigError(f"{file} was written by a newer omnilive ({knows}): upgrade omnilive")
    held = [one for one in archive.namelist() if one != MANIFEST]
    if strange := [one for one in {*files, *held} if not _ALLOWED[version].fullmatch(one)]:
        raise ConfigError(f"{file} holds {strange[0]!r}, which is no part of a session: refused")
    if len(held) != len(set(held)):
        raise _damaged(file, "it holds a file twice")
    wanted = {MEMORY} if version == 1 else {f"tables/{table}.jsonl" for table in ("meta", "log")}
    if missing := sorted((files.keys() | wanted) - set(held)):
        raise _damaged(file, f"{missing[0]} is missing")
    return {**manifest, "version": version, "files": files, "last_ids": numbers}


def _check(archive: zipfile.ZipFile, files: dict[str, Any], file: Path, progress: Progress) -> None:
    """Read every file once: nothing is written before all of them are what they should be."""
    for inside, wanted in files.items():
        # The size is checked first, for a tiny file may unpack to a huge one.
        if archive.getinfo(inside).file_size != wanted["bytes"]:
            raise _damaged(file, f"{inside} has the wrong size")
        digest = hashlib.sha256()
        with archive.open(inside) as source:
            for chunk in _chunks(source):
                digest.update(chunk)
                progress.advance(len(chunk))
        if digest.hexdigest() != wanted["sha256"]:
            raise _damaged(file, f"{inside} does not match its hash")


def _unpack(
    archive: zipfile.ZipFile, manifest: dict[str, Any], store: Store, file: Path, progress: Progress
) -> None:
    for inside in manifest["files"]:
        if inside.startswith((f"{KEYFRAMES}/", "recordings/")):
            (store.folder / inside).parent.mkdir(exist_ok=True)
            with archive.open(inside) as source, (store.folder / inside).open("xb") as sink:
                for chunk in _chunks(source):
                    sink.write(chunk)
                    progress.advance(len(chunk))
    try:
        with store.transaction():
            intake = Intake(store)
            if manifest["version"] == 1:
                take_memory(archive, file, intake)
                return
            for table in TABLES:
                if f"tables/{table}.jsonl" in manifest["files"]:
                    with archive.open(f"tables/{table}.jsonl") as source:
                        lines = _lines(source, progress)
                        intake.take(table, next(lines, []), lines)
            intake.set_last_ids(manifest["last_ids"])
    except (ValueError, StoreError) as error:
        if isinstance(error.__cause__, OSError):
            raise
        raise _damaged(file, str(error)) from error


def _lines(source: IO[bytes], progress: Progress) -> Iterator[list[Any]]:
    while line := source.readline(_MAX_LINE_BYTES):
        progress.advance(len(line))
        value = json.loads(line)
        if not isinstance(value, list):
            raise ValueError("a line is no list")
        yield value


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK_BYTES):
        yield chunk


@contextmanager
def _tidy(part: Path) -> Iterator[None]:
    try:
        yield
    finally:
        part.unlink(missing_ok=True)


def _damaged(file: Path, reason: str) -> StoreError:
    return StoreError(f"{file} is damaged ({reason}): export or copy it again")
