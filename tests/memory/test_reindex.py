"""Rebuilding the index: interrupted anywhere, beside readers, writers and forgetting."""

import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from omnilive.core.errors import StoreError
from omnilive.memory.control.forget import forget
from omnilive.memory.search.reindex import STATE, reindex
from omnilive.memory.search.words import content_words
from omnilive.memory.store import Store
from tests.fakes import FakeEmbedder
from tests.made import percept

ROWS = 300  # facts; more than two batches


class Other(FakeEmbedder):
    """Another model, of another width, that may be stopped."""

    name = "other"
    width = 1024

    def __init__(self, stop_after: int = 10**9) -> None:
        self.calls, self._stop_after = 0, stop_after

    def embed(self, texts: list[str]) -> np.ndarray:
        self.calls += 1
        if self.calls > self._stop_after:
            raise KeyboardInterrupt
        return super().embed(texts)


def fill(store: Store, embedder: FakeEmbedder | None, rows: int = ROWS) -> None:
    for i in range(rows):
        text = f"sentence number {i} about topic{i % 7}"
        with store.transaction():
            id = store.put_fact(f"1:{i}", percept("speech", text, float(i)))
            if embedder is not None:
                vectors = embedder.embed([text])
                store.put_vectors("fact", id, float(i), vectors, [text], embedder.name)
            if i % 10 == 0:
                store.put_moment(float(i), i + 1.0, f"moment {i}")


def nearest(store: Store, embedder: FakeEmbedder, text: str) -> list[str]:
    """Return the texts found by meaning, the way `recall` asks."""
    if not store.vectors.takes(embedder.name):
        return []
    refs = store.search_vector(embedder.embed([text])[0], 1e12, 3, tables=("fact",))
    return [store.facts_of([ref.id])[0].text for ref in refs]


