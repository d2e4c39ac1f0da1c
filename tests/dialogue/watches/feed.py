"""Lines of a log, made by hand, and an engine to feed them to."""

import json
from collections.abc import Mapping
from typing import Any

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.engine import Engine, Firing, Watch
from omnilive.dialogue.watches.gate import Times
from omnilive.dialogue.watches.state import World

CAR = r.Object(labels=("car",))
CAR_HERE = r.Object(labels=("car",), event="present")
DOG = r.Object(labels=("dog",))


class Feed:
    """Feeds one engine; every call returns what fired."""

    def __init__(self, *whats: Any, **settings: Any) -> None:
        self.engine = Engine()
        self.fired: list[Firing] = []
        self._fact = 0
        for i, what in enumerate(whats):
            rule = what if isinstance(what, r.Rule) else r.Rule(what=what, **settings)
            self.engine.put(Watch(f"w{i}", rule))

    def times(self) -> list[float]:
        return [round(firing.t, 2) for firing in self.fired]

    def restart(self) -> None:
        """Go on in a new engine that knows what the old one stored."""
        old = self.engine
        self.engine = Engine(World.from_json(json.loads(json.dumps(old.world.as_json()))))
        self.engine.times = old.times
        for watch in old.watches.values():
            memory = json.loads(json.dumps(watch.dump()))
            fresh = Watch(watch.id, watch.rule, 1, watch.state, watch.armed_t, watch.last_t)
            fresh.number, fresh.duplicate = watch.number, watch.duplicate
            self.engine.put(fresh, memory)

    def lines(self, *lines: Mapping[str, Any], t: float | None = None) -> list[Firing]:
        """Feed lines; everything is perceived up to `t` (default: where it was)."""
        times = {} if t is None else {1: Times(t, t)}
        found = self.engine.step(lines, times)
        self.fired += found
        return found

    def until(self, t: float, audio: float | None = None) -> list[Firing]:
        found = self.engine.step([], {1: Times(t, t if audio is None else audio)})
        self.fired += found
        return found

    def thing(
        self, label: str, start_s: float, *, colour: str = "red", at: float = 0.1, t: float = -1,
        **more: Any,
    ) -> int:  # fmt: skip
        """An object comes into view; returns its fact."""
        self._fact += 1
        self.object(self._fact, label, start_s, start_s, colour=colour, at=at, **more)
        if t >= 0:
            self.until(t)
        return self._fact

    def object(
        self, fact: int, label: str, start_s: float, end_s: float, *, final: bool = False,
        colour: str = "red", at: float = 0.1, confidence: float = 0.9, source: int = 1,
        **data: Any,
    ) -> list[Firing]:  # fmt: skip
        data = {"label": label, "colour": colour, "box": [at, 0.1, at + 0.2, 0.5], **data}
        return self.lines(
            percept("object", f"{colour} {label}", fact, start_s, end_s, final=final,
                    confidence=confidence, source=source, **data)
        )  # fmt: skip

    def text(self, text: str, start_s: float, end_s: float | None = None) -> list[Firing]:
        self._fact += 1
        lines = [percept("text", text, self._fact, start_s, start_s, final=False)]
        if end_s is not None:
            lines.append(percept("text", text, self._fact, start_s, end_s))
        return self.lines(*lines)

    def said(
        self, text: str, start_s: float, end_s: float, *, fact: int = 0, final: bool = True,
        **data: Any,
    ) -> list[Firing]:  # fmt: skip
        self._fact += 1
        line = percept("speech", text, fact or self._fact + 1000, start_s, end_s, final=final)
        line["data"].update(data)
        return self.lines(line)


def percept(
    kind: str, text: str, fact: int, start_s: float, end_s: float, *, final: bool = True,
    confidence: float = 0.9, source: int = 1, **data: Any,
) -> dict[str, Any]:  # fmt: skip
    return {
        "seq": None, "t": end_s, "type": "percept", "id": fact, "kind": kind, "start_s": start_s,
        "end_s": end_s, "text": text, "confidence": confidence, "final": final,
        "source": source, "data": data,
    }  # fmt: skip
