"""The tests of what is built on a store, on PostgreSQL too; SQLite has them in tests/memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from omnilive.memory.library import Library
from omnilive.memory.store import Store
from tests.memory.test_dialogue import *  # noqa: F403
from tests.memory.test_edit import *  # noqa: F403
from tests.memory.test_labels import *  # noqa: F403
from tests.memory.test_ledger import *  # noqa: F403
from tests.memory.test_recall import *  # noqa: F403
from tests.memory.test_resume import *  # noqa: F403


@pytest.fixture
def store(postgres_url: str, tmp_path: Path) -> Iterator[Store]:
    store = Library(tmp_path / "sessions", postgres_url).create("s")
    yield store
    store.close()