def assert_whole(store: Store, embedder: FakeEmbedder, rows: int = ROWS) -> None:
    """Every row has vectors of this model, and there is nothing else."""
    assert store.vectors.model()[1] == embedder.name and STATE not in store.meta()
    assert len(store.rows("SELECT DISTINCT model FROM wording")) == 1
    assert store.value("SELECT count(*) FROM vector WHERE tab = 'fact'") == rows
    for i in (0, rows // 2, rows - 1):
        wanted = f"sentence number {i} about topic{i % 7}"
        assert nearest(store, embedder, wanted)[0] == wanted
    assert store.check() == "ok"


def test_another_model_takes_the_place_of_the_old(store: Store) -> None:
    old, new = FakeEmbedder(), Other()
    fill(store, old)
    assert nearest(store, old, "number 7") and nearest(store, new, "number 7") == []
    told: list[tuple[int, int]] = []
    done = reindex(store, new, progress=lambda *at: told.append(at))
    assert (done.rows, done.embedded, done.resumed) == (ROWS + 30, ROWS + 30, False)
    assert told[-1] == (ROWS + 30, ROWS + 30) and sorted(told) == told and len(told) > 3
    assert_whole(store, new)
    assert nearest(store, old, "number 7") == []


def test_what_lacks_vectors_is_given_them_and_the_rest_left_alone(store: Store) -> None:
    fill(store, None)
    embedder = Other()
    assert reindex(store, embedder).embedded == ROWS + 30
    assert_whole(store, embedder)
    calls = embedder.calls
    assert reindex(store, embedder).embedded == 0 and embedder.calls == calls
    assert reindex(store, embedder, everything=True).embedded == ROWS + 30
    assert_whole(store, embedder)


def test_words_are_made_anew(store: Store) -> None:
    fill(store, None)
    store.execute("DELETE FROM fact_words")
    assert store.search_text(["topic3"], 1e12, 5) == []
    reindex(store, None, everything=True)
    assert len(store.search_text(["topic3"], 1e12, 5)) == 5
    assert store.vectors.model()[1] == ""


def test_it_goes_on_where_it_was_stopped_and_the_old_index_serves_until_then(store: Store) -> None:
    old = FakeEmbedder()
    fill(store, old)
    for stop_after in (1, 1):
        with pytest.raises(KeyboardInterrupt):
            reindex(store, Other(stop_after))
        assert nearest(store, old, "sentence number 7")  # as before
    new = Other()
    done = reindex(store, new)
    assert done.resumed and 0 < done.embedded < ROWS
    assert_whole(store, new)


def test_a_reader_keeps_finding_while_it_runs(store: Store) -> None:
    old, reader = FakeEmbedder(), Store(store.folder)
    fill(store, old)

    class Watched(Other):
        def embed(self, texts: list[str]) -> np.ndarray:
            found = nearest(reader, old, "sentence number 7 about topic0")
            assert found[0] == "sentence number 7 about topic0"
            assert reader.search_text(content_words("number 7"), 1e12, 3)
            return super().embed(texts)

    new = Watched()
    reindex(store, new)
    assert new.calls >= 3 and nearest(reader, Other(), "sentence number 7")
    reader.close()


def test_what_is_written_changed_or_forgotten_meanwhile_is_right_in_the_end(store: Store) -> None:
    old, calls = FakeEmbedder(), itertools.count()
    fill(store, old)
    writer = Store(store.folder)

    class Busy(Other):
        def embed(self, texts: list[str]) -> np.ndarray:
            if next(calls) == 2:
                with writer.transaction():
                    first = writer.put_fact("1:0", percept("speech", "quite another text", 0.0))
                    vectors = old.embed(["quite another text"])
                    writer.put_vectors(
                        "fact", first, 0.0, vectors, ["quite another text"], old.name
                    )
                    writer.put_fact("1:new", percept("speech", "a late arrival", 1000.0))
                forget(writer, 9.5, 10.6)
            return super().embed(texts)

    new = Busy()
    reindex(store, new)
    assert nearest(store, new, "quite another text")[0] == "quite another text"
    assert nearest(store, new, "a late arrival")[0] == "a late arrival"
    assert "sentence number 10 about topic3" not in nearest(store, new, "sentence number 10")
    left = "NOT EXISTS (SELECT 1 FROM fact WHERE fact.id = vector.id)"
    assert store.value(f"SELECT count(*) FROM vector WHERE tab = 'fact' AND {left}") == 0
    writer.close()


def test_one_at_a_time(store: Store) -> None:
    fill(store, None, 3)

    class Nested(Other):
        def embed(self, texts: list[str]) -> np.ndarray:
            with pytest.raises(StoreError, match="another process"):
                reindex(store, Other())
            return super().embed(texts)

    assert reindex(store, Nested()).embedded == 4


KILLED = """
import sys
from pathlib import Path
from omnilive.memory.search.reindex import reindex
from omnilive.memory.store import Store
from tests.memory.test_reindex import Other
print("begun", flush=True)
for done in (1, 2, 3):
    reindex(Store(Path(sys.argv[1])), Other(), everything=True)
    print("done", flush=True)
"""


@pytest.fixture
def runs() -> Iterator[list["subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for one in started:
        one.kill()
        one.wait()
        assert one.stdout is not None
        one.stdout.close()


def test_kill_at_any_moment_leaves_a_store_that_the_next_run_finishes(
    store: Store, runs: list["subprocess.Popen[str]"]
) -> None:
    old = FakeEmbedder()
    fill(store, old)
    root = Path(__file__).parents[2]
    for delay_s in (0.01, 0.04, 0.08, 0.15, 0.3):
        command = [sys.executable, "-c", KILLED, str(store.folder)]
        runs.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root))
        assert runs[-1].stdout is not None and runs[-1].stdout.readline() == "begun\n"
        try:
            runs[-1].wait(delay_s)
        except subprocess.TimeoutExpired:
            runs[-1].send_signal(signal.SIGKILL)
            runs[-1].wait()
        name = store.vectors.model()[1]
        assert name in ("fake", "other")  # whole either way
        found = nearest(store, old if name == "fake" else Other(), "sentence number 7 about topic0")
        assert found[0] == "sentence number 7 about topic0"
        assert store.value("SELECT count(*) FROM fact") == ROWS and store.check() == "ok"
    reindex(store, Other(), everything=True)
    assert_whole(store, Other())


def test_the_command(tmp_path: Path) -> None:
    main = "import sys; from omnilive.cli import main; sys.exit(main())"
    run = [sys.executable, "-c", main, "memory", "reindex"]
    environment = {"XDG_DATA_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    folder = tmp_path / "omnilive" / "sessions" / "s"
    store = Store(folder, create=True)
    fill(store, None, 5)
    store.close()
    done = subprocess.run(
        [*run, "s", "--json", "--all", "--set", "memory.embedder=off"],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["type"], told["rows"], told["embedded"]) == ("reindexed", 6, 0)
    done = subprocess.run([*run, "nobody"], capture_output=True, text=True, env=environment)
    assert done.returncode == 2 and "no session" in done.stderr
