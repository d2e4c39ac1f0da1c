"""What a store promises, whichever database is below."""

import threading
from dataclasses import replace

import pytest

from omnilive.core.errors import StoreError
from omnilive.memory.library import Library
from omnilive.memory.query import FactQuery
from omnilive.memory.search.words import content_words
from omnilive.memory.store import Store
from tests.fakes import FakeEmbedder
from tests.made import a_file, percept, put, said, thing

EMBED = FakeEmbedder().embed


def found(store: Store, query: str, until_s: float = 1e9) -> list[str]:
    """The texts of the facts that a full-text search returns, best first."""
    refs = store.search_text(content_words(query), until_s, 10)
    facts = [store.fact(ref.id) for ref in refs if ref.table == "fact"]
    return [fact.text for fact in facts if fact is not None]


# facts


def test_a_fact_is_replaced_by_the_next_of_its_key(store: Store) -> None:
    first = store.put_fact("k", said("the red", 1.0, id="speech0"))
    partial = store.put_fact("k", percept("speech", "the red car", 1.0, 3.0, final=False))
    other = store.put_fact("other", said("hello", 5.0))
    assert first == partial != other
    (fact, _) = store.facts()
    assert (fact.text, fact.end_s, fact.open) == ("the red car", 3.0, True)
    assert found(store, "red") == ["the red car"] and found(store, "car") == ["the red car"]


def test_facts_by_kind_and_overlap(store: Store) -> None:
    put(store, thing("car", "red", 2, 8), said("hello there", 4), percept("text", "EXIT", 20, 22))
    assert [f.text for f in store.facts()] == ["red car", "hello there", "EXIT"]
    assert [f.text for f in store.facts(kinds=("object", "text"))] == ["red car", "EXIT"]
    assert [f.text for f in store.facts(start_s=7, end_s=19)] == ["red car"]
    assert store.facts(start_s=9, end_s=19) == []
    assert store.facts()[0].data["label"] == "car"
    assert store.fact(999) is None


def test_a_partial_that_came_to_nothing_is_gone(store: Store) -> None:
    store.put_fact("k", said("mumble", 1.0))
    store.put_vectors("fact", 1, 1.0, EMBED(["mumble"]))
    store.drop_fact("k")
    assert store.facts() == [] and found(store, "mumble") == []
    assert store.search_vector(EMBED(["mumble"])[0], 1e9, 5) == []


def test_what_is_open_lasts_except_speech_and_what_is_out_of_sight(store: Store) -> None:
    put(
        store,
        thing("car", "red", 0, 1, final=False),
        thing("dog", "brown", 0, 1, final=False, hidden=True),
        thing("bus", "blue", 0, 1),
        percept("speech", "so far", 0, 1, final=False),
    )
    store.extend_open_facts(1, 5.0, 4.0)
    store.extend_open_facts(1, 3.0, 3.0)  # never backwards
    store.extend_open_facts(2, 9.0, 9.0)  # another source
    assert {f.text: f.end_s for f in store.facts()} == {
        "red car": 5.0, "brown dog": 1.0, "blue bus": 1.0, "so far": 1.0,
    }  # fmt: skip
    store.close_open_facts()
    assert not any(f.open for f in store.facts())


# search


def test_words_are_found_whatever_their_form_and_case(store: Store) -> None:
    put(store, said("She was PAINTING the old bridges", 0), said("nothing of note", 5))
    for query in ("painted", "Bridge", "paint bridge", "zebra bridge"):
        assert found(store, query) == ["She was PAINTING the old bridges"], query
    assert found(store, "zebra") == []
    assert store.search_text([], 1e9, 5) == []


def test_other_names_are_found_too(store: Store) -> None:
    put(store, percept("scene", "looks like hen", 0, names=["hen", "chicken"]))
    put(store, thing("cell phone", "black", 5, 6))
    assert found(store, "chicken") == ["looks like hen"]
    assert found(store, "phone") == ["black cell phone"]


def test_chinese_is_found_by_its_signs(store: Store) -> None:
    put(store, said("今天北京天气很好", 0, language="zh"), said("明天上海下雨", 5, language="zh"))
    assert found(store, "北京")[0] == "今天北京天气很好"
    assert found(store, "下雨") == ["明天上海下雨"]
    assert found(store, "广州") == []


