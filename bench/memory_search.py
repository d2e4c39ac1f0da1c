"""Measures search in big memories: by meaning, by words, and both fused; warm and cold.

python bench/memory_search.py --moments 1000000 --store sqlite
python bench/memory_search.py --moments 100000 --store postgres

Each store holds as many facts as moments (30 % speech, the rest objects), over 14 days. The truth
is an exact float32 scan. Warm: after 20 queries of each kind. Cold: a new process, after the
kernel was told to drop the file's pages; with PostgreSQL a new connection to a warm server. Times
are of the searches alone, without embedding the question.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from common import percentile, report
from made_memory import DAYS, embedded, fill_postgres, fill_sqlite, parts, real_sentences

from omnilive.memory.base import Ref
from omnilive.memory.search.words import content_words
from omnilive.memory.store import Store
from omnilive_lab.postgres import postgres

REAL, ASKED, TOP = 4000, 200, 10
FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "day": {"since_s": 9 * 86400.0, "until_s": 10 * 86400.0},
    "hour": {"since_s": 9 * 86400.0 + 14 * 3600, "until_s": 9 * 86400.0 + 15 * 3600},
    "speech": {"kinds": ("speech",), "tables": ("fact",)},
}


def narrowed(name: str) -> dict[str, Any]:
    return {"until_s": 1e12, **FILTERS[name]}


def searches(store: Store) -> dict[str, Callable[[str, np.ndarray, str], list[Ref]]]:
    """Return what is measured: (question, its vector, filter) to hits."""

    def by_meaning(question: str, vector: np.ndarray, name: str) -> list[Ref]:
        return store.search_vector(vector, limit=60, **narrowed(name))

    def by_words(question: str, vector: np.ndarray, name: str) -> list[Ref]:
        return store.search_text(content_words(question), limit=40, **narrowed(name))

    def both(question: str, vector: np.ndarray, name: str) -> list[Ref]:
        hits = [*by_words(question, vector, name), *by_meaning(question, vector, name)]
        store.facts_of([ref.id for ref in hits if ref.table == "fact"])
        store.moment_spans([ref.id for ref in hits if ref.table == "moment"])
        return hits

    return {"meaning": by_meaning, "words": by_words, "fused": both}


def timed(call: Callable[..., object], *values: object) -> tuple[float, float]:
    """Return milliseconds that it took, and of processor time in this process."""
    begun, busy = time.perf_counter(), time.process_time()
    call(*values)
    return 1000 * (time.perf_counter() - begun), 1000 * (time.process_time() - busy)


def spread_ms(times: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Return the spread; processor time tells what a machine that does other work hides."""
    found: dict[str, float] = {"n": len(times)}
    for name, values in zip(("", "cpu_"), zip(*times, strict=True), strict=True):
        found |= {f"{name}p{p}_ms": round(percentile(values, p / 100), 2) for p in (50, 95)}
    return found | {"max_ms": round(max(wall for wall, _ in times), 2)}


def warm(store: Store, questions: list[str], vectors: np.ndarray) -> dict[str, Any]:
    """Return the times of each search under each filter."""
    found: dict[str, Any] = {}
    for what, search in searches(store).items():
        for name in FILTERS:
            asked = list(zip(questions, vectors, strict=True))
            for question, vector in asked[:20]:
                search(question, vector, name)
            times = [timed(search, question, vector, name) for question, vector in asked]
            found[f"{what}, {name}"] = spread_ms(times)
    return found


def recall_at_10(store: Store, vectors: np.ndarray, truth: dict[str, list[list[int]]]) -> dict:
    """Return the share of the exact ten best that are found among the first ten."""
    found = {}
    for name, wanted in truth.items():
        table = "fact" if name == "speech" else "moment"
        options = {**narrowed(name), "tables": (table,)}
        shares = []
        for vector, ids in zip(vectors, wanted, strict=True):
            hits = store.search_vector(vector, limit=TOP, **options)
            shares.append(len({hit.id for hit in hits} & set(ids)) / len(ids))
        found[name] = {"n": len(shares), "recall_at_10": round(float(np.mean(shares)), 4)}
    return found


def truth_of(made: Any, count: int, queries: np.ndarray) -> dict[str, list[list[int]]]:
    """Return the ids of the exact ten best of each query under each filter."""
    best: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in FILTERS}
    for part in made:
        ids = part.first + np.arange(len(part.starts))
        speech = np.array([kind == "speech" for kind, _ in part.facts])
        scores, said = queries @ part.whole.T, queries @ part.said[speech].T
        step_s = DAYS * 86400 / count
        for name, options in FILTERS.items():
            if name == "speech":
                best[name].append(_top(said, ids[speech]))
                continue
            ends = part.starts + step_s
            inside = (part.starts <= options.get("until_s", 1e12)) & (
                ends >= options.get("since_s", -1e12)
            )
            best[name].append(_top(scores[:, inside], ids[inside]))
    return {name: _merged(found) for name, found in best.items()}


