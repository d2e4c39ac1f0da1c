"""Made-up percepts, and stores that hold them."""

from typing import Any

from omnilive.core.events import Kind, Percept
from omnilive.memory.base import SourceRow
from omnilive.memory.store import Store


def percept(
    kind: Kind,
    text: str,
    start_s: float,
    end_s: float | None = None,
    *,
    final: bool = True,
    confidence: float = 0.9,
    **data: Any,
) -> Percept:
    end_s = start_s + 1.0 if end_s is None else end_s
    return Percept(
        t=end_s, kind=kind, start_s=start_s, end_s=end_s, text=text, confidence=confidence,
        final=final, data=data,
    )  # fmt: skip


def said(
    text: str, start_s: float, *, word_s: float = 0.4, language: str = "en", **data: Any
) -> Percept:
    """An utterance with word times, one word every `word_s`; Chinese goes sign by sign."""
    parts = list(text) if language == "zh" else text.split()
    words = [
        {"w": w, "s": start_s + i * word_s, "e": start_s + (i + 1) * word_s}
        for i, w in enumerate(parts)
    ]
    end_s = start_s + len(parts) * word_s
    return percept("speech", text, start_s, end_s, language=language, words=words, **data)


def thing(
    label: str, colour: str, start_s: float, end_s: float, *, final: bool = True, **data: Any
) -> Percept:
    """An object; not final while it is in view."""
    text = f"{label} in {colour}" if label == "person" else f"{colour} {label}"
    data = {"position": "left", "first_position": "left", "hidden": False, **data}
    return percept("object", text, start_s, end_s, final=final, label=label, colour=colour, **data)


def put(store: Store, *percepts: Percept) -> list[int]:
    """Store percepts under keys of their own; return the ids."""
    start = store.counts()["fact"]
    return [store.put_fact(f"1:0.00:made{start + i}", p) for i, p in enumerate(percepts)]


def a_file(url: str = "/clips/a.mp4", **more: Any) -> SourceRow:
    row = {
        "id": 0, "url": url, "kind": "file", "offset_s": 0.0, "duration_s": 60.0,
        "has_video": True, "has_audio": True, "state": "watching",
    }  # fmt: skip
    return SourceRow(**{**row, **more})
