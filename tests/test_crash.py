"""Watching is killed with SIGKILL at ten moments; nothing older than five seconds may be lost."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import pytest

from omnilive.memory.base import Fact
from omnilive.memory.library import Library
from tests.story import write_long

KILL_AFTER_S = (0.3, 0.9, 1.4, 2.2, 3.1, 4.6, 5.9, 6.8, 8.1, 9.0)
LOSS_S = 5.0
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@dataclass(frozen=True)
class Crash:
    """What one killed run left, and what watching again made of it."""

    killed_s: float  # after the source was open: as far as the stream can have come
    check: str
    left: list[Fact]
    left_seqs: list[int]
    sources: int
    final: list[Fact]
    final_seqs: list[int]


def command(root: Path, name: str, clip: Path, pace: str) -> list[str]:
    return [sys.executable, "-m", "tests.watcher", str(root), name, str(clip), pace]


def contents(root: Path, name: str) -> tuple[str, list[Fact], list[int], int]:
    store = Library(root).open(name)
    try:
        seqs = [entry.seq for entry in store.log_after(0)]
        return store.check(), store.facts(), seqs, len(store.sources())
    finally:
        store.close()


def crash(root: Path, clip: Path, kill_after_s: float) -> Crash:
    name = f"killed-{kill_after_s}"
    child = subprocess.Popen(command(root, name, clip, "live"), stdout=subprocess.PIPE)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == b"open\n"
        opened = monotonic()
        sleep(kill_after_s)
        child.kill()
        killed_s = monotonic() - opened
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    check, left, left_seqs, _ = contents(root, name)
    done = subprocess.run(command(root, name, clip, "fast"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    _, final, final_seqs, sources = contents(root, name)
    return Crash(killed_s, check, left, left_seqs, sources, final, final_seqs)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crash")


@pytest.fixture(scope="module")
def whole(root: Path) -> list[Fact]:
    clip = write_long(root / "long.mkv")
    subprocess.run(command(root, "whole", clip, "fast"), check=True, capture_output=True)
    return contents(root, "whole")[1]


@pytest.fixture(scope="module")
def crashes(root: Path, whole: list[Fact]) -> Iterator[list[Crash]]:
    with ThreadPoolExecutor(2) as two:
        yield list(two.map(lambda s: crash(root, root / "long.mkv", s), KILL_AFTER_S[::-1]))


def test_the_store_opens_and_is_whole(crashes: list[Crash]) -> None:
    assert [c.check for c in crashes] == ["ok"] * len(KILL_AFTER_S)


def test_at_most_the_last_five_seconds_are_missing(crashes: list[Crash], whole: list[Fact]) -> None:
    for c in crashes:
        until_s = c.killed_s - LOSS_S
        left = {(f.kind, f.text) for f in c.left}
        expected = [f for f in whole if f.start_s <= until_s - 0.5]  # known half a second later
        missing = [f.text for f in expected if (f.kind, f.text) not in left]
        assert not missing, f"killed at {c.killed_s:.1f} s"
        for fact in c.left:
            assert fact.start_s <= c.killed_s + 0.1


def test_in_fact_less_than_two_seconds_are_missing(crashes: list[Crash], whole: list[Fact]) -> None:
    """Not promised, but so it is while the machine keeps up: half a second of pause, and books."""
    late = [
        (c.killed_s, f.text)
        for c in crashes
        for f in whole
        if f.kind == "speech" and f.end_s < c.killed_s - 2.5
        if f.text not in {x.text for x in c.left}
    ]
    assert not late


def test_the_log_has_no_hole(crashes: list[Crash]) -> None:
    for c in crashes:
        assert c.left_seqs == list(range(1, len(c.left_seqs) + 1))
        assert c.final_seqs == list(range(1, len(c.final_seqs) + 1))
        assert len(c.final_seqs) > len(c.left_seqs)


def test_watching_again_completes_it(crashes: list[Crash], whole: list[Fact]) -> None:
    for c in crashes:
        assert c.sources == 1, f"killed at {c.killed_s:.1f} s"
        for kind in ("speech", "object"):
            assert_same(
                [f for f in c.final if f.kind == kind], [f for f in whole if f.kind == kind]
            )
        for kind in ("text", "scene"):  # those begin anew where it broke
            texts = [{f.text for f in some if f.kind == kind} for some in (c.final, whole)]
            assert texts[0] >= texts[1]
        assert not any(f.open for f in c.final)


def assert_same(some: list[Fact], whole: list[Fact]) -> None:
    assert [f.text for f in some] == [f.text for f in whole]
    for a, b in zip(some, whole, strict=True):
        assert (a.start_s, a.end_s) == pytest.approx((b.start_s, b.end_s), abs=0.3)
