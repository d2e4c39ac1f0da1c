"""Stores that streams are written into, as a session would write them."""

from pathlib import Path

from omnilive.memory.base import SourceRow
from omnilive.memory.embed import Embedder
from omnilive.memory.ledger import Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.store import Store
from omnilive.memory.wall import CREATED, ZONE


def begin(
    folder: Path, start_wall_s: float, zone: str, embedder: Embedder | None, budget: str = "none"
) -> tuple[Store, Ledger]:
    """Make a store in `folder` whose session began at `start_wall_s`, and the ledger to write it.

    `budget`: "none" for one that is never reached, "default", or "tight".
    """
    store = Store(folder, create=True)
    store.set_meta(CREATED, str(start_wall_s))
    store.set_meta(ZONE, zone)
    row = SourceRow(
        id=0, url="stream:made-up", kind="push", offset_s=0.0, duration_s=None, has_video=True,
        has_audio=True, state="live",
    )  # fmt: skip
    ledger = Ledger.begin(store, store.put_source(row), 0.0, 0.0, MomentConfig(), embedder)
    return store, ledger
