from collections.abc import Iterator
from pathlib import Path

import pytest

from omnilive.memory.sqlite import SqliteStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "session", create=True)
    yield store
    store.close()
