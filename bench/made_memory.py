"""Makes big memories for benchmarks, straight into the tables: rows, words, tags and vectors.

The sentences are real (docstrings of Python's standard library, embedded by MiniLM), but only some
thousand; all others are halves of two of them, and their vectors mixtures of the two with noise.
"""

import ast
import re
import sqlite3
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from omnilive.catalog import fetch
from omnilive.memory.databases.postgres import PostgresDatabase, schema_of
from omnilive.memory.search.minilm import MiniLM
from omnilive.memory.search.pgvectors import written
from omnilive.memory.search.sketches import BLOCK, quantise, seal
from omnilive.memory.search.tags import tags
from omnilive.memory.search.vectors import EMBEDDER
from omnilive.memory.search.words import index_form
from omnilive.memory.store import Store

DAYS, PART, SPEECH_SHARE = 14, 20_000, 0.3
LABELS = ["person"] * 40 + (
    "car chair cup dog cat bottle table book phone laptop bicycle bus bird plant clock bag couch "
    "oven sink knife fork spoon bowl apple orange umbrella horse truck train boat bench"
).split()


def real_sentences(count: int) -> list[str]:
    """Return some of the sentences of the standard library's docstrings, always the same."""
    found: set[str] = set()
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = re.sub(r"\s+", " ", ast.get_docstring(node) or "")
                found.update(s for s in re.split(r"(?<=[.!?])\s+", text) if _is_plain(s))
    chosen = sorted(found)
    np.random.default_rng(0).shuffle(chosen)
    return chosen[:count]


def _is_plain(text: str) -> bool:
    letters = sum(c.isalpha() or c == " " for c in text)
    return 25 < len(text) < 100 and letters > 0.9 * len(text)


def embedded(sentences: list[str], cache: Path) -> np.ndarray:
    """Return the (N, 384) unit vectors of MiniLM, from the cache if they are there."""
    path = cache / f"vectors-{len(sentences)}.npy"
    if not path.exists():
        model = MiniLM(fetch.path("minilm-l6-v2-int8"))
        parts = [model.embed(sentences[i : i + 16]) for i in range(0, len(sentences), 16)]
        np.save(path, np.concatenate(parts))
    return np.load(path)


@dataclass
class Part:
    """Some moments in a row, and the facts in them: one each, speech or an object in view."""

    first: int  # id of the first moment and fact
    starts: np.ndarray
    texts: list[str]  # of the moments
    facts: list[tuple[str, str]]  # kind and text
    whole: np.ndarray  # (N, D) vectors of the moments
    said: np.ndarray  # (N, D) vectors of the facts, where they are speech


