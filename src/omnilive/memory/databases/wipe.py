"""Takes what was deleted out of the file itself: free pages, search segments and the WAL."""

import contextlib
import sqlite3

DUE = "wipe_due"  # a row of `meta`: something was deleted, and its bytes may still be there
MERGE_PAGES = 64  # of a word index, merged at a time
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


def tidy(db: sqlite3.Connection, start: bool) -> bool:
    """Merge a few pages of the word indexes and empty the WAL; True when there is more to merge.

    Rows that were deleted are zeros already (secure_delete), but a full-text index keeps their
    words until its segments are merged: `start` begins to merge all of them into one.
    """
    more = False
    for index in _INDEXES:
        pages = -MERGE_PAGES if start else MERGE_PAGES
        before = db.total_changes
        db.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('merge', ?)", (pages,))
        more |= db.total_changes - before >= 2  # as the manual says: else there was nothing to do
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # while somebody reads, the next one does it
    return more or start


def wipe_if_due(db: sqlite3.Connection) -> None:
    """Finish what a crash or a busy reader has left undone."""
    if db.execute("SELECT 1 FROM meta WHERE key = ?", (DUE,)).fetchone():
        with contextlib.suppress(sqlite3.OperationalError):  # locked or full: the next one will
            wipe(db)
