"""The JSON of watches and alerts, with examples; the OpenAPI document is made from it."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from omnilive.server.shapes import _example, _request

_RULE = {
    "version": 1, "text": "Tell me when a cat appears",
    "what": {"kind": "object", "labels": ["cat"], "event": "appears"},
    "repeat": "each", "cooldown_s": 60.0, "to": [{"kind": "voice"}, {"kind": "page"}],
}  # fmt: skip
_READABLE = "Each time a cat appears; at most once every minute; said aloud and shown on the page."
_ALERT = {
    "seq": 141, "t": 31.5, "type": "alert", "watch": "w1", "version": 1, "n": 1,
    "rule": _READABLE, "text": "A cat appears: orange cat", "start_s": 31.5, "end_s": 31.5,
    "at_s": 31.5, "confidence": 0.91, "count": 1, "duplicate": 0, "urgency": "normal",
    "keyframe": "keyframes/6.jpg", "to": ["voice", "page"], "note": "",
    "evidence": [{
        "id": 17, "kind": "object", "start_s": 31.5, "end_s": 31.5, "text": "orange cat",
        "confidence": 0.91, "keyframe": "keyframes/6.jpg", "label": "cat", "colour": "orange",
        "source": 1,
    }],
    "latency": {"perception_s": 0.8, "gate_s": 0.001, "check_s": 0.0, "total_s": 0.801},
}  # fmt: skip
_WATCH = {
    "id": "w1", "version": 1, "state": "armed", "text": "Tell me when a cat appears",
    "readable": _READABLE, "rule": _RULE, "made_s": 0.0, "armed_s": 0.0, "alerts": 1,
    "last_s": 31.5, "duplicate": 0, "error": "", "notes": [],
    "gate": {"kind": "object", "true": False, "near": {}},
}  # fmt: skip
Text = Field(default=None, max_length=4000, description="plain words, English or Chinese")
RuleField = Field(default=None, description="a rule as the answers show it")
Change = Field(
    default_factory=dict[str, Any],
    description="fields of the rule to replace, such as cooldown_s; `add_to` appends targets",
)


class NewWatch(BaseModel):
    """A watch in plain words (`text`) or as a `rule`."""

    model_config = _request(text="Tell me when a cat appears, at most once a minute")
    text: str | None = Text
    rule: dict[str, Any] | None = RuleField
    change: dict[str, Any] = Change
    armed: bool = True


class EditedWatch(BaseModel):
    """What is to change about a watch; what is left out stays."""

    model_config = _request(change={"cooldown_s": 60})
    text: str | None = Text
    rule: dict[str, Any] | None = RuleField
    change: dict[str, Any] = Change
    state: Literal["armed", "paused"] | None = None


class Attempt(BaseModel):
    """A watch that is only tried; over a part of the session, if one is given."""

    model_config = _request(text="Tell me when a cat appears", start_s=0)
    text: str | None = Text
    rule: dict[str, Any] | None = RuleField
    change: dict[str, Any] = Change
    start_s: float = Field(default=0.0, ge=0)
    end_s: float | None = Field(default=None, ge=0)


class WatchFacts(BaseModel):
    """A watch: the rule as understood, its state, and what it knows now."""

    model_config = _example(**_WATCH)
    id: str
    version: int
    state: str
    text: str
    readable: str
    rule: dict[str, Any]
    made_s: float
    armed_s: float | None = None
    alerts: int = 0
    last_s: float | None = None
    duplicate: int = 0
    error: str = ""
    gate: dict[str, Any] | None = None
    notes: list[str] = []


class WatchList(BaseModel):
    """All watches of a session, oldest first."""

    model_config = _example(watches=[_WATCH])
    watches: list[WatchFacts]


class Preview(BaseModel):
    """How a watch would be understood; or what is asked back, with the code of what is wrong."""

    model_config = _example(understood=True, rule=_RULE, readable=_READABLE, notes=[])
    understood: bool
    rule: dict[str, Any] | None = None
    readable: str = ""
    notes: list[str] = []
    code: str = ""
    question: str = ""
    suggestions: list[str] = []


class AlertList(BaseModel):
    """Alerts, oldest first; `seq` is the place in the log."""

    model_config = _example(alerts=[_ALERT])
    alerts: list[dict[str, Any]]


class Trial(BaseModel):
    """When a watch would have fired."""

    model_config = _example(readable=_READABLE, rule=_RULE, notes=[], alerts=[_ALERT])
    readable: str
    rule: dict[str, Any]
    notes: list[str] = []
    alerts: list[dict[str, Any]]


class NewNarration(BaseModel):
    """What is to be narrated; a step is a sentence, or `text` with `done`, in words or as rule."""

    model_config = _request(mode="steps", steps=["Put the cup on the table", "Say that it is done"])
    mode: Literal["commentary", "steps", "off"]
    steps: list[str | dict[str, Any]] = Field(default_factory=list[Any], max_length=50)


class NarrationFacts(BaseModel):
    """What is narrated; `step` is the number of the step that is to be done, from 1."""

    model_config = _example(mode="steps", steps=["Put the cup on the table"], step=1)
    mode: str
    steps: list[str] = []
    step: int | None = None


class Explanation(BaseModel):
    """Why a watch fired or stayed silent at second `t`: in a word, in a sentence, in figures."""

    model_config = _example(
        watch="w1", t=41.0, why="cooldown", text="It was true, in the cool-down until 91.5 s.",
        state="armed", rule=_READABLE, gate=_WATCH["gate"], alerts=[], checks=[],
        events=[{"t": 41.0, "what": "cooldown"}], cooldown_until_s=91.5,
    )  # fmt: skip
    watch: str
    t: float
    why: str
    text: str
    state: str
    rule: str
    gate: dict[str, Any] | None = None
    alerts: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    cooldown_until_s: float | None = None
