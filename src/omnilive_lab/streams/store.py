"""Stores that streams are written into, as a session would write them."""

from pathlib import Path

from omnilive.core.errors import ConfigError
from omnilive.memory.base import SourceRow
from omnilive.memory.consolidation.budget import BudgetConfig
from omnilive.memory.consolidation.compaction import Compactor
from omnilive.memory.ledger import Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.search.embed import Embedder
from omnilive.memory.store import Store
from omnilive.memory.wall import CREATED, ZONE

TIGHT = BudgetConfig(moments=3_000, facts=6_000)  # two weeks in the rows of half a day


def begin(
    folder: Path, start_wall_s: float, zone: str, embedder: Embedder | None, budget: str = "none"
) -> tuple[Store, Ledger]:
    """Make a store in `folder` whose session began at `start_wall_s`, and the ledger to write it.

    `budget`: "none" for nothing merged, "default", or "tight".
    """
    store = Store(folder, create=True)
    store.set_meta(CREATED, str(start_wall_s))
    store.set_meta(ZONE, zone)
    row = SourceRow(
        id=0, url="stream:made-up", kind="push", offset_s=0.0, duration_s=None, has_video=True,
        has_audio=True, state="live",
    )  # fmt: skip
    limits = budget_called(budget)
    compactor = None if limits is None else Compactor(store, limits, zone)
    source = store.put_source(row)
    return store, Ledger.begin(store, source, 0.0, 0.0, MomentConfig(), embedder, compactor)


def budget_called(name: str) -> BudgetConfig | None:
    """Return a budget by its name, None for none; ConfigError names the known ones."""
    budgets = {"none": None, "default": BudgetConfig(), "tight": TIGHT}
    if name not in budgets:
        raise ConfigError(f"no budget {name!r}; choose from {', '.join(budgets)}")
    return budgets[name]
