from collections.abc import Iterator
from pathlib import Path

import pytest

from omnilive.memory.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "session", create=True)
    yield store
    store.close()
