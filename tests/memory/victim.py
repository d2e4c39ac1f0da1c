"""`python -m tests.memory.victim JOB FOLDER SEED COUNT`: does a job, killed at COUNT random points.

Each point is a child of its own (forked, so that it starts at once) on a copy of the same store. It
is killed with SIGKILL after a number of ticks of SQLite's machine, in the middle of whatever
statement that is; the numbers come from the seed. FOLDER/whole is the same job, not killed;
FOLDER/0, FOLDER/1 and so on are what the kills left, each with a file `acked`.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omnilive.memory.consolidation.budget import BudgetConfig
from omnilive.memory.consolidation.compaction import Compactor
from omnilive.memory.control.forget import forget
from omnilive.memory.control.keeping import RetentionConfig
from omnilive.memory.control.retention import Retention
from omnilive.memory.databases.schema import MIGRATIONS
from omnilive.memory.databases.sqlite import DB_NAME
from omnilive.memory.ledger import Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.search.reindex import reindex
from omnilive.memory.store import KEYFRAMES, Store
from tests.fakes import FakeEmbedder
from tests.made import a_file, said
from tests.memory.test_compaction import life

STEP = 200  # instructions of SQLite's machine between two ticks
SMALL = BudgetConfig(moments=8, facts=40, log_lines=64, keyframes=4, exact_s=16.0, half_life_h=0.1)
TABLES = ("fact", "moment", "log", "keyframe", "source")
SECRET = "the vault opens with zanzibar"
OLD_ROWS = 60
NOW_S, DAY_S = 1_800_000_000.0, 86400.0
RULES = RetentionConfig(everything_days=5)
Acked = Callable[[str], object]


class Other(FakeEmbedder):
    """Another model than that of the stored vectors."""

    name = "other"


def state_of(store: Store) -> list[str]:
    """Return all rows that tell of the past, and the words and vectors that lead to them."""
    rows = [f"{table} {row}" for table in TABLES for row in store.rows(f"SELECT * FROM {table}")]
    for table in ("fact", "moment"):
        words = store.rows(f"SELECT rowid, words FROM {table}_words ORDER BY rowid")
        rows += [f"{table}_words {row}" for row in words]
    vectors = (
        "SELECT v.tab, v.id, v.start_s, hex(w.vec) FROM vector v JOIN wording w "
        "ON w.id = v.wording ORDER BY v.tab, v.id, hex(w.vec)"
    )
    return sorted(rows) + [f"vector {row}" for row in store.rows(vectors)]


def digest(store: Store) -> str:
    """Return a number that differs when anything of that does."""
    return hashlib.sha256("\n".join(state_of(store)).encode()).hexdigest()


def ingest(folder: Path, acked: Acked, note: Callable[[Store], None] = lambda _: None) -> None:
    """Take in a made-up past under a small budget: nearly every write merges and thins out."""
    store = Store(folder, create=True)
    store.set_meta("created_wall_s", str(NOW_S))
    source = store.put_source(a_file())
    compactor = Compactor(store, SMALL, "UTC")
    ledger = Ledger.begin(store, source, 0.0, 0.0, MomentConfig(), FakeEmbedder(), compactor)
    acked("begun")
    for i, (events, t) in enumerate(life(3, 400.0)):
        ledger.write(events, t, t)
        acked(str(i))
        note(store)
    store.close()


def old_file(folder: Path) -> None:
    """Write a store as the first omnilive did."""
    (folder / KEYFRAMES).mkdir(parents=True)
    db = sqlite3.connect(folder / DB_NAME)
    db.executescript(MIGRATIONS[1])
    db.execute("PRAGMA user_version = 1")
    db.execute("INSERT INTO meta VALUES ('created_wall_s', '0')")
    vector = FakeEmbedder().embed(["x"])[0].astype("float16").tobytes()
    for i in range(OLD_ROWS):
        text = f"sentence number {i}"
        fact = (i, f"1:{i}", "speech", i, i + 1.0, text, 0.9, 0, "{}")
        db.execute("INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", fact)
        db.execute("INSERT INTO moment VALUES (?, ?, ?, ?)", (i, i, i + 1.0, text))
        for table in ("fact", "moment"):
            db.execute(f"INSERT INTO {table}_words (rowid, words) VALUES (?, ?)", (i, text))
        row = "INSERT INTO vector (tab, id, start_s, vec) VALUES ('fact', ?, ?, ?)"
        db.execute(row, (i, i, vector))
        db.execute("INSERT INTO log (t, type, body) VALUES (?, 'percept', '{}')", (i,))
    db.commit()
    db.close()


def migrate(folder: Path, acked: Acked) -> None:
    """Open a store of the first format, which makes it one of the newest."""
    Store(folder).close()
    acked("open")


def sentences(folder: Path) -> None:
    """Write a store of sentences, one of which is a secret, a day apart."""
    store = Store(folder, create=True)
    store.set_meta("created_wall_s", str(NOW_S - 40 * DAY_S))
    store.put_source(a_file(url="camera", kind="network", duration_s=None))
    compactor = Compactor(store, BudgetConfig(), "UTC")
    ledger = Ledger.begin(store, 1, 0.0, 0.0, MomentConfig(), FakeEmbedder(), compactor)
    for i in range(40):
        text = SECRET if i == 20 else f"sentence number {i}"
        ledger.cutter.skip(i * DAY_S)
        ledger.write([said(text, i * DAY_S, id=f"speech{i}")], i * DAY_S + 20, i * DAY_S + 20)
    store.close()


def index_anew(folder: Path, acked: Acked) -> None:
    """Give every sentence vectors of another model."""
    store = Store(folder)
    reindex(store, Other(), everything=True)
    acked("done")
    store.close()


def forget_secret(folder: Path, acked: Acked) -> None:
    """Forget the day of the secret."""
    store = Store(folder)
    forget(store, 20 * DAY_S, 20 * DAY_S + 60)
    acked("done")
    store.close()


def grow_old(folder: Path, acked: Acked) -> None:
    """Forget what is older than five days: all but a few, the secret among them."""
    store = Store(folder)
    Retention(store, RULES).run(NOW_S, 60.0)
    acked("done")
    store.close()


JOBS: dict[str, tuple[Callable[[Path], None] | None, Callable[[Path, Acked], None]]] = {
    "ingest": (None, ingest), "migrate": (old_file, migrate), "reindex": (sentences, index_anew),
    "forget": (sentences, forget_secret), "retention": (sentences, grow_old),
}  # fmt: skip


def armed(kill_at: int | None, ticked: list[int]) -> Callable[..., sqlite3.Connection]:
    """Return a sqlite3.connect whose connections count ticks, and kill this process at one."""
    connect = sqlite3.connect

    def tick() -> int:
        ticked[0] += 1
        if ticked[0] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    def connect_armed(*args: Any, **more: Any) -> sqlite3.Connection:
        db = connect(*args, **more)
        db.set_progress_handler(tick, STEP)
        return db

    return connect_armed


def child(job: str, folder: Path, kill_at: int | None) -> int:
    """Do the job in a process of its own; return how many ticks it took, 0 when it was killed."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        status, ticked = 1, [0]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = os.open(folder / "acked", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            sqlite3.connect = armed(kill_at, ticked)
            JOBS[job][1](folder, lambda text: os.write(file, f"{text}\n".encode()))
            os.write(write, str(ticked[0]).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(read) as pipe:
        ticks = int(pipe.read() or 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise RuntimeError(f"the job {job} failed by itself")
    return ticks


def note_states(root: Path) -> None:
    """Write down every state that taking in goes through, when nobody kills it.

    In a child of the same process: the order of sets, and so the last digit of sums, is its own.
    """
    pid = os.fork()
    if pid == 0:
        states: list[str] = []
        ingest(root / "reference", lambda _: None, lambda store: states.append(digest(store)))
        (root / "states.json").write_text(json.dumps(states))
        os._exit(0)
    os.waitpid(pid, 0)


def main(job: str, root: Path, seed: int, count: int) -> None:
    """Prepare the store, do the job once whole, then kill it at `count` points."""
    prepare = JOBS[job][0]
    if prepare is not None:
        prepare(root / "before")
    if job == "ingest":
        note_states(root)
    points: list[int] = []
    ticks = 0
    for number in range(-1, count):
        folder = root / ("whole" if number < 0 else str(number))
        if prepare is not None:
            shutil.copytree(root / "before", folder)
        if number < 0:
            ticks = child(job, folder, None)
            points = sorted(random.Random(seed).sample(range(1, ticks), count))
        else:
            assert child(job, folder, points[number]) == 0, "it was not killed"
    (root / "points.json").write_text(json.dumps({"ticks": ticks, "points": points}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
