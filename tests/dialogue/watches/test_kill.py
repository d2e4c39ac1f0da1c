"""Watching is killed with SIGKILL while watches fire; the next run loses no alert, repeats none."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.book import Book
from omnilive.memory.library import Library
from omnilive.memory.watches import WatchTable
from tests.story import write_long

KILL_AFTER_S = (0.4, 1.2, 2.6, 3.3, 4.8, 6.3, 7.9, 9.2, 10.4)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
HOOK = r.Webhook(url="http://127.0.0.1:9/x")
HERE = r.Object(labels=("dog",), event="present")
RULES = (
    r.Rule(what=r.Object(labels=("car", "dog", "bus"))),
    r.Rule(what=r.Text(contains=("welcome", "exit")), to=(HOOK,)),
    r.Rule(what=r.Speech(any_of=("alpha", "golf"))),
    r.Rule(what=r.Lasts(of=HERE, for_s=2.0)),
    r.Rule(what=r.Count(of=r.Speech(), n=4, scope="total")),
    r.Rule(what=r.Sequence(first=r.Object(labels=("car",)), then=r.Object(labels=("bus",)))),
)


def watch(root: Path, name: str, clip: Path, pace: str) -> list[str]:
    return [sys.executable, "-m", "tests.watcher", str(root), name, str(clip), pace]


def arm(root: Path, name: str) -> None:
    store = Library(root).create(name)
    book = Book(store)
    for rule in RULES:
        book.add(rule)
    store.close()


def alerts(root: Path, name: str) -> tuple[list[dict[str, Any]], list[int], int]:
    store = Library(root).open(name)
    found = Book(store).alerts()
    seqs = [entry.seq for entry in store.log_after(0, 10_000)]
    posted = len(WatchTable(store).waiting())
    store.close()
    return found, seqs, posted


def crash(root: Path, clip: Path, kill_after_s: float) -> tuple[Any, Any]:
    name = f"killed-{kill_after_s}"
    arm(root, name)
    child = subprocess.Popen(watch(root, name, clip, "live"), stdout=subprocess.PIPE)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == b"open\n"
        sleep(kill_after_s)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    before = alerts(root, name)
    done = subprocess.run(watch(root, name, clip, "fast"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return before, alerts(root, name)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kill")


def test_no_alert_is_lost_and_none_is_told_twice(root: Path) -> None:
    clip = write_long(root / "long.mkv")
    arm(root, "whole")
    subprocess.run(watch(root, "whole", clip, "fast"), check=True, capture_output=True)
    whole, _, posted = alerts(root, "whole")
    wanted = sorted((a["watch"], a["n"]) for a in whole)
    assert {a["watch"] for a in whole} == {f"w{i + 1}" for i in range(len(RULES))}
    with ThreadPoolExecutor(2) as two:
        runs = list(two.map(lambda s: crash(root, clip, s), KILL_AFTER_S[::-1]))
    for kill_after_s, (before, after) in zip(KILL_AFTER_S[::-1], runs, strict=True):
        said = f"killed after {kill_after_s} s"
        assert before[1] == list(range(1, len(before[1]) + 1)), said
        assert after[1] == list(range(1, len(after[1]) + 1)), said
        assert after[0][: len(before[0])] == before[0], said  # what was told stays told
        assert sorted((a["watch"], a["n"]) for a in after[0]) == wanted, said
        assert after[2] == posted, said
        for a in after[0]:
            same = next(b for b in whole if (b["watch"], b["n"]) == (a["watch"], a["n"]))
            # After a break, text is read again at the reader's own pace, up to 2 s later.
            near_s = 2.1 if a["watch"] == "w2" else 0.6
            assert a["at_s"] == pytest.approx(same["at_s"], abs=near_s), (said, a["text"])
    assert any(0 < len(before[0]) < len(whole) for before, _ in runs)
