"""Reads the clips of a session out of its store."""

from omnilive.memory.compressor.base import Clip
from omnilive.memory.moments import belongs
from omnilive.memory.query import FactQuery
from omnilive.memory.store import Store

MOST_FACTS = 64  # of a clip


def clips_after(store: Store, id: int, limit: int) -> list[Clip]:
    """Return the next moments after the one of this id, in the order in which they were made."""
    query = "SELECT id, start_s, end_s FROM moment WHERE id > ? ORDER BY id LIMIT ?"
    return [clip_of(store, *row) for row in store.rows(query, id, limit)]


def clip_of(store: Store, id: int, start_s: float, end_s: float) -> Clip:
    """Return one moment with the facts in it."""
    wanted = FactQuery(start_s=start_s, end_s=end_s, limit=MOST_FACTS)
    facts = [fact for fact in store.find_facts(wanted) if belongs(fact, start_s, end_s)]
    return Clip(id=id, start_s=start_s, end_s=end_s, facts=facts)
