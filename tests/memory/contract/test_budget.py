"""A session stays inside its budget, whichever database holds it."""

from omnilive.memory.consolidation import merging
from omnilive.memory.consolidation.compaction import Compactor
from omnilive.memory.store import Store
from tests.memory.test_compaction import SMALL, begin, check_budget, life, live


def test_a_budget_holds_on_both(store: Store) -> None:
    ledger = begin(store)
    writes = life(3, 240)
    live(ledger, writes[:40], lambda: check_budget(store, SMALL))
    ledger.compactor = Compactor(store, SMALL, "UTC")  # as after a restart
    live(ledger, writes[40:], lambda: check_budget(store, SMALL))
    rows = store.rows("SELECT level, size FROM moment")
    assert max(level for level, _ in rows) > 0 and sum(size for _, size in rows) > len(rows)
    for table in ("fact", "moment"):
        ids = {id for (id,) in store.rows(f"SELECT id FROM {table}")}
        vectors = {
            id for (id,) in store.rows("SELECT DISTINCT id FROM vector WHERE tab = ?", table)
        }
        assert ids == vectors
    assert sum(map(merging.occurrences, store.facts(kinds=("object",)))) > 10
    assert store.check() == "ok"
