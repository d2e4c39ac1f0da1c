"""Pins: spans that stay as they are. Nothing merges, thins out or expires what overlaps one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from omnilive.core.clock import wall_time
from omnilive.core.errors import ConfigError
from omnilive.memory.spans import SHORTEST_S, Span, merged, overlaps, rest
from omnilive.memory.store import Store

NOTE_CHARS = 1000
MOST = 10_000  # pins of one session


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One pinned span, session seconds; `made_wall_s` is Unix time."""

    id: int
    start_s: float
    end_s: float
    note: str
    made_wall_s: float

    def as_json(self) -> dict[str, Any]:
        """The public JSON form."""
        return {
            "id": self.id, "start_s": round(self.start_s, 3), "end_s": round(self.end_s, 3),
            "note": self.note, "made_wall_s": round(self.made_wall_s, 3),
        }  # fmt: skip


def pin(store: Store, start_s: float, end_s: float, note: str = "") -> Pin:
    """Keep [start_s, end_s] as it is; it may lie in the future. ConfigError for what is no span."""
    if not (0 <= start_s and start_s + SHORTEST_S <= end_s < 1e12):
        raise ConfigError(f"nothing to pin from {start_s:g} s to {end_s:g} s: give a span")
    if any(overlaps(Span(start_s, end_s), gone) for gone in store.forgotten()):
        raise ConfigError("this span was forgotten, in whole or in part: nothing of it is left")
    if store.value("SELECT count(*) FROM pin") >= MOST:
        raise ConfigError(f"there are {MOST} pins already: remove some first")
    made_wall_s = wall_time()
    row = "INSERT INTO pin (start_s, end_s, note, made_wall_s) VALUES (?, ?, ?, ?) RETURNING id"
    with store.transaction():
        id = int(store.value(row, start_s, end_s, note[:NOTE_CHARS], made_wall_s))
        body = {"pin": id, "state": "pinned", "start_s": start_s, "end_s": end_s}
        store.append(store.end_s(), "pin", body)
    return Pin(id=id, start_s=start_s, end_s=end_s, note=note[:NOTE_CHARS], made_wall_s=made_wall_s)


def unpin(store: Store, id: int) -> Pin:
    """Let a pinned span be treated like any other again; ConfigError for an unknown pin."""
    found = next((one for one in pins(store) if one.id == id), None)
    if found is None:
        raise ConfigError(f"there is no pin {id}: `omnilive memory pins` lists them")
    with store.transaction():
        store.execute("DELETE FROM pin WHERE id = ?", id)
        body = {
            "pin": id, "state": "unpinned", "start_s": found.start_s, "end_s": found.end_s,
        }  # fmt: skip
        store.append(store.end_s(), "pin", body)
    return found


def pins(store: Store) -> list[Pin]:
    """Return all pins, by start."""
    rows = store.rows("SELECT id, start_s, end_s, note, made_wall_s FROM pin ORDER BY start_s, id")
    return [
        Pin(id=id, start_s=a, end_s=b, note=note or "", made_wall_s=wall_s)
        for id, a, b, note, wall_s in rows
    ]


def pinned(store: Store) -> list[Span]:
    """Return what is pinned, in order, those that touch as one."""
    return merged(Span(a, b) for a, b in store.rows("SELECT start_s, end_s FROM pin"))


def is_pinned(span: Span, pinned: Sequence[Span]) -> bool:
    """Tell whether something of a span is pinned."""
    return any(overlaps(span, one) or overlaps(one, span) for one in pinned)


def forget_pins(store: Store, span: Span) -> None:
    """Cut pins, and their notes with them, to what is left outside of a forgotten span."""
    for one in pins(store):
        kept = Span(one.start_s, one.end_s)
        if not overlaps(kept, span):
            continue
        store.execute("DELETE FROM pin WHERE id = ?", one.id)
        for part in rest(kept, span):
            row = "INSERT INTO pin (start_s, end_s, note, made_wall_s) VALUES (?, ?, '', ?)"
            store.execute(row, *part, one.made_wall_s)
