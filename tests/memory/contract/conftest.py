"""Each test of this folder runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from omnilive.memory.library import SQLITE, Library
from omnilive.memory.store import Store


@pytest.fixture(params=[SQLITE, "postgresql"])
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Library:
    """An empty library."""
    at = SQLITE if request.param == SQLITE else request.getfixturevalue("postgres_url")
    return Library(tmp_path / "sessions", at)


@pytest.fixture
def store(library: Library) -> Iterator[Store]:
    """The empty store of a session called "s"."""
    store = library.create("s")
    yield store
    store.close()
