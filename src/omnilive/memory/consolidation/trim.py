"""Takes the oldest lines out of a log that is too long; the least telling kinds go first.

Numbers of lines have holes from then on; cursors do not mind. Lines that watches have yet to see,
and alerts on their way to somebody, stay.
"""

from omnilive.memory.store import Store
from omnilive.memory.watches import WatchTable

FROM = "log_from_s"  # a row of `meta`: percepts are in the log from this session time on
_FIRST = ("percept", "moment", "voice", "health")
_THEN = ("gap", "narration", "remark", "check", "source", "pin", "recording")
_LAST = ("answer", "turn", "alert", "watch", "forgotten")


def trim(store: Store, count: int) -> int:
    """Delete up to `count` lines, in a transaction; return how many went."""
    until = _seen_until(store)
    gone = 0
    for types in (_FIRST, _THEN, _LAST):
        if gone < count:
            gone += _trim(store, types, count - gone, until)
    return gone


def reaches_back_to(store: Store) -> float:
    """Return from which session time on the log holds every percept; 0 when it is whole."""
    return float(store.value("SELECT value FROM meta WHERE key = ?", FROM) or 0.0)


def _trim(store: Store, types: tuple[str, ...], count: int, until: int) -> int:
    found: list[tuple[int, float, str]] = []
    for type in types:
        query = "SELECT seq, t FROM log WHERE type = ? AND seq <= ? ORDER BY seq LIMIT ?"
        found += [(seq, t, type) for seq, t in store.rows(query, type, until, count)]
    gone = sorted(found)[:count]
    if types is _LAST:
        waiting = {seq for (seq,) in store.rows("SELECT seq FROM outbox WHERE state = 'waiting'")}
        gone = [line for line in gone if line[0] not in waiting]
    store.execute_many("DELETE FROM log WHERE seq = ?", [(seq,) for seq, _, _ in gone])
    if seen := [t for _, t, type in gone if type == "percept"]:
        store.set_meta(FROM, str(max(reaches_back_to(store), *seen)))
    return len(gone)


def _seen_until(store: Store) -> int:
    """Return the last line that may go: all watches have taken it in."""
    if not store.rows("SELECT 1 FROM watch LIMIT 1"):
        return store.last_seq()
    cursor = WatchTable(store).cursor()
    return store.last_seq() if cursor is None else cursor
