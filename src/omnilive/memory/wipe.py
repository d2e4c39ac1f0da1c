"""Takes what was deleted out of the file itself: free pages, search segments and the WAL."""

import contextlib
import sqlite3

DUE = "wipe_due"  # a row of `meta`: something was deleted, and its bytes may still be there
_INDEXES = ("fact_words", "moment_words")


def note_due(db: sqlite3.Connection) -> None:
    """Inside the transaction that deletes: make sure that the bytes go, whatever happens next."""
    for index in _INDEXES:
        # A full-text index keeps deleted words in its segments until they are merged.
        db.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, '1')", (DUE,))


def wipe(db: sqlite3.Connection) -> bool:
    """Rewrite the file without what was deleted; False when another reader kept the WAL in use.

    Outside of any transaction. Readers and other writers wait meanwhile, or make this wait.
    """
    db.execute("VACUUM")
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        return False
    db.execute("DELETE FROM meta WHERE key = ?", (DUE,))
    return True


def wipe_if_due(db: sqlite3.Connection) -> None:
    """Finish what a crash or a busy reader has left undone."""
    if db.execute("SELECT 1 FROM meta WHERE key = ?", (DUE,)).fetchone():
        with contextlib.suppress(sqlite3.OperationalError):  # locked or full: the next one will
            wipe(db)
