"""What a write costs does not grow with what is stored: counted in statements, not in seconds."""

import errno
from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import StoreError
from omnilive.core.events import Keyframe
from omnilive.memory.base import SourceRow
from omnilive.memory.consolidation.budget import BudgetConfig
from omnilive.memory.consolidation.compaction import Compactor
from omnilive.memory.ledger import Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.store import Store
from tests.fakes import FakeEmbedder
from tests.made import a_file, percept, said, thing

BUDGET = BudgetConfig(moments=40, facts=120, log_lines=200, keyframes=20, exact_s=60)


class Counting:
    """Counts the statements that a store puts to its database."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        for name in ("rows", "execute"):
            monkeypatch.setattr(store._db, name, self._counted(getattr(store._db, name)))

    def _counted(self, call: Any) -> Any:
        def counted(*args: Any) -> Any:
            self.count += 1
            return call(*args)

        return counted


def ledger_of(store: Store, budget: BudgetConfig = BUDGET) -> Ledger:
    source: SourceRow = a_file()
    id = store.put_source(source)
    compactor = Compactor(store, budget, "UTC")
    return Ledger.begin(store, id, 0.0, 0.0, MomentConfig(), FakeEmbedder(), compactor)


def test_a_write_costs_late_what_it_costs_early(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, counting = ledger_of(store), Counting(store, monkeypatch)
    costs: list[int] = []
    for i in range(240):
        t = 8.0 * i
        before = counting.count
        events = [
            thing(("car", "bus", "cat")[i % 3], "red", t, t + 4, id=f"object{i}"),
            said(f"number {i} of many", t + 1, id=f"speech{i}"),
            Keyframe(t=t, jpeg=bytes(100), is_cut=i % 2 == 0),
        ]
        ledger.write(events, t + 8, t + 8)
        costs.append(counting.count - before)
    full = costs[100:160]  # over every budget since long
    late = costs[-60:]
    counts = store.counts()
    assert counts["moment"] <= BUDGET.moments and BUDGET.facts - 9 < counts["fact"] <= BUDGET.facts
    assert sum(late) <= 1.1 * sum(full)
    assert max(late) < 4000


def test_the_cheapest_step_comes_from_an_index(store: Store) -> None:
    for table, order in (("moment", "cost"), ("moment", "fold"), ("keyframe", "cost")):
        query = (
            f"EXPLAIN QUERY PLAN SELECT id FROM {table} WHERE {order} < 1e300 "
            f"ORDER BY {order} LIMIT 1"
        )
        plan = " ".join(str(row) for row in store.rows(query))
        assert f"{table}_{order}" in plan and "TEMP B-TREE" not in plan
    query = (
        "EXPLAIN QUERY PLAN SELECT id FROM moment WHERE (start_s, id) > (1, 1) "
        "ORDER BY start_s, id LIMIT 1"
    )
    plan = " ".join(str(row) for row in store.rows(query))
    assert "moment_time" in plan and "TEMP B-TREE" not in plan


def test_very_many_identical_moments_become_few_of_even_length(store: Store) -> None:
    ledger = ledger_of(store, BudgetConfig(moments=40, facts=100, log_lines=100, exact_s=60))
    ledger.embedder = None
    wall = percept("scene", "grey wall", 0.0, 1.0, final=False, id="scene0")
    ledger.write([wall], 1.0, 1.0)
    sizes: list[int] = []
    for t in range(480, 9600, 480):  # thirty moments with each write
        ledger.write([], t, t)
        sizes.append(store.size())
    rows = store.rows("SELECT size, text FROM moment ORDER BY start_s")
    assert len(rows) == 40 and sum(size for size, _ in rows) >= 560
    assert sizes[-1] <= 1.05 * sizes[len(sizes) // 2]
    old = [size for size, _ in rows[:20]]
    assert max(old) <= 8 * min(old)  # nothing swallows everything


def test_a_full_disk_while_merging_loses_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = ledger_of(store, BudgetConfig(moments=8, facts=40, exact_s=0))
    for i in range(60):
        t = 16.0 * i
        ledger.write([thing("car", "red", t, t + 2, id=f"object{i}")], t + 16, t + 16)
    before = store.rows("SELECT * FROM moment ORDER BY id")
    real = store._db.execute

    def full(sql: str, values: Any = ()) -> int:
        if sql.startswith("UPDATE moment SET end_s"):
            with store._db.explained():
                raise OSError(errno.ENOSPC, "no space")
        return real(sql, values)

    monkeypatch.setattr(store._db, "execute", full)
    with pytest.raises(StoreError, match="disk is full: free some space"):
        ledger.write([thing("bus", "red", 960, 962, id="object99")], 980, 980)
    monkeypatch.setattr(store._db, "execute", real)
    assert store.rows("SELECT * FROM moment ORDER BY id") == before
    assert store.check() == "ok" and "red bus" not in {f.text for f in store.facts()}
    ledger.cutter.start_s = 960
    ledger.write([thing("bus", "red", 960, 962, id="object99")], 980, 980)
    assert "red bus" in {f.text for f in store.facts()} and store.counts()["moment"] <= 8


def test_a_store_that_is_opened_again_takes_up_its_budget(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", create=True)
    ledger = ledger_of(store, BudgetConfig(half_life_h=48))
    for i in range(30):
        ledger.write([thing("car", "red", 16 * i, 16 * i + 1, id=f"o{i}")], 16 * i, 16 * i)
    costs = store.rows("SELECT cost FROM moment ORDER BY id")
    other = Compactor(store, BudgetConfig(half_life_h=1))
    assert store.value("SELECT count(*) FROM moment WHERE cost IS NULL") == len(costs)
    with store.transaction():
        other.work(500)
    assert store.value("SELECT count(*) FROM moment WHERE cost IS NULL") == 0
    assert store.rows("SELECT cost FROM moment ORDER BY id") != costs
    store.close()
