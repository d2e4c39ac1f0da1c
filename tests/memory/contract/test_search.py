"""Search by words and by meaning: filters, sizes, and queries of all kinds, on both stores."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from omnilive.memory.search.words import content_words
from omnilive.memory.search.wordsearch import COMMON
from omnilive.memory.store import Store
from tests.fakes import FakeEmbedder
from tests.made import percept

EMBEDDER = FakeEmbedder()
HOUR = 3600.0
_keys = itertools.count()


def put(store: Store, text: str, t: float, *, kind: str = "speech", end_s: float | None = None):
    """Store one percept with its vector; return its id."""
    one = percept(kind, text, t, t + 1 if end_s is None else end_s)
    with store.transaction():
        id = store.put_fact(f"1:{next(_keys)}", one)
        store.put_vectors("fact", id, t, EMBEDDER.embed([text]), [text], EMBEDDER.name)
    return id


def by_words(store: Store, query: str, until_s: float = 1e12, **narrowed) -> list[int]:
    refs = store.search_text(content_words(query), until_s, 10, **narrowed)
    return [ref.id for ref in refs]


def by_meaning(store: Store, query: str, until_s: float = 1e12, **narrowed) -> list[int]:
    refs = store.search_vector(EMBEDDER.embed([query])[0], until_s, 10, **narrowed)
    return [ref.id for ref in refs if ref.score > 0.3]


@pytest.mark.parametrize("search", [by_words, by_meaning])
def test_a_span_narrows(store: Store, search) -> None:
    ids = [put(store, f"the bell rang {i}", i * HOUR + 60) for i in range(30)]
    assert (
        search(store, "bell", 12.5 * HOUR, since_s=10 * HOUR) == ids[12:9:-1]
        or sorted(search(store, "bell", 12.5 * HOUR, since_s=10 * HOUR)) == ids[10:13]
    )
    assert search(store, "bell", 10 * HOUR + 70, since_s=10 * HOUR) == [ids[10]]
    assert search(store, "bell", 10 * HOUR + 50, since_s=10 * HOUR) == []
    assert search(store, "bell", 60.0) == [ids[0]]  # as of then
    assert search(store, "bell", 50.0) == []


@pytest.mark.parametrize("search", [by_words, by_meaning])
def test_what_lasts_into_a_span_is_in_it(store: Store, search) -> None:
    long = put(store, "a white kite", 100.0, kind="object", end_s=40 * HOUR)
    short = put(store, "a white kite", 20 * HOUR, kind="object")
    put(store, "a white kite", 50 * HOUR, kind="object")
    assert sorted(search(store, "kite", 21 * HOUR, since_s=19 * HOUR)) == [long, short]
    assert search(store, "kite", 31 * HOUR, since_s=30 * HOUR) == [long]


@pytest.mark.parametrize("search", [by_words, by_meaning])
def test_what_is_open_is_in_a_span_that_it_has_reached(store: Store, search) -> None:
    with store.transaction():
        one = percept("object", "a white kite", 100.0, 101.0, final=False)
        id = store.put_fact("1:0.00:o1", one)
        store.put_vectors("fact", id, 100.0, EMBEDDER.embed([one.text]), [one.text])
    store.extend_open_facts(1, 9 * HOUR, 9 * HOUR)
    assert search(store, "kite", 6 * HOUR, since_s=5 * HOUR) == [id]
    assert search(store, "kite", 12 * HOUR, since_s=10 * HOUR) == []


@pytest.mark.parametrize("search", [by_words, by_meaning])
def test_kinds_and_tables_narrow(store: Store, search) -> None:
    said = put(store, "my red cup", 1.0)
    put(store, "a red cup", 2.0, kind="object")
    with store.transaction():
        moment = store.put_moment(0.0, 5.0, "said: my red cup; a red cup")
        store.put_vectors("moment", moment, 0.0, EMBEDDER.embed(["my red cup a red cup"]))
    assert search(store, "red cup", kinds=("speech",), tables=("fact",)) == [said]
    assert search(store, "red cup", tables=("moment",)) == [moment]


def test_a_common_word_finds_rows_and_hides_no_rare_one(store: Store) -> None:
    with store.transaction():
        rare = put(store, "a person with an umbrella", 0.0)
        for i in range(1, COMMON + 200):
            store.put_fact(f"1:p{i}", percept("object", "a person", i, i + 1))
        last = put(store, "a person near a bench", COMMON + 300)
    assert by_words(store, "person umbrella")[0] == rare
    assert by_words(store, "person bench")[0] == last
    assert len(by_words(store, "person")) == 10
    (best, *_) = store.search_text(["person", "umbrella"], 1e12, 5)
    assert best.share == pytest.approx(1.0)
    shares = [ref.share for ref in store.search_text(["person", "zeppelin"], 1e12, 5)]
    assert max(shares) < 0.2  # what was asked is not there, and that is to be seen


def test_words_that_are_all_common_are_found_together(store: Store) -> None:
    with store.transaction():
        both = put(store, "a person with a dog", 0.0)
        for i in range(1, 2 * COMMON + 400):
            text = "a person" if i % 2 else "a dog"
            store.put_fact(f"1:p{i}", percept("object", text, i, i + 1))
    assert by_words(store, "person dog")[0] == both


QUERIES = [
    "", "   ", "?!", '"', "'", "a' OR 1=1 --", "fact_words MATCH", "NEAR(a b)", "tags : h1",
    "red* AND (cup", "-cup", "^cup", "{words}: cup", "\x00cup\x00", "%_\\", "cup:*|!&<->",
    "红色的杯子", "빨간 컵", "красная чашка", "كوب أحمر", "🙂🙂", "x" * 5000, "#kspeech", "kspeech",
]  # fmt: skip


def test_no_query_is_an_error(store: Store) -> None:
    id = put(store, "my red cup", 1.0)
    for query in QUERIES:
        for narrowed in ({}, {"since_s": 0.0, "kinds": ("speech",)}):
            for terms in (content_words(query), [query]):
                found = [ref.id for ref in store.search_text(terms, 1e12, 5, **narrowed)]
                assert found in ([], [id])
        if "cup" in query:
            assert by_words(store, query) == [id], query


def test_a_query_of_ten_thousand_words_is_bounded(store: Store) -> None:
    id = put(store, "an extraordinarily improbable zeppelin", 1.0)
    many = [f"w{i}" for i in range(10_000)]
    assert [ref.id for ref in store.search_text([*many, "extraordinarily"], 1e12, 5)] == [id]


def test_other_languages_are_found(store: Store) -> None:
    texts = ("他把红色的杯子放在桌上", "빨간 컵이 있다", "красная чашка", "something else")
    ids = [put(store, text, float(i)) for i, text in enumerate(texts)]
    for id, query in zip(ids, ("红色杯子", "빨간 컵", "чашка"), strict=False):
        assert by_words(store, query)[0] == id


def test_a_sentence_is_stored_once_and_goes_with_its_last_row(store: Store) -> None:
    ids = [put(store, "a person", float(i), kind="object") for i in range(3)]
    assert store.value("SELECT count(*) FROM wording") == 1
    assert sorted(by_meaning(store, "person")) == ids
    for id in ids[:2]:
        with store.transaction():
            store.drop("fact", id)
    assert by_meaning(store, "person") == [ids[2]]
    with store.transaction():
        store.drop("fact", ids[2])
    assert store.value("SELECT count(*) FROM wording") == 0
    assert by_meaning(store, "person") == []


def test_a_rollback_takes_vectors_back_also_from_a_mirror(store: Store) -> None:
    put(store, "a red cup", 1.0)
    with pytest.raises(ZeroDivisionError), store.transaction():
        id = put(store, "a green frog", 2.0)
        assert by_meaning(store, "green frog") == [id]
        raise ZeroDivisionError
    again = put(store, "a white kite", 3.0)  # may get the numbers of what was undone
    assert by_meaning(store, "green frog") == []
    assert by_meaning(store, "white kite") == [again]


def test_readers_follow_a_writer(library, store: Store) -> None:
    reader = library.open("s")
    first = put(store, "a red cup", 1.0)
    assert by_meaning(reader, "red cup") == [first]
    second = put(store, "a red cup", HOUR)  # the same sentence again
    assert by_meaning(reader, "red cup", 2 * HOUR, since_s=0.9 * HOUR) == [second]
    with store.transaction():
        store.drop("fact", first)
    assert by_meaning(reader, "red cup") == [second]
    reader.close()


def test_vectors_of_another_model_are_neither_taken_nor_searched(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    put(store, "a red cup", 1.0)
    for _ in range(3):
        store.put_vectors("fact", 99, 5.0, np.ones((1, 16), np.float32) / 4, ["x"], "other")
    assert "reindex" in caplog.text and len(caplog.records) == 1
    assert not store.vectors.takes("other") and store.vectors.takes(EMBEDDER.name)
    assert store.value("SELECT count(*) FROM vector") == 1
    assert store.search_vector(np.ones(16, np.float32) / 4, 1e12, 5) == []  # of another width


def unit(rng: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    made = rng.normal(size=shape).astype(np.float32)
    return made / np.linalg.norm(made, axis=-1, keepdims=True)


def test_the_nearest_of_thousands_are_found(store: Store) -> None:
    """Clustered vectors of 64 dimensions: more than are compared exactly, and an index."""
    rng = np.random.default_rng(5)
    centres = unit(rng, (60, 64))
    made = unit(rng, (1300, 64)) * 0.9 + centres[rng.integers(60, size=1300)]
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    with store.transaction():
        for i, vector in enumerate(made):
            id = store.put_moment(float(i), i + 1.0, "x")
            store.put_vectors("moment", id, float(i), vector[None], [f"x{i}"])
    found = 0
    for query in unit(rng, (20, 64)) * 0.5 + centres[rng.integers(60, size=20)]:
        query /= np.linalg.norm(query)
        best = set((np.argsort(-(made @ query))[:10] + 1).tolist())
        refs = store.search_vector(query, 1e12, 10)
        found += len(best & {ref.id for ref in refs})
        exact = made[[ref.id - 1 for ref in refs]] @ query
        np.testing.assert_allclose([ref.score for ref in refs], exact, atol=0.01)
    assert found >= 0.95 * 200