NASTY = [
    '"', '""', 'a "quoted" word', "it's", "NOT car", "car AND", "car OR", "(car", "car*", "^car",
    "words:car", "car NEAR dog", "-car", "+car", "car; DROP TABLE fact", "100%", "?", "\\", "😀",
    "'", "car\x00dog", "{car}", "car & dog", "car | !", "car <-> dog", ":*", "car:A", "%s", "$1",
    "'); DROP SCHEMA public CASCADE; --", "\ud800", "", " ", "a" * 5000, "car " * 10_000,
    " ".join(f"word{i}" for i in range(10_000)),
]  # fmt: skip


def test_no_query_is_an_error(store: Store) -> None:
    put(store, said("a red car and it's late", 0))
    for query in NASTY:
        assert isinstance(found(store, query), list), query
        terms = content_words(query)
        assert isinstance(store.find_facts(FactQuery(any_of=terms)), list), query
        assert isinstance(store.find_facts(FactQuery(all_of=terms[:50])), list), query
        assert isinstance(store.search_text([query], 1e9, 5), list), query
    assert store.counts()["fact"] == 1 and found(store, "car") == ["a red car and it's late"]


def test_any_text_can_be_stored(store: Store) -> None:
    for i, text in enumerate(NASTY):
        if text != "\ud800":  # no text: UTF-8 has no such sign
            put(store, said(text, float(i)))
            store.append(float(i), "note", {"text": text})
    assert store.counts()["fact"] == len(NASTY) - 1 and store.check() == "ok"
    stored = [entry.body["text"] for entry in store.log_after(0)]
    wanted = [text for text in NASTY if text != "\ud800"]
    assert [s.replace("\ufffd", "\0") for s in stored] == [
        w.replace("\ufffd", "\0") for w in wanted
    ]


def test_later_rows_are_not_found(store: Store) -> None:
    put(store, said("the bell rang", 10), said("the bell rang again", 50))
    assert found(store, "bell", until_s=20) == ["the bell rang"]
    store.put_moment(40, 56, "said: the bell rang again")
    assert all(ref.table == "fact" for ref in store.search_text(["bell"], 20, 9))


def test_moments_are_found(store: Store) -> None:
    id = store.put_moment(0, 8, "red car; said: hello")
    store.put_moment(8, 16, "blue bus")
    assert [(r.table, r.id) for r in store.search_text(["car"], 1e9, 5)] == [("moment", id)]


def test_vectors_by_nearness(store: Store) -> None:
    texts = ["a red car", "a brown dog", "a red bus"]
    ids = put(store, *(said(text, 10.0 * i) for i, text in enumerate(texts)))
    for id, text, i in zip(ids, texts, range(3), strict=True):
        store.put_vectors("fact", id, 10.0 * i, EMBED([text]))
    refs = store.search_vector(EMBED(["red car"])[0], 1e9, 2)
    assert [ref.id for ref in refs] == [ids[0], ids[2]]
    assert refs[0].score == pytest.approx(1.0, abs=0.02)
    assert [ref.id for ref in store.search_vector(EMBED(["dog"])[0], 5.0, 9)] == [ids[0]]


def test_vectors_put_after_a_search_are_found(store: Store) -> None:
    """Speech has its row (and id) before the text on screen, and its final words after it."""
    speech, text = put(store, said("mumble", 1.0), percept("text", "EXIT", 2.0))
    store.put_vectors("fact", text, 2.0, EMBED(["EXIT"]))
    assert len(store.search_vector(EMBED(["bell"])[0], 1e9, 9)) == 1
    store.put_vectors("fact", speech, 1.0, EMBED(["the bell rang"]))
    assert store.search_vector(EMBED(["bell rang"])[0], 1e9, 1)[0].id == speech


def test_a_vector_that_is_replaced_counts_alone(store: Store) -> None:
    (id,) = put(store, said("the bell", 1.0))
    for text in ("the bell", "the whistle blew"):
        store.put_vectors("fact", id, 1.0, EMBED([text]))
        refs = store.search_vector(EMBED([text])[0], 1e9, 9)
        assert [(ref.id, round(ref.score, 1)) for ref in refs] == [(id, 1.0)]


def test_no_vectors_no_hits(store: Store) -> None:
    assert store.search_vector(EMBED(["x"])[0], 1e9, 5) == []


# the log