def _top(scores: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-scores, axis=1)[:, :TOP]
    return np.take_along_axis(scores, order, axis=1), ids[order]


def _merged(found: list[tuple[np.ndarray, np.ndarray]]) -> list[list[int]]:
    scores, ids = (np.concatenate(each, axis=1) for each in zip(*found, strict=True))
    return np.take_along_axis(ids, np.argsort(-scores, axis=1)[:, :TOP], axis=1).tolist()


def cold(folder: Path, url: str, cache: Path) -> dict[str, Any]:
    """Return what a new process takes for its first searches, pages dropped first."""
    for path in folder.rglob("*") if not url else ():
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    command = [sys.executable, __file__, "--first", str(folder), "--url", url, "--cache", cache]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def first(folder: Path, url: str, cache: Path) -> None:
    """In the new process: search a few times, and say how long each took."""
    questions, vectors = asked(cache)
    process = psutil.Process()
    before = process.memory_info().rss
    store = opened(folder, url)
    found: dict[str, Any] = {}
    for what, search in searches(store).items():
        for name in ("hour", "none"):
            times = [timed(search, questions[i], vectors[i], name)[0] for i in range(5)]
            found[f"{what}, {name}"] = {
                "first_ms": round(times[0], 1),
                "next_ms": round(max(times[1:]), 1),
            }
    found["memory_mb"] = round((process.memory_info().rss - before) / 2**20, 1)
    print(json.dumps(found))


def asked(cache: Path) -> tuple[list[str], np.ndarray]:
    """Return the questions, which are no sentence of the memory, and their vectors."""
    real = real_sentences(REAL + ASKED)
    questions = real[REAL:][:ASKED]
    # Half of them also name what is everywhere.
    questions = [f"person {q}" if i % 2 else q for i, q in enumerate(questions)]
    return questions, embedded(real, cache)[REAL:]


def opened(folder: Path, url: str) -> Store:
    if not url:
        return Store(folder)
    from omnilive.memory.databases.postgres import PostgresDatabase

    return Store(folder, database=PostgresDatabase(url, folder.name, folder))


def measure(folder: Path, url: str, count: int, cache: Path, queries: int) -> dict[str, Any]:
    questions, vectors = (every[:queries] for every in asked(cache))
    real = real_sentences(REAL)
    made = parts(count, real, embedded(real_sentences(REAL + ASKED), cache)[:REAL])
    truth = truth_of(made, count, vectors)
    figures: dict[str, Any] = {"cold": cold(folder, url, cache)}
    store = opened(folder, url)
    figures["warm"] = warm(store, questions, vectors)
    figures["recall"] = recall_at_10(store, vectors, truth)
    figures["bytes"] = store.size()
    store.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=ASKED, help=f"at most {ASKED}")
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument(
        "--keep", type=Path, help="make the SQLite store here, or use what is there"
    )
    parser.add_argument("--first", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.first:
        return first(options.first, options.url, options.cache)
    real = real_sentences(REAL)
    vectors = embedded(real_sentences(REAL + ASKED), options.cache)[:REAL]
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "big"
        begun = time.perf_counter()
        load = os.getloadavg()[0]
        made = parts(options.moments, real, vectors)
        if options.store == "sqlite":
            if not (folder / "memory.db").exists():
                fill_sqlite(folder, made)
            built_s = time.perf_counter() - begun
            figures = measure(folder, "", options.moments, options.cache, options.queries)
        else:
            figures, built_s = in_postgres(folder, made, options)
    figures["build_s"] = round(built_s, 1)
    figures["load_average"] = {"before": load, "after": os.getloadavg()[0]}
    settings = {
        "moments": options.moments,
        "store": options.store,
        "queries": options.queries,
        "days": DAYS,
    }
    name = f"memory_search_{options.store}_{options.moments}"
    report(name, settings, figures)


def in_postgres(
    folder: Path, made: Any, options: argparse.Namespace
) -> tuple[dict[str, Any], float]:
    """Measure with a server of our own; its cold searches are those of a new connection only."""
    begun = time.perf_counter()
    with postgres("shared_buffers=2GB", "max_parallel_workers_per_gather=0", "jit=off") as url:
        built = fill_postgres(url, folder, made)
        built_s = time.perf_counter() - begun
        asked_for = (options.moments, options.cache, options.queries)
        return {"build": built, **measure(folder, url, *asked_for)}, built_s


if __name__ == "__main__":
    main()