def parts(count: int, real: list[str], vectors: np.ndarray, seed: int = 0) -> Iterator[Part]:
    """Yield `count` moments over DAYS days."""
    rng = np.random.default_rng(seed)
    halves = [(s.split()[: len(s.split()) // 2], s.split()[len(s.split()) // 2 :]) for s in real]
    step_s = DAYS * 86400 / count
    for first in range(0, count, PART):
        n = min(PART, count - first)
        i, j, k = rng.integers(len(real), size=(3, n))
        share = rng.uniform(0.55, 0.95, n).astype(np.float32)[:, None]
        said = _unit(share * vectors[i] + (1 - share) * vectors[j] + _noise(rng, n))
        whole = _unit(0.7 * said + 0.3 * vectors[k] + _noise(rng, n))
        is_speech = rng.random(n) < SPEECH_SHARE
        things = rng.choice(LABELS, size=(n, 2))
        texts, facts = [], []
        for a, b, c, speaks, (one, two) in zip(i, j, k, is_speech, things, strict=True):
            sentence = " ".join(halves[a][0] + halves[b][1])
            seen = f"a {one}; a {two}" if one != two else f"a {one}"
            what = f"said: {sentence}" if speaks else f"text: {' '.join(halves[c][1])} {sentence}"
            texts.append(f"{what}; {seen}")
            facts.append(("speech", sentence) if speaks else ("object", f"a {one}"))
        yield Part(first + 1, step_s * (first + np.arange(n)), texts, facts, whole, said)


def _noise(rng: np.random.Generator, n: int) -> np.ndarray:
    return 0.02 * rng.standard_normal((n, 384), np.float32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def fill_sqlite(folder: Path, made: Iterator[Part]) -> None:
    """Write a memory into a folder, which must be new."""
    store = Store(folder, create=True)
    db = sqlite3.connect(folder / "memory.db", isolation_level=None)
    for pragma in ("synchronous = OFF", "cache_size = -400000", "wal_autocheckpoint = 100000"):
        db.execute(f"PRAGMA {pragma}")
    db.execute("DROP INDEX vector_id")
    db.execute("INSERT INTO meta VALUES (?, ?)", (EMBEDDER, MiniLM.name))
    things: dict[str, int] = {}
    for part in made:
        db.execute("BEGIN")
        for table, rows in rows_of(part, things, quantise).items():
            marks = ", ".join("?" * len(rows[0])) if rows else ""
            db.executemany(f"INSERT INTO {COLUMNS[table]} VALUES ({marks})", rows)
        db.execute("COMMIT")
    db.execute("CREATE INDEX vector_id ON vector (tab, id)")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    last = store.value("SELECT max(id) FROM wording")
    with store.transaction():
        for end in range(BLOCK, last + 1, BLOCK):
            seal(store, 1, end)
    store.close()


def fill_postgres(url: str, folder: Path, made: Iterator[Part]) -> dict[str, float]:
    """Write a memory into a new schema; return how long rows and vector index took, in seconds."""
    database = PostgresDatabase(url, folder.name, folder, create=True)
    store = Store(folder, create=True, database=database)
    begun = time.perf_counter()
    things: dict[str, int] = {}
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f'SET search_path TO "{schema_of(folder.name)}", public'.encode())
        db.execute("SET maintenance_work_mem = '2GB'")
        db.execute("DROP INDEX vector_id")
        for table in ("fact", "moment"):
            db.execute(f"CREATE TEMP TABLE {table}_said (id BIGINT, said TEXT, tags TEXT)".encode())
        for part in made:
            for table, rows in rows_of(part, things, lambda v: [written(one) for one in v]).items():
                into = f"{table[:-6]}_said" if table.endswith("_words") else COLUMNS[table]
                with db.cursor().copy(f"COPY {into} FROM STDIN".encode()) as copy:
                    for row in rows:
                        copy.write_row(row)
        for table in ("fact", "moment"):
            db.execute(f"DROP INDEX {table}_words_of".encode())
            db.execute(
                f"INSERT INTO {table}_words SELECT id, to_tsvector('words', said) || "
                "array_to_tsvector(array(SELECT '#' || t FROM "
                f"unnest(string_to_array(tags, ' ')) AS t)) FROM {table}_said".encode()
            )
            db.execute(f"CREATE INDEX {table}_words_of ON {table}_words USING gin (words)".encode())
        db.execute("CREATE INDEX vector_id ON vector (tab, id)")
        db.execute("INSERT INTO meta VALUES (%s, %s)", (EMBEDDER, MiniLM.name))
        rows_s = time.perf_counter() - begun
        db.execute("SET max_parallel_maintenance_workers = 2")
        db.execute(
            "CREATE INDEX wording_near_1 ON wording USING hnsw ((vec::halfvec(384)) "
            "halfvec_ip_ops) WHERE model = 1"
        )
        db.execute("VACUUM ANALYZE")
    store.close()
    return {"rows_s": round(rows_s, 1), "index_s": round(time.perf_counter() - begun - rows_s, 1)}


COLUMNS = {
    "moment": "moment (id, start_s, end_s, text)",
    "fact": "fact (id, key, kind, start_s, end_s, text, confidence, open, data)",
    "moment_words": "moment_words (rowid, words, tags)",
    "fact_words": "fact_words (rowid, words, tags)",
    "wording": "wording (id, model, digest, start_s, again, vec)",
    "vector": "vector (wording, start_s, tab, id)",
}


def rows_of(
    part: Part, things: dict[str, int], encode: Callable[[np.ndarray], list[Any]]
) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of each table; `things` collects the sentences that repeat."""
    found: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
    said, whole = encode(part.said), encode(part.whole)
    step_s = float(part.starts[1] - part.starts[0]) if len(part.starts) > 1 else 1.0
    for n, (start, text, (kind, fact)) in enumerate(
        zip(part.starts.tolist(), part.texts, part.facts, strict=True)
    ):
        id, end = part.first + n, start + step_s
        found["moment"].append((id, start, end, text))
        found["moment_words"].append((id, index_form(text), tags("", start, end)))
        data = "{}" if kind == "speech" else f'{{"label": "{fact[2:]}"}}'
        found["fact"].append((id, f"1:{id}", kind, start, end, fact, 0.9, False, data))
        found["fact_words"].append((id, index_form(fact), tags(kind, start, end)))
        found["wording"].append((2 * id, 1, 2 * id, start, None, whole[n]))
        found["vector"].append((2 * id, start, "moment", id))
        wording = 2 * id + 1
        if kind == "object" and fact in things:
            wording = things[fact]
        else:
            again = 1 if kind == "object" else None
            found["wording"].append((wording, 1, wording, start, again, said[n]))
            if kind == "object":
                things[fact] = wording
        found["vector"].append((wording, start, "fact", id))
    return found
