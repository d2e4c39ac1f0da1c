"""What a memory's owner may do is the same on both stores, down to the bytes of tables."""

from pathlib import Path

from omnilive.memory.control.about import About, forget_about
from omnilive.memory.control.edit import edit_fact
from omnilive.memory.control.forget import forget
from omnilive.memory.control.keeping import RetentionConfig
from omnilive.memory.control.pins import pin, pins, unpin
from omnilive.memory.control.retention import Retention
from omnilive.memory.control.usage import usage
from omnilive.memory.store import Store
from tests.fakes import FAKE_CONFIG, FakeEmbedder
from tests.made import said
from tests.memory.test_about import FACE, SECRET, live

DAY_S = 86400.0


def files_of(store: Store) -> list[Path]:
    """Return the session's files, and with PostgreSQL those of all its tables."""
    files = [path for path in store.folder.rglob("*") if path.is_file()]
    if store.dialect.name == "postgresql":
        store.rows("SELECT pg_switch_wal()")
        with store.whole() as database:
            database.execute("CHECKPOINT")
        tables = Path(store.rows("SHOW data_directory")[0][0]) / "base"
        files += [path for path in tables.rglob("*") if path.is_file()]
    return files


def holds(store: Store, needle: bytes) -> bool:
    return any(needle in path.read_bytes() for path in files_of(store))


def test_a_phrase_a_thing_and_a_span_are_gone_from_every_byte(store: Store) -> None:
    live(store)
    assert holds(store, b"zanzibar") and holds(store, b"visitor") and holds(store, FACE[:64])
    assert forget_about(store, About(phrase="zanzibar")).is_wiped
    assert not holds(store, b"zanzibar") and holds(store, b"visitor")
    done = forget_about(store, About(label="person"), now_s=60)
    assert (done.facts, done.keyframes, done.is_wiped) == (2, 2, True)
    assert not holds(store, b"visitor") and not holds(store, FACE[:64])
    assert holds(store, b"sentence number 3")
    forget(store, 30, 40)
    assert not holds(store, b"sentence number 3") and holds(store, b"sentence number 1")
    assert [f.text for f in store.facts(kinds=["speech"])] == [
        f"sentence number {i}" for i in (0, 1, 2, 5)
    ]


def test_pins_and_corrections(store: Store) -> None:
    live(store)
    kept = pin(store, 10, 20, note="keep")
    assert [one.as_json() for one in pins(store)] == [kept.as_json()]
    (fact,) = [f for f in store.facts(kinds=["speech"]) if f.text == SECRET]
    edit_fact(store, fact.id, text="my PIN is sansibar", embedder=FakeEmbedder())
    assert store.search_text(["zanzibar"], 1e9, 10) == []
    assert {ref.table for ref in store.search_text(["sansibar"], 1e9, 10)} == {"fact", "moment"}
    unpin(store, kept.id)
    assert pins(store) == []
    memory = FAKE_CONFIG.memory
    held = usage(store, memory.budget, memory.recording)
    assert held["kinds"] == {"object": 3, "sound": 1, "speech": 6} and held["pins"] == 0


def test_ages(store: Store) -> None:
    now_s = float(store.meta()["created_wall_s"]) + 10 * DAY_S
    live(store)
    store.put_fact("1:0.00:new", said("of today", 9.5 * DAY_S))
    gone = Retention(store, RetentionConfig(speech_days=1)).run(now_s, 30.0)
    assert gone.facts == 6 and [f.text for f in store.facts(kinds=["speech"])] == ["of today"]
    assert not holds(store, b"zanzibar") and holds(store, b"visitor")
