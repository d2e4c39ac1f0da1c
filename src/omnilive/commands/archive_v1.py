"""The first format of an archive, which held the SQLite file itself: it is read, never written."""

import shutil
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path

from omnilive.core.errors import ConfigError, StoreError
from omnilive.memory.databases.sqlite import DB_NAME
from omnilive.memory.databases.transfer import TABLES, Intake, columns, last_ids, rows_of
from omnilive.memory.store import Store

MEMORY = DB_NAME


def take_memory(archive: zipfile.ZipFile, file: Path, intake: Intake) -> None:
    """Bring the file's memory to the present version aside, and take its rows from there."""
    with tempfile.TemporaryDirectory(prefix="omnilive-") as scratch:
        folder = Path(scratch)
        with archive.open(MEMORY) as source, (folder / MEMORY).open("xb") as sink:
            shutil.copyfileobj(source, sink)
        _check_harmless(folder / MEMORY, file)
        with closing(Store(folder)) as old:
            if (verdict := old.check()) != "ok":
                raise StoreError(verdict)
            for table in TABLES:
                intake.take(table, list(columns(old, table)), rows_of(old, table))
            intake.set_last_ids(last_ids(old))


def _check_harmless(memory: Path, file: Path) -> None:
    """Refuse code of a stranger; the formats that were exported so had none of ours."""
    try:
        with closing(sqlite3.connect(memory)) as db:
            query = "SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view')"
            if db.execute(query).fetchone()[0]:
                raise ConfigError(f"{file} holds a memory with triggers or views: refused")
    except sqlite3.Error as error:
        raise StoreError(str(error)) from error
