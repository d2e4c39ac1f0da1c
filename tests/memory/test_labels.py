"""What an utterance was (said to the assistant, or by it) is kept with it, early or late."""

from typing import Any

from omnilive.core.events import Label
from omnilive.memory.ledger import LABELS, Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.store import Store
from tests.made import a_file, percept


def begin(store: Store) -> Ledger:
    return Ledger.begin(store, store.put_source(a_file()), 0.0, 0.0, MomentConfig(), None)


def label(number: int, **data: Any) -> Label:
    return Label(t=1.0, id=f"speech{number}", data=data)


def test_a_label_for_what_is_stored_is_added(store: Store) -> None:
    ledger = begin(store)
    ledger.write([percept("speech", "hello there", 1, 2, id="speech0", language="en")], 2, 2)
    ledger.write([label(0, to="assistant")], 2, 2)
    (fact,) = store.facts()
    assert fact.data == {"id": "speech0", "language": "en", "to": "assistant"}


def test_a_label_for_what_is_still_to_come_waits_for_it(store: Store) -> None:
    ledger = begin(store)
    ledger.write([label(0, by="assistant"), label(0, to="nobody")], 1, 1)
    ledger.write([percept("speech", "hel", 1, 2, final=False, id="speech0")], 2, 1)
    (line,) = ledger.write([percept("speech", "hello", 1, 2, id="speech0")], 2, 2)
    assert line["data"] == {"id": "speech0", "by": "assistant", "to": "nobody"}
    assert store.facts()[0].data["by"] == "assistant"


def test_a_label_touches_no_other_utterance(store: Store) -> None:
    ledger = begin(store)
    ledger.write([percept("speech", "one", 1, 2, id="speech1")], 2, 2)
    ledger.write([label(11, by="assistant"), label(0, by="assistant")], 2, 2)
    assert store.facts()[0].data == {"id": "speech1"}


def test_labels_do_not_grow_without_end(store: Store) -> None:
    ledger = begin(store)
    ledger.write([label(n, by="assistant") for n in range(3 * LABELS)], 1, 1)
    assert len(ledger._labels) == LABELS
