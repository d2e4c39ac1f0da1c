"""kill -9 at fifty random points: the store is consistent, only the unacknowledged tail is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from omnilive.memory.consolidation.compaction import Compactor
from omnilive.memory.control.retention import Retention
from omnilive.memory.search.reindex import reindex
from omnilive.memory.store import Store, keyframe_path
from tests.memory.test_compaction import check_whole
from tests.memory.victim import (
    DAY_S,
    NOW_S,
    OLD_ROWS,
    RULES,
    SECRET,
    SMALL,
    Other,
    digest,
    state_of,
)

POINTS = {"ingest": 24, "migrate": 10, "reindex": 8, "forget": 4, "retention": 4}
SEED = 11
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def killed(job: str, root: Path) -> list[Path]:
    """Do a job and kill it at its points; return what each kill left."""
    command = [sys.executable, "-m", "tests.memory.victim", job, str(root), str(SEED)]
    done = subprocess.run([*command, str(POINTS[job])], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [root / str(number) for number in range(POINTS[job])]


def opened(folder: Path) -> Store:
    store = Store(folder)
    assert store.check() == "ok"
    return store


def acked(folder: Path) -> list[str]:
    return (folder / "acked").read_text().split()


def holds(folder: Path, needle: str) -> bool:
    return any(needle.encode() in p.read_bytes() for p in folder.rglob("*") if p.is_file())


def test_fifty_points() -> None:
    assert sum(POINTS.values()) == 50


def test_taking_in_and_merging(tmp_path: Path) -> None:
    merged, seen = 0, set[int]()
    folders = killed("ingest", tmp_path)
    states: list[str] = json.loads((tmp_path / "states.json").read_text())
    for folder in folders:
        if "begun" not in acked(folder):
            continue  # killed while it was made: there is nothing that could be lost
        count = len(acked(folder)) - 1
        seen.add(count)
        store = opened(folder)
        if count:  # exactly as after the last write that was acknowledged, or the one under way
            assert digest(store) in states[count - 1 : count + 1]
        for (id,) in store.rows("SELECT id FROM keyframe"):
            assert (folder / keyframe_path(id)).is_file()
        merged += bool(store.value("SELECT count(*) FROM moment WHERE level > 0"))
        Compactor(store, SMALL, "UTC")  # takes up what a crash left
        check_whole(store)
        store.close()
    assert merged >= 10 and len(seen) >= 15  # the points lie all over it, most amid merging


def test_migrating(tmp_path: Path) -> None:
    folders = killed("migrate", tmp_path)
    whole = opened(tmp_path / "whole")
    wanted = state_of(whole)
    whole.close()
    assert sum(line.startswith("fact ") for line in wanted) == OLD_ROWS
    for folder in folders:
        store = opened(folder)
        assert state_of(store) == wanted
        assert len(store.search_text(["sentence"], 1e9, 1000)) == 2 * OLD_ROWS
        store.close()


def test_indexing_anew(tmp_path: Path) -> None:
    folders = killed("reindex", tmp_path)
    whole = opened(tmp_path / "whole")
    wanted = state_of(whole)
    whole.close()
    for folder in folders:
        store = opened(folder)
        assert store.counts()["fact"] == 40
        assert len(store.search_text(["sentence"], 1e12, 1000, kinds=["speech"])) >= 39
        reindex(store, Other(), everything=True)
        assert state_of(store) == wanted
        store.close()


def test_forgetting(tmp_path: Path) -> None:
    folders = killed("forget", tmp_path)
    before = Store(tmp_path / "before")
    kept = state_of(before)
    before.close()
    for folder in folders:
        store = opened(folder)  # which ends what was begun
        if SECRET in " ".join(fact.text for fact in store.facts()):
            assert state_of(store) == kept  # nothing of it has begun
        else:
            assert not holds(folder, "zanzibar")
            assert store.counts()["fact"] == 39
        store.close()


def test_growing_old(tmp_path: Path) -> None:
    for folder in killed("retention", tmp_path):
        store = opened(folder)
        Retention(store, RULES).run(NOW_S, 60.0)
        assert [fact.start_s // DAY_S for fact in store.facts()] == [35, 36, 37, 38, 39]
        store.close()
        assert not holds(folder, "zanzibar")
