"""Stores with something in every table, and what of it must survive any journey."""

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from omnilive.memory.databases.transfer import TABLES, columns, last_ids, rows_of
from omnilive.memory.library import Library
from omnilive.memory.store import Store
from tests.fakes import FakeEmbedder
from tests.made import a_file, put, said, thing

EMBED = FakeEmbedder().embed


def fill(store: Store) -> None:
    """Put something into every table, and something into most that is then taken out again."""
    rng = np.random.default_rng(5)
    with store.transaction():
        store.set_meta("title", 'küche \U0001f408 with "quotes"')
        store.set_meta("embedder", "fake")
        source = store.put_source(a_file())
        store.update_source(source, video_s=1 / 3, state="ended")
        store.put_source(a_file("/clips/b.mp4", duration_s=None, has_audio=False))
        texts = ["the bell rang", "a bell again", "天气很好", "x" * 3000, "100% \\ ? 'quoted'"]
        ids = put(store, *(said(text, 10.0 * i) for i, text in enumerate(texts)))
        ids += put(store, thing("car", "red", 1, 1e4), thing("dog", "brown", 2, 3, final=False))
        for id, text in zip(ids, [*texts, "red car", "brown dog"], strict=True):
            vectors = rng.normal(size=(2, 24)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            both = np.concatenate([EMBED([text])[:, :24], vectors])
            both /= np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-6)
            store.put_vectors("fact", id, 10.0, both, [text, f"{text} 1", "again"], "fake")
        moment = store.put_moment(0.1, 16.25, "red car; said: the bell rang")
        store.put_moment(16.25, 20, "gone")
        store.execute("UPDATE moment SET level = 1, size = 7, weight = 0.3, data = ?", '{"a": [1]}')
        store.put_vectors("moment", moment, 0.1, EMBED(["bell"])[:, :24], ["bell"], "fake")
        for t in (0.5, 7.0):
            store.put_keyframe(t, rng.bytes(5000))
        for i in range(12):
            body = {"i": i, "text": texts[i % 5], "deep": {"n": [None, 1.5, True]}}
            store.append(i / 7, "alert", body)
        store.execute("DELETE FROM log WHERE seq > 10")
        row = (
            "INSERT INTO watch (id, rule, version, state, made_s, memory) VALUES (?, ?, ?, ?, ?, ?)"
        )
        store.execute(row, "w1", '{"when": "cat"}', 2, "armed", 1.5, "{}")
        row = "INSERT INTO candidate (watch, version, body) VALUES (?, ?, ?)"
        store.execute(row, "w1", 2, '{"at_s": 3}')
        row = "INSERT INTO outbox (seq, watch, target, tries) VALUES (?, ?, ?, ?)"
        store.execute(row, 3, "w1", '{"url": "http://localhost"}', 2)
        row = "INSERT INTO pin (start_s, end_s, note, made_wall_s) VALUES (?, ?, ?, ?)"
        store.execute(row, 1.0, 2.0, "birthday", 1.7e9)
        row = "INSERT INTO segment (source, start_s, end_s, bytes, path) VALUES (?, ?, ?, ?, ?)"
        store.execute(row, source, 0.0, 10.0, 9000, "recordings/1-0.mp4")
        store.execute("INSERT INTO seen (bucket, n) VALUES (?, ?)", 77, 3)
    (store.folder / "recordings").mkdir()
    (store.folder / "recordings" / "1-0.mp4").write_bytes(rng.bytes(9000))


def everything(store: Store) -> dict[str, Any]:
    """All that a session is: rows, counters, files, and what searches find."""
    with store.snapshot():
        rows = {
            table: [list(columns(store, table)), sorted(rows_of(store, table), key=repr)]
            for table in TABLES
        }
        numbers = last_ids(store)
    files = {
        path.relative_to(store.folder).as_posix(): path.read_bytes()
        for folder in ("keyframes", "recordings")
        for path in (store.folder / folder).iterdir()
    }
    found = {
        word: sorted((ref.table, ref.id) for ref in store.search_text([word], 1e9, 20))
        for word in ("bell", "气", "car", "quoted")
    }
    near = store.search_vector(EMBED(["the bell rang"])[0, :24], 1e9, 5)
    return {
        "rows": rows, "numbers": numbers, "files": files, "found": found,
        "near": [(ref.table, ref.id, round(ref.score, 3)) for ref in near],
    }  # fmt: skip


def of_session(library: Library, name: str) -> dict[str, Any]:
    """Everything of a stored session."""
    with closing(library.open(name)) as store:
        return everything(store)


def full_session(library: Library, name: str) -> dict[str, Any]:
    """Make a session with something in every table; return everything of it."""
    with closing(library.create(name)) as store:
        fill(store)
        return everything(store)


def leftovers(root: Path) -> list[str]:
    """What lies in a library's folder besides sessions."""
    return [path.name for path in root.rglob(".new-*")]