def test_the_log_is_read_from_a_cursor(store: Store) -> None:
    seqs = [store.append(float(i), "percept" if i % 2 else "gap", {"i": i}) for i in range(10)]
    assert seqs == list(range(1, 11)) and store.last_seq() == 10
    assert [entry.seq for entry in store.log_after(7)] == [8, 9, 10]
    assert [entry.body["i"] for entry in store.log_after(0, limit=2)] == [0, 1]
    assert [entry.body["i"] for entry in store.log_of("gap", limit=2)] == [6, 8]
    assert store.log_after(10) == []


def test_text_of_all_kinds_survives(store: Store) -> None:
    text = "quote \" apostrophe ' 中文 😀 \n newline"
    store.append(0.0, "note", {"text": text})
    put(store, percept("text", text, 0))
    assert store.log_after(0)[0].body["text"] == text
    assert store.facts()[0].text == text


# transactions


def test_what_fails_leaves_nothing_behind(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.append(0.0, "percept", {})
        put(store, said("never said", 0))
        store.put_moment(0, 5, "never")
        store.put_vectors("fact", 1, 0, EMBED(["never"]))
        store.put_source(a_file())
        1 / 0  # noqa: B018
    assert store.counts() == {"log": 0, "fact": 0, "moment": 0, "keyframe": 0}
    assert found(store, "said") == [] and store.sources() == []
    assert store.append(0.0, "percept", {}) in (1, 2)  # a number may be lost with what failed


def test_a_failure_inside_undoes_the_whole(store: Store) -> None:
    with pytest.raises(StoreError), store.transaction():
        store.append(0.0, "percept", {})
        store.update_source(1, no_such_column=1)
    assert store.last_seq() == 0


def test_another_reader_sees_nothing_before_the_end(library: Library, store: Store) -> None:
    reader = library.open("s")
    with store.transaction():
        store.append(0.0, "percept", {})
        assert reader.last_seq() == 0
    assert reader.last_seq() == 1
    reader.close()


def test_many_threads_may_write(store: Store) -> None:
    def write(name: int) -> None:
        for i in range(25):
            with store.transaction():
                store.append(0.0, "percept", {"n": name})
                store.put_fact(f"{name}:{i}", said("hello", i))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.seq for e in store.log_after(0)] == list(range(1, 101))
    assert store.counts()["fact"] == 100 and store.check() == "ok"


# pictures and sources


def test_keyframes_are_files_and_found_by_time(store: Store) -> None:
    ids = [store.put_keyframe(t, b"jpeg %d" % t) for t in (0, 10, 20)]
    path = store.keyframe_near(9, 15)
    assert path == f"keyframes/{ids[1]}.jpg"
    assert (store.folder / path).read_bytes() == b"jpeg 10"
    assert store.keyframe_near(12, 15) == path  # the last one before
    assert not list(store.folder.rglob("*.part"))


def test_before_the_first_keyframe_there_is_none(store: Store) -> None:
    store.put_keyframe(10.0, b"jpeg")
    assert store.keyframe_near(0, 5) is None


def test_sources_remember_how_far_they_got(store: Store) -> None:
    id = store.put_source(a_file())
    store.update_source(id, state="interrupted", video_s=12.5, audio_s=11.0)
    assert store.sources() == [
        replace(a_file(id=id), state="interrupted", video_s=12.5, audio_s=11.0)
    ]
    assert store.end_s() == 12.5


def test_moments_newest_first_in_and_oldest_first_out(store: Store) -> None:
    for i in range(5):
        store.put_moment(10.0 * i, 10.0 * (i + 1), f"number {i}")
    assert [m.text for m in store.moments(limit=2)] == ["number 3", "number 4"]
    assert [m.text for m in store.moments(before_s=20)] == ["number 0", "number 1"]
    assert store.last_moment_end() == 50.0


def test_memory_survives_closing(library: Library, store: Store) -> None:
    put(store, said("the bell rang", 0))
    store.set_meta("title", "kitchen")
    store.close()
    store.close()
    again = library.open("s")
    assert found(again, "bell") == ["the bell rang"] and again.meta()["title"] == "kitchen"
    assert float(again.meta()["created_wall_s"]) > 1e9
    again.close()


def test_what_cannot_be_committed_is_undone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store._db, "commit", refuse)
        with pytest.raises(StoreError, match="full"):
            store.append(0.0, "note", {})
    store.append(1.0, "note", {})
    assert [line.t for line in store.log_after(0)] == [1.0]
