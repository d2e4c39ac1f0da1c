import pytest

from omnilive.memory.recall import View, recall, stem
from omnilive.memory.search.words import content_words, index_form, words
from omnilive.memory.store import Store
from tests.fakes import FakeEmbedder
from tests.made import percept, put, said, thing

EMBEDDER = FakeEmbedder()


def test_nothing_later_than_t_shows(store: Store) -> None:
    put(
        store,
        thing("car", "red", 2, 30),
        thing("bus", "blue", 12, 30),
        percept("text", "EXIT", 10.5, 12),
        said("one two three", 20),
    )
    store.put_moment(0, 16, "red car; text: EXIT; blue bus")
    facts = View(store, 10.0).facts()
    assert [(f.text, f.end_s, f.open) for f in facts] == [("red car", 10.0, True)]
    assert View(store, 10.0).facts(start_s=11, end_s=40) == []
    assert [f.text for f in View(store, 31.0).facts()][-1] == "one two three"
    for query in ("EXIT", "bus", "three", "blue bus text"):
        assert all(h.fact.start_s <= 10 for h in recall(View(store, 10.0), EMBEDDER, query))


@pytest.mark.parametrize("final", [True, False])
def test_what_is_hidden_later_was_in_sight_before(store: Store, final: bool) -> None:
    put(store, thing("car", "red", 2, 30, final=final, hidden=True))
    (then,) = View(store, 10.0).facts()
    assert then.open and not then.data["hidden"]
    assert View(store, 40.0).facts()[0].data["hidden"]


def test_an_utterance_still_being_spoken_is_cut_at_its_words(store: Store) -> None:
    put(store, said("the code is seven four two", 10.0, word_s=0.5))
    known = View(store, 12.0).facts()
    assert [(f.text, f.end_s, f.open) for f in known] == [("the code is seven", 12.0, True)]
    assert View(store, 10.3).facts() == []  # the first word is not over
    (hit,) = recall(View(store, 12.0), None, "seven")
    assert "four" not in hit.fact.text
    assert all("seven" not in h.fact.text for h in recall(View(store, 11.0), None, "seven"))
    assert View(store, 13.0).facts()[0].text == "the code is seven four two"


def test_chinese_that_is_being_spoken_has_no_blanks(store: Store) -> None:
    put(store, said("今天天气很好", 0.0, language="zh", word_s=0.5))
    assert [f.text for f in View(store, 2.0).facts()] == ["今天天气"]


def test_without_word_times_nothing_half_spoken_shows(store: Store) -> None:
    put(store, percept("speech", "a secret of the future", 5.0, 9.0))
    assert View(store, 8.0).facts() == []
    assert len(View(store, 9.0).facts()) == 1


@pytest.mark.parametrize("embedder", [None, EMBEDDER])
def test_the_fact_that_holds_the_words_is_first(
    store: Store, embedder: FakeEmbedder | None
) -> None:
    texts = ["the train to Oslo leaves at nine", "the weather is fine", "trains are long"]
    ids = put(store, *(said(text, 20.0 * i) for i, text in enumerate(texts)))
    for id, text in zip(ids, texts, strict=True):
        store.put_vectors("fact", id, 0.0, EMBEDDER.embed([text]))
    hits = recall(View(store, 100.0), embedder, "When does the train to Oslo leave?")
    assert hits[0].fact.text == texts[0] and hits[0].overlap > 0.6
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_kinds_limit_and_what_is_beside(store: Store) -> None:
    put(store, thing("car", "red", 0, 8), said("look at that", 3), said("far away", 30))
    store.put_moment(0, 8, "said: look at that; red car")
    view = View(store, 60.0)
    assert {h.fact.text for h in recall(view, None, "car")} == {"red car", "look at that"}
    assert [h.fact.text for h in recall(view, None, "car", kinds=("speech",))] == ["look at that"]
    assert len(recall(view, None, "car", limit=1)) == 1
    assert recall(view, None, "") == [] and recall(view, None, "??") == []


def test_evidence_has_the_picture_that_shows_it(store: Store) -> None:
    put(store, thing("car", "red", 4, 8))
    store.put_keyframe(5.0, b"jpeg")
    view = View(store, 60.0)
    evidence = view.evidence(view.facts()[0])
    assert evidence.keyframe == "keyframes/1.jpg" and evidence.as_json()["kind"] == "object"


def test_words() -> None:
    assert words("It’s the ＥＸＩＴ, Gate-7!") == ["it's", "the", "exit", "gate", "7"]
    assert words("今天 ok") == ["今", "天", "ok"]
    assert content_words("What did the red car do to the red dog?") == ["red", "car", "dog"]
    assert index_form("北京!") == "北 京"


@pytest.mark.parametrize(
    ("one", "two"), [("cars", "car"), ("painted", "painting"), ("Anna's", "Anna")]
)
def test_stems_meet(one: str, two: str) -> None:
    assert stem(one) == stem(two)
