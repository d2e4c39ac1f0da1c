"""Keeps a session's narration durable: what is narrated, how far it has come, its remarks."""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from omnilive.core.errors import ConfigError
from omnilive.dialogue.watches.alerts import SHOWN, evidence_of
from omnilive.dialogue.watches.gate import Times
from omnilive.dialogue.watches.matching import Likeness
from omnilive.dialogue.watches.narrate import Commentary, Procedure, Remark, Step
from omnilive.dialogue.watches.rule import Condition
from omnilive.memory.ledger import Noted
from omnilive.memory.store import Store
from omnilive.memory.watches import EDITS, NARRATOR

logger = logging.getLogger(__name__)
SETTINGS, STATE = "watch_narration", NARRATOR  # rows of the table `meta`
MAX_STEPS = 50
_CONDITION = TypeAdapter(Condition)
Line = dict[str, Any]


class Narration:
    """The narration of one store: at most one at a time. Plain sync code, any thread."""

    def __init__(self, store: Store, likeness: Likeness) -> None:
        self.store, self._likeness = store, likeness
        self._lock = threading.RLock()
        self._settings: str | None = None
        self._teller: Commentary | Procedure | None = None

    def start(self, mode: str, steps: Sequence[Mapping[str, Any]] = ()) -> Line:
        """Begin a narration, in place of the one before; return the line of the log.

        `steps` are {"text": ..., "done": condition as JSON, or None}.
        """
        if mode not in ("commentary", "steps", "off"):
            raise ConfigError(f"no narration {mode!r}; choose from commentary, steps, off")
        if mode == "steps" and not 1 <= len(steps) <= MAX_STEPS:
            raise ConfigError(f"a procedure has 1 to {MAX_STEPS} steps, this one {len(steps)}")
        settings = json.dumps({"mode": mode, "steps": list(steps)}, ensure_ascii=False)
        with self.store.transaction(), self._lock:
            self.store.set_meta(SETTINGS, settings)
            self.store.set_meta(STATE, "{}")
            self._settings = None
            body = {"state": mode, "steps": [step["text"] for step in steps]}
            t = self.store.end_s()
            seq = self.store.append(t, "narration", body)
        return {"seq": seq, "t": t, "type": "narration", **body}

    def status(self) -> dict[str, Any]:
        """Return the mode, the steps, and the number of the step that is to be done, from 1."""
        rows = self.store.meta()
        known = json.loads(rows.get(SETTINGS, '{"mode": "off", "steps": []}'))
        steps = [step["text"] for step in known["steps"]]
        at = int(json.loads(rows.get(STATE, "{}")).get("at", -1))
        step = at + 1 if 0 <= at < len(steps) else None
        return {"mode": known["mode"], "steps": steps, "step": step}

    def observe(self, noted: Noted) -> list[Line]:
        """Take in what the ledger has written; return the remarks, which are stored with it."""
        with self._lock:
            self._load()
            if self._teller is None:
                return []
            lines = [line for line in noted.lines if line["type"] in ("percept", "source", "gap")]
            try:
                remarks = self._teller.step(lines, Times(noted.video_t, noted.audio_t))
            except Exception as error:  # whatever it is, perception goes on
                logger.exception("narration of %s", self.store.folder.name)
                return [{**self.start("off"), "detail": f"{type(error).__name__}: {error}"}]
            if lines or remarks:
                self.store.set_meta(STATE, json.dumps(self._teller.as_json()))
            return [self._write(remark) for remark in remarks]

    def _load(self) -> None:
        rows = self.store.meta()
        settings = rows.get(SETTINGS, "")
        if settings + rows.get(EDITS, "") == self._settings:  # forgetting counts as an edit
            return
        was_running = self._teller is not None
        self._settings, self._teller = settings + rows.get(EDITS, ""), None
        known: dict[str, Any] = json.loads(settings) if settings else {"mode": "off"}
        state = json.loads(rows.get(STATE, "{}"))
        if known["mode"] == "commentary":
            self._teller = Commentary.from_json(state)
        elif known["mode"] == "steps":
            steps = tuple(
                Step(
                    step["text"], _CONDITION.validate_python(step["done"]) if step["done"] else None
                )
                for step in known["steps"]
            )
            self._teller = Procedure.from_json(steps, self._likeness, state)
        if self._teller is not None and was_running:
            self._teller.world.stale.clear()

    def _write(self, remark: Remark) -> Line:
        things = remark.things[:SHOWN]
        body = {
            "text": remark.text,
            "start_s": round(min((x.start_s for x in things), default=remark.t), 3),
            "end_s": round(remark.t, 3),
            "evidence": [evidence_of(self.store, thing) for thing in things],
            "keyframe": self.store.keyframe_near(remark.t - 1.0, remark.t),
            "urgency": "normal",
            "to": ["voice", "page"],
            "watch": "",
        }
        seq = self.store.append(remark.t, "remark", body)
        return {"seq": seq, "t": round(remark.t, 3), "type": "remark", **body}
