"""Corrects what is remembered: a misheard word, a wrong label. The log says that it was edited.

The corrected text takes the place of the old one everywhere it was told: in the fact, its line of
the log, the moments that tell of it, the indexes. The old text is deleted, and leaves the files as
whatever is deleted does; to be sure of its bytes, forget it.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from omnilive.core.errors import ConfigError
from omnilive.memory.base import Fact
from omnilive.memory.coarse import is_exact
from omnilive.memory.control.about import parts_of
from omnilive.memory.moments import belongs, describe
from omnilive.memory.search.embed import Embedder
from omnilive.memory.search.words import sentences
from omnilive.memory.store import Store, searchable

TEXT_CHARS = 10_000
_STALE = ("words",)  # data that belonged to the old text


def edit_fact(
    store: Store, id: int, *, text: str | None = None, label: str | None = None,
    embedder: Embedder | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Give a fact another text or label; return the line of the log that tells of it.

    A new label also takes the place of the old one in the text, unless a text is given too. With
    an `embedder`, the new text is found by its meaning at once, else after a reindex. ConfigError
    for an unknown fact, one that still goes on, or nothing to change.
    """
    with store.transaction():
        old = _editable(store, id)
        new_text, data = _changed(old, text, label)
        row = "UPDATE fact SET text = ?, data = ? WHERE id = ?"
        store.execute(row, new_text, json.dumps(data, ensure_ascii=False), id)
        store.execute("DELETE FROM vector WHERE tab = 'fact' AND id = ?", id)
        fact = store.fact(id)
        assert fact is not None
        store.words.put("fact", id, searchable(fact))
        fresh = [("fact", id, new_text), *_retell_moments(store, old, fact)]
        _edit_line(store, fact)
        for table, row_id, told in fresh:
            _embed(store, table, row_id, told, fact.start_s, embedder)
        t = store.end_s()
        body = {
            "fact": id, "kind": fact.kind, "start_s": round(fact.start_s, 3),
            "end_s": round(fact.end_s, 3), "text": fact.text,
        }  # fmt: skip
        seq = store.append(t, "edit", body)
    return {"seq": seq, "t": round(t, 3), "type": "edit", **body}


def _editable(store: Store, id: int) -> Fact:
    fact = store.fact(id)
    if fact is None:
        raise ConfigError(f"there is no fact {id}: search and timeline show the numbers")
    if fact.open:
        raise ConfigError(f"fact {id} still goes on: edit it when it is over")
    return fact


def _changed(old: Fact, text: str | None, label: str | None) -> tuple[str, Mapping[str, Any]]:
    text = " ".join(text.split()) if text is not None else None
    label = " ".join(label.split()) if label is not None else None
    if not text and not label:
        raise ConfigError("nothing to change: give a text or a label that is not empty")
    if max(len(text or ""), len(label or "")) > TEXT_CHARS:
        raise ConfigError(f"the text is too long: {TEXT_CHARS} characters at most")
    data = {name: value for name, value in old.data.items() if name not in _STALE}
    if label:
        known = data.get("label")
        if not known:
            raise ConfigError(f"fact {old.id} has no label: it is {old.kind}; edit its text")
        if text is None:
            pattern = rf"\b{re.escape(str(known))}\b"
            text = re.sub(pattern, lambda _: label, old.text) if known else label
            text = text if label in text else label
        data["label"] = label
        data.pop("names", None)
    assert text is not None
    return text, {**data, "edited": True}


def _retell_moments(store: Store, old: Fact, new: Fact) -> list[tuple[str, int, str]]:
    """Tell the moments anew that tell of a fact; return them with their texts."""
    was, now = describe([old]), describe([new])
    told: list[tuple[str, int, str]] = []
    columns = "id, start_s, end_s, text, level, data"
    query = f"SELECT {columns} FROM moment WHERE start_s <= ? AND end_s >= ?"
    for id, start_s, end_s, text, level, data in store.rows(query, new.end_s, new.start_s):
        facts = store.facts(start_s=start_s, end_s=end_s)
        facts = [fact for fact in facts if belongs(fact, start_s, end_s)]
        if is_exact(level, json.loads(data), facts):
            changed = describe(facts)
        else:
            old_parts = parts_of(was)
            kept = [now if part == old_parts[0] else part for part in parts_of(text)]
            changed = "; ".join(part for part in kept if part not in old_parts[1:])
        if changed and changed != text:
            store.execute("UPDATE moment SET text = ? WHERE id = ?", changed, id)
            store.words.put("moment", id, changed)
            store.execute("DELETE FROM vector WHERE tab = 'moment' AND id = ?", id)
            _edit_lines(store, "moment", id, {"text": changed})
            told.append(("moment", id, changed))
    return told


def _edit_line(store: Store, fact: Fact) -> None:
    _edit_lines(store, "percept", fact.id, {"text": fact.text, "data": dict(fact.data)})
    _edit_lines(store, "edit", fact.id, {"text": fact.text}, key="fact")  # an earlier correction


def _edit_lines(
    store: Store, type: str, id: int, values: Mapping[str, Any], *, key: str = "id"
) -> None:
    number = store.dialect.number(store.dialect.field("body", key))
    query = f"SELECT seq, body FROM log WHERE type = ? AND {number} = ?"
    for seq, text in store.rows(query, type, id):
        body = json.dumps(json.loads(text) | values, ensure_ascii=False)
        store.execute("UPDATE log SET body = ? WHERE seq = ?", body, seq)


def _embed(
    store: Store, table: str, id: int, text: str, start_s: float, embedder: Embedder | None
) -> None:
    if embedder is None:
        return
    if table == "moment":
        start_s = float(store.value("SELECT start_s FROM moment WHERE id = ?", id))
    parts = sentences(text)
    store.put_vectors(table, id, start_s, embedder.embed(parts), parts, embedder.name)
