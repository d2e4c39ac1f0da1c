"""The server on PostgreSQL: tests of what its routes read and change, once more."""

from pathlib import Path

import pytest

from omnilive.memory.library import Library
from tests.server.test_events import *  # noqa: F403
from tests.server.test_memory import *  # noqa: F403

# The first needs the models and minutes; the second looks into the folder of SQLite.
del test_the_sample_clip, test_keyframes  # noqa: F821
# What does not ask the store need not run twice.
del test_partials_come_without_an_id, test_clients_that_leave_are_forgotten  # noqa: F821
del test_a_client_that_does_not_read_holds_little, test_bad_cursors, test_bad_pages  # noqa: F821
del test_only_the_newest_partial_of_an_utterance_waits, test_partials_do_not_pile_up  # noqa: F821
del test_no_partial_comes_after_its_final, test_a_silent_stream_is_kept_alive  # noqa: F821


@pytest.fixture
def library(tmp_path: Path, postgres_url: str) -> Library:
    return Library(tmp_path / "sessions", postgres_url)
