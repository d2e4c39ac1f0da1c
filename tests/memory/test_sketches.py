"""Sketches: rounding, blocks, what leaves them, and how much of the exact best they find."""

import ast
import inspect
import json
import sqlite3
import statistics
import textwrap
from pathlib import Path

import numpy as np
import pytest

from omnilive.catalog import fetch
from omnilive.memory.databases.schema import MIGRATIONS, migrate
from omnilive.memory.search import sketches
from omnilive.memory.search.minilm import MiniLM
from omnilive.memory.search.sketches import Sketches, products, quantise, restore, sketch
from omnilive.memory.search.vectors import Vectors
from omnilive.memory.store import Store


def unit(seed: int, count: int, width: int = 64) -> np.ndarray:
    made = np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_int8_is_off_by_half_a_step_at_most() -> None:
    vectors = np.vstack([unit(1, 50), np.zeros((1, 64), np.float32)])
    blobs = quantise(vectors)
    assert {len(blob) for blob in blobs} == {4 + 64}
    step = np.abs(vectors).max(axis=1, keepdims=True) / 127
    assert (np.abs(restore(blobs) - vectors) <= 0.5001 * step + 1e-9).all()
    np.testing.assert_allclose(products(blobs, vectors[3]), restore(blobs) @ vectors[3], atol=1e-6)
    assert quantise(restore(blobs)) == blobs  # what is stored is copied without loss


def test_a_sketch_is_the_signs() -> None:
    vector = np.full((1, 70), -1.0, np.float32)
    vector[0, [0, 69]] = 1.0
    (row,) = sketch(vector)
    assert row.shape == (2,) and np.bitwise_count(row).tolist() == [1, 1]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketches, "BLOCK", 16)


def put(store: Store, first: int, vectors: np.ndarray) -> None:
    with store.transaction():
        for i, vector in enumerate(vectors, first):
            store.put_moment(float(i), i + 1.0, "x")
            store.put_vectors("moment", i, float(i), vector[None], [f"x{i}"])


def test_a_new_process_reads_blocks_and_the_rest(store: Store, small: None) -> None:
    vectors = unit(2, 100)
    put(store, 1, vectors)
    assert store.value("SELECT count(*) FROM sketch") == 6
    with store.transaction():
        for id in (5, 40, 41, 99):
            store.drop("moment", id)
    assert store.value("SELECT count(*) FROM sketch") == 4  # and its bits with it
    fresh, gone = Sketches(store), {5, 40, 41, 99}
    fresh.refresh(1)
    ids = fresh._ids[: fresh._count]
    assert ids.tolist() == [i for i in range(1, 101) if i not in gone]
    stored = sketch(restore(quantise(vectors[ids - 1])))
    np.testing.assert_array_equal(fresh._bits_WN[:, : fresh._count].T, stored)
    np.testing.assert_array_equal(fresh._starts[: fresh._count], ids.astype(float))


def test_a_mirror_follows_and_sheds_what_is_gone(store: Store, small: None) -> None:
    vectors = unit(3, 400)
    put(store, 1, vectors[:200])
    mirror = Sketches(store)
    search = Vectors(store, mirror).search
    assert [ref.id for ref in search(vectors[9], 1e12, 1)] == [10]
    with store.transaction():
        for id in range(1, 181):
            store.drop("moment", id)
    assert 10 not in [ref.id for ref in search(vectors[9], 1e12, 300)]
    put(store, 201, vectors[200:])
    assert [ref.id for ref in search(vectors[350], 1e12, 1)] == [351]
    put(store, 401, unit(4, 100))
    search(vectors[350], 1e12, 1)
    alive = np.isfinite(mirror._starts[: mirror._count]).sum()
    assert alive == 320 and mirror.nbytes < 200 * 1000


def test_forgotten_bits_are_in_no_byte(store: Store, small: None) -> None:
    vectors = unit(5, 64, 384)
    put(store, 1, vectors)
    (bits,) = sketch(vectors[20:21])
    assert any(bits.tobytes() in p.read_bytes() for p in store.folder.glob("memory.db*"))
    with store.transaction():
        store.drop("moment", 21)
        store.note_wipe_due()
    assert store.wipe()
    for path in store.folder.glob("memory.db*"):
        data = path.read_bytes()
        assert bits.tobytes() not in data and quantise(vectors[20:21])[0] not in data


def test_vectors_of_an_old_file_are_rounded_and_found(tmp_path: Path) -> None:
    vectors = unit(6, 3, 384)
    folder = tmp_path / "old"
    folder.mkdir()
    db = sqlite3.connect(folder / "memory.db", isolation_level=None)
    for step in (1, 2, 3):
        db.executescript(MIGRATIONS[step])
    db.execute("PRAGMA user_version = 3")
    for id, vector in zip((1, 2, 3), (vectors[0], vectors[1], vectors[0]), strict=True):
        row = "INSERT INTO moment (id, start_s, end_s, text) VALUES (?, ?, ?, 'a red cup')"
        db.execute(row, (id, 4000.0 * id, 4000.0 * id + 5))
        db.execute("INSERT INTO moment_words (rowid, words) VALUES (?, 'a red cup')", (id,))
        row = "INSERT INTO vector (tab, id, start_s, vec) VALUES ('moment', ?, ?, ?)"
        db.execute(row, (id, 4000.0 * id, vector.astype(np.float16).tobytes()))
    migrate(db)
    db.close()
    store = Store(folder)
    assert store.vectors.model() == (1, MiniLM.name)
    assert store.value("SELECT count(*) FROM wording") == 2
    found = store.search_vector(vectors[0], 1e12, 3)
    assert {ref.id for ref in found[:2]} == {1, 3} and found[0].score > 0.999
    assert [r.id for r in store.search_vector(vectors[0], 13e3, 1, since_s=11e3)] == [3]
    assert [r.id for r in store.search_text(["cup"], 13e3, 3, since_s=11e3)] == [3]
    store.close()


@pytest.mark.models
@pytest.mark.slow
def test_ten_best_of_real_sentences(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recall at 10 against exact float32, where an eighth of all is compared exactly."""
    monkeypatch.setattr(sketches, "EXACT", 50)
    monkeypatch.setattr(sketches, "EXACT_OF", 10**9)
    texts = real_sentences()[:480]
    model = MiniLM(fetch.path("minilm-l6-v2-int8"))
    found = np.concatenate([model.embed(texts[i : i + 16]) for i in range(0, len(texts), 16)])
    queries, vectors = found[:80], found[80:]
    put(store, 1, vectors)
    shares = []
    for query in queries:
        best = set((np.argsort(-(vectors @ query))[:10] + 1).tolist())
        hits = {ref.id for ref in store.search_vector(query, 1e12, 10)}
        shares.append(len(best & hits) / 10)
    assert statistics.mean(shares) >= 0.98


def real_sentences() -> list[str]:
    """Return first lines of docstrings of the standard library."""
    found: dict[str, None] = {}
    for module in (ast, inspect, json, statistics, textwrap):
        for path in sorted(Path(module.__file__ or "").parent.glob("*.py"))[:200]:
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.ClassDef | ast.FunctionDef):
                    line = (ast.get_docstring(node) or "").split("\n")[0]
                    if 25 < len(line) < 80:
                        found[line] = None
    return list(found)
