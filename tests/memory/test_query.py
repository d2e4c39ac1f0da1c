"""What SQL finds is what a look at every fact finds; and it looks at few."""

import random
import sqlite3
from pathlib import Path

import pytest

from omnilive.memory.base import Fact
from omnilive.memory.databases.schema import MIGRATIONS, VERSION
from omnilive.memory.query import LONG_S, FactQuery
from omnilive.memory.recall import View
from omnilive.memory.search.words import words
from omnilive.memory.store import Store
from tests.made import percept, put, said, thing

COLOURS = ("red", "blue")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("query") / "s", create=True)
    fill(store)
    return store


def fill(store: Store) -> None:
    """Three hundred facts of three kinds, short and long."""
    rng = random.Random(3)
    found = []
    for i in range(300):
        t, length = rng.uniform(0, 5000), rng.choice([0.0, 3.0, 90.0, LONG_S, LONG_S + 1, 2500.0])
        if i % 3 == 0:
            found.append(thing(rng.choice(["car", "dog"]), rng.choice(COLOURS), t, t + length))
        elif i % 3 == 1:
            found.append(said(rng.choice(["the trains leave", "a training day", "rain"]), t))
        else:
            found.append(percept("text", rng.choice(["EXIT", "Rainy days", "天气"]), t, t + length))
    with store.transaction():
        put(store, *found)


def naive(store: Store, wanted: FactQuery) -> list[Fact]:
    def holds(fact: Fact, term: str) -> bool:
        held = " ".join(words(" ".join([fact.text, str(fact.data.get("label", ""))])))
        return f" {' '.join(words(term))}" in f" {held}"

    facts = [
        fact
        for fact in sorted(store.facts(), key=lambda f: (f.start_s, f.id))
        if (not wanted.kinds or fact.kind in wanted.kinds)
        and fact.start_s <= wanted.end_s
        and fact.end_s >= wanted.start_s
        and all(fact.data.get(name) in values for name, values in wanted.data.items())
        and all(holds(fact, term) for term in wanted.all_of)
        and (not wanted.any_of or any(holds(fact, term) for term in wanted.any_of))
    ]
    if wanted.limit is None:
        return facts
    return facts[-wanted.limit :] if wanted.newest else facts[: wanted.limit]


WANTED = [
    FactQuery(),
    FactQuery(kinds=("object", "speech"), start_s=1000, end_s=1200),
    FactQuery(start_s=2000, end_s=2000),
    FactQuery(start_s=4990),
    FactQuery(start_s=100, end_s=50),
    FactQuery(kinds=("object",), data={"label": ("dog",)}),
    FactQuery(kinds=("object",), data={"label": ("dog", "car"), "colour": ("red",)}),
    FactQuery(kinds=("object",), data={"label": ("dog",)}, start_s=2500, end_s=2600),
    FactQuery(kinds=("speech",), data={"language": ("en",)}, limit=5),
    FactQuery(all_of=("rain",)),
    FactQuery(kinds=("speech",), all_of=("train", "leave")),
    FactQuery(any_of=("exit", "天气"), kinds=("text",)),
    FactQuery(any_of=("dog",), all_of=("red",), start_s=3000, end_s=4000),
    FactQuery(kinds=("text",), limit=7, newest=True),
    FactQuery(limit=9, start_s=3000, end_s=3100),
    FactQuery(all_of=("???",)),
]


@pytest.mark.parametrize("wanted", WANTED)
def test_sql_finds_what_a_look_at_every_fact_finds(store: Store, wanted: FactQuery) -> None:
    assert store.find_facts(wanted) == naive(store, wanted)


def test_a_limit_counts_what_is_known(store: Store) -> None:
    view = View(store, 2500.0)
    for newest in (True, False):
        wanted = FactQuery(kinds=("speech",), limit=12, newest=newest)
        every = view.facts("speech")
        assert view.find(wanted) == (every[-12:] if newest else every[:12])


def test_a_limit_looks_behind_what_is_hidden(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", create=True)
    put(store, said("the first", 1), *(said("hi", 10 + i, to="assistant") for i in range(60)))
    (found,) = View(store, 100.0).find(FactQuery(kinds=("speech",), limit=3, newest=True))
    assert found.text == "the first"
    store.close()


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (FactQuery(kinds=("object",), data={"label": ("dog",)}), "fact_label"),
        (FactQuery(kinds=("object",), start_s=9000), "fact_long"),
        (FactQuery(start_s=9000), "fact_time"),
        (FactQuery(kinds=("speech",), all_of=("rain",)), "INTEGER PRIMARY KEY"),
    ],
)
def test_an_index_is_used(store: Store, wanted: FactQuery, index: str) -> None:
    query, values = wanted.sql(store)
    plan = store.rows("EXPLAIN QUERY PLAN " + query, *values)
    assert any(index in row[3] for row in plan), plan
    assert not any(row[3].startswith("SCAN fact") and "VIRTUAL" not in row[3] for row in plan), plan


def test_the_end_is_that_of_the_fact_that_ends_last(tmp_path: Path) -> None:
    store = Store(tmp_path / "s", create=True)
    assert store.end_s() == 0.0
    put(store, thing("car", "red", 0, 9000), *(said("hi", 100.0 * i) for i in range(20)))
    assert store.end_s() == 9000
    put(store, thing("dog", "red", 9500, 9599))
    assert store.end_s() == 9599
    store.close()


@pytest.mark.parametrize("version", range(1, VERSION))
def test_an_older_file_gets_its_indexes(tmp_path: Path, version: int) -> None:
    store = Store(tmp_path / "s", create=True)
    store.close()
    (tmp_path / "s" / "memory.db").unlink()
    db = sqlite3.connect(tmp_path / "s" / "memory.db")
    for step in range(1, version + 1):
        db.executescript(MIGRATIONS[step])
    db.execute(f"PRAGMA user_version = {version}")
    db.commit()
    db.close()
    store = Store(tmp_path / "s")
    put(store, thing("dog", "red", 1, 2))
    assert store.rows("PRAGMA user_version")[0][0] == VERSION
    names = {row[0] for row in store.rows("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert {"fact_label", "fact_long"} <= names and store.check() == "ok"
    store.close()
