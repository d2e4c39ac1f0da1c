"""A correction is told everywhere, and the log says that it is one."""

import pytest

from omnilive.core.errors import ConfigError
from omnilive.memory.control.about import About, forget_about
from omnilive.memory.control.edit import edit_fact
from omnilive.memory.store import Store
from tests.fakes import FakeEmbedder
from tests.memory.test_about import live


def test_a_misheard_word(store: Store) -> None:
    live(store)
    (old,) = [f for f in store.facts(kinds=["speech"]) if "zanzibar" in f.text]
    line = edit_fact(store, old.id, text="my  PIN is   sansibar", embedder=FakeEmbedder())
    fact = store.fact(old.id)
    assert fact is not None and fact.text == "my PIN is sansibar"
    assert fact.data["edited"] is True and "words" not in fact.data
    assert (fact.start_s, fact.end_s, fact.kind) == (old.start_s, old.end_s, old.kind)
    assert store.search_text(["zanzibar"], 1e9, 10) == []
    assert {ref.table for ref in store.search_text(["sansibar"], 1e9, 10)} == {"fact", "moment"}
    moment = next(m for m in store.moments() if m.start_s == 40)
    assert moment.text == "said: my PIN is sansibar; red car"
    said = [e.body for e in store.log_of("percept") if e.body["id"] == old.id]
    assert [body["text"] for body in said] == [fact.text] and said[0]["data"]["edited"]
    assert [e.body["text"] for e in store.log_of("moment") if e.body["id"] == moment.id] == [
        moment.text
    ]
    (edit,) = store.log_of("edit")
    assert (
        edit.body["fact"] == old.id and edit.body["text"] == fact.text and edit.seq == line["seq"]
    )
    found = store.search_vector(FakeEmbedder().embed([fact.text])[0], 1e9, 3)
    assert ("fact", old.id) in {(ref.table, ref.id) for ref in found}
    assert store.check() == "ok"


def test_a_wrong_label(store: Store) -> None:
    live(store)
    (old,) = [
        f for f in store.facts(kinds=["object"]) if f.data["label"] == "person" and not f.open
    ]
    edit_fact(store, old.id, label="mannequin")
    fact = store.fact(old.id)
    assert fact is not None and fact.text == "mannequin in blue"
    assert fact.data["label"] == "mannequin" and "names" not in fact.data
    assert store.search_text(["visitor"], 1e9, 10) == []
    assert "mannequin in blue" in next(m for m in store.moments() if m.start_s == 20).text


def test_an_episode_is_corrected_too(store: Store) -> None:
    live(store)
    (old,) = [f for f in store.facts(kinds=["speech"]) if "number 3" in f.text]
    id = store.put_moment(0, 50, "said: sentence number 3; said: hello; red car")
    store.execute("UPDATE moment SET level = 1 WHERE id = ?", id)
    edit_fact(store, old.id, text="sentence number three")
    moment = store.moment(id)
    assert moment is not None
    assert moment.text == "said: sentence number three; said: hello; red car"


def test_what_cannot_be_edited(store: Store) -> None:
    live(store)
    (still_open,) = [f for f in store.facts(kinds=["object"]) if f.data["label"] == "car"]
    (said,) = [f for f in store.facts(kinds=["speech"]) if "number 3" in f.text]
    wrong: list[tuple[int, dict[str, str], str]] = [
        (999, {"text": "x"}, "no fact 999"), (still_open.id, {"text": "x"}, "still goes on"),
        (said.id, {"text": "  "}, "nothing to change"), (said.id, {}, "nothing to change"),
        (said.id, {"label": "dog"}, "has no label"), (said.id, {"text": "x" * 10001}, "too long"),
    ]  # fmt: skip
    before = store.last_seq()
    for id, change, message in wrong:
        with pytest.raises(ConfigError, match=message):
            edit_fact(store, id, **change)  # pyright: ignore[reportArgumentType]
    assert store.last_seq() == before


def test_a_second_correction_takes_the_place_of_the_first(store: Store) -> None:
    live(store)
    (old,) = [f for f in store.facts(kinds=["speech"]) if "number 3" in f.text]
    for text in ("sentence number tree", "sentence number three"):
        edit_fact(store, old.id, text=text)
    told = [line.body["text"] for line in store.log_of("edit")]
    assert told == ["sentence number three"] * 2
    assert not any("tree" in str(line.body) for line in store.log_after(0))


def test_a_moment_whose_facts_were_left_out_keeps_what_it_tells(store: Store) -> None:
    live(store)
    (old,) = [f for f in store.facts(kinds=["speech"]) if "number 3" in f.text]
    moment = next(m for m in store.moments() if "number 3" in m.text)
    row = "UPDATE moment SET text = ?, data = ? WHERE id = ?"
    store.execute(row, f"{moment.text}; text: EXIT 5", '{"left_out": {"text": 1}}', moment.id)
    edit_fact(store, old.id, text="sentence number three")
    edited = store.moment(moment.id)
    assert edited is not None
    assert edited.text == "said: sentence number three; red car; text: EXIT 5"
    forget_about(store, About(phrase="number three"))
    left = store.moment(moment.id)
    assert left is not None and left.text == "red car; text: EXIT 5"


def test_a_number_that_is_too_large_is_unknown(store: Store) -> None:
    with pytest.raises(ConfigError, match="there is no fact 9"):
        edit_fact(store, 99999999999999999999, text="x")
