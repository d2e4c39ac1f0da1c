"""The settings of a realtime session: what a client may change, checked, and what it means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from omnilive.dialogue.config import DialogueConfig
from omnilive.server.openai.formats import PCM, AudioFormat, format_of
from omnilive.server.openai.problems import Problem

MAX_INSTRUCTIONS = 20_000
MAX_TOOLS = 128
KEPT = "include max_output_tokens parallel_tool_calls prompt reasoning tracing truncation".split()
"""Settings that are shown as they were set and change nothing here."""

EAGERNESS: dict[str, dict[str, float]] = {
    "low": {"threshold": 0.7, "max_delay_s": 4.0},
    "medium": {},
    "auto": {},
    "high": {"threshold": 0.35, "max_delay_s": 0.9},
}
_ANSWERS = ("always", "wake_word", "push_to_talk", "off")
_SEMANTIC = {
    "type": "semantic_vad", "eagerness": "auto", "create_response": True,
    "interrupt_response": True,
}  # fmt: skip
_SERVER = {
    "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
    "idle_timeout_ms": None, "create_response": True, "interrupt_response": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client and its session agreed on."""

    output_modalities: tuple[str, ...] = ("audio",)
    instructions: str = ""
    tools: tuple[dict[str, Any], ...] = ()
    tool_choice: str = "auto"
    heard: AudioFormat = PCM
    spoken: AudioFormat = PCM
    turn: Mapping[str, Any] | None = field(default_factory=lambda: dict(_SEMANTIC))
    answer: str = "always"
    wake_words: tuple[str, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict[str, Any])
    kept_audio: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, config: DialogueConfig) -> "Terms":
        """Return what holds until the client changes it."""
        turn = _SEMANTIC if config.end_of_turn == "smart-turn" else {
            **_SERVER, "silence_duration_ms": round(config.max_delay_s * 1000),
        }  # fmt: skip
        turn = {**turn, "interrupt_response": config.interrupt}
        return cls(turn=turn, answer=config.answer, wake_words=config.wake_words)

    @property
    def is_spoken(self) -> bool:
        """Whether answers are spoken."""
        return "audio" in self.output_modalities

    @property
    def offered(self) -> tuple[dict[str, Any], ...]:
        """The functions that may be called."""
        return () if self.tool_choice == "none" else self.tools

    @property
    def answers_commits(self) -> bool:
        """Whether a commit asks for an answer too: holding a button to talk is asking."""
        is_automatic = self.turn is not None and self.turn["create_response"]
        return is_automatic and self.answer == "push_to_talk"

    def updated(self, change: Any, model: str) -> "Terms":
        """Return the terms with a `session.update` applied; raises Problem, changing nothing."""
        terms, kept = self, dict(self.kept)
        for name, value in _object(change, "session").items():
            if name in KEPT:
                kept[name] = value
            elif name in _SETTERS:
                terms = _SETTERS[name](terms, value, f"session.{name}")
            elif name == "type":
                _check_type(value)
            elif name == "model" and value not in (model, None):
                raise Problem("the model is the session: connect to another", param="session.model")
            elif name not in ("model", "id", "object", "expires_at", "client_secret"):
                raise Problem(
                    f"unknown setting {name!r}", code="unknown_parameter", param=f"session.{name}"
                )
        return replace(terms, kept=kept)

    def dialogue(self, base: DialogueConfig) -> DialogueConfig:
        """Return what a conversation on these terms does."""
        change: dict[str, Any] = {"answer": self.answer, "wake_words": self.wake_words}
        turn = self.turn
        if turn is None:
            return base.model_copy(update={**change, "answer": "push_to_talk"})
        if not turn["create_response"]:
            change["answer"] = "off"
        change["interrupt"] = turn["interrupt_response"]
        if turn["type"] == "server_vad":
            silence_s = min(10.0, max(0.2, turn["silence_duration_ms"] / 1000))
            change |= {"end_of_turn": "silence", "max_delay_s": silence_s}
        else:
            change |= {"end_of_turn": "smart-turn", **EAGERNESS[turn["eagerness"]]}
        return base.model_copy(update=change)

    def as_json(self, id: str, model: str, voice: str) -> dict[str, Any]:
        """Return the session object, as OpenAI's clients read it, with `omnilive`."""
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": id,
            "model": model,
            "output_modalities": list(self.output_modalities),
            "instructions": self.instructions,
            "tools": list(self.tools),
            "tool_choice": self.tool_choice,
            "max_output_tokens": "inf",
            "tracing": None,
            "truncation": "auto",
            "include": None,
            **self.kept,
            "audio": {
                "input": {
                    "format": self.heard.as_json(),
                    "noise_reduction": None,
                    "transcription": None,
                    "turn_detection": dict(self.turn) if self.turn is not None else None,
                    **self.kept_audio,
                },
                "output": {"format": self.spoken.as_json(), "voice": voice, "speed": 1.0},
            },
            "omnilive": {"answer": self.answer, "wake_words": list(self.wake_words)},
        }


def modalities_of(value: Any, param: str) -> tuple[str, ...]:
    """Return ("audio",) or ("text",), of which OpenAI's clients send one; raises Problem."""
    if value in (["audio"], ["text"]):
        return (value[0],)
    raise Problem('["audio"], which brings its text too, or ["text"]', param=param)


def tools_of(value: Any, param: str) -> tuple[dict[str, Any], ...]:
    """Return function definitions; raises Problem."""
    if not isinstance(value, list) or len(value) > MAX_TOOLS:
        raise Problem(f"a list of at most {MAX_TOOLS} functions", param=param)
    for i, tool in enumerate(value):
        name = tool.get("name") if isinstance(tool, dict) else None
        if not isinstance(name, str) or not name or tool.get("type") != "function":
            raise Problem("a tool is {type: function, name, parameters}", param=f"{param}[{i}]")
    return tuple(value)


def choice_of(value: Any, param: str) -> str:
    """Return "auto" or "none"; raises Problem."""
    if value in ("auto", "none"):
        return value
    raise Problem("auto or none; a call cannot be forced", code="unsupported_value", param=param)


def instructions_of(value: Any, param: str) -> str:
    """Return instructions; raises Problem."""
    if not isinstance(value, str) or len(value) > MAX_INSTRUCTIONS:
        raise Problem(f"text of at most {MAX_INSTRUCTIONS} characters", param=param)
    return value


def _object(value: Any, param: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Problem("an object is expected", param=param)
    return value


def _check_type(value: Any) -> None:
    if value != "realtime":
        raise Problem(
            f"a session of type {value!r}: only realtime; captions come with every session",
            code="unsupported_value", param="session.type",
        )  # fmt: skip


def _audio(terms: Terms, value: Any, param: str) -> Terms:
    for side, settings in _object(value, param).items():
        place = f"{param}.{side}"
        if side not in ("input", "output"):
            raise Problem(f"unknown setting {side!r}", code="unknown_parameter", param=place)
        for name, setting in _object(settings, place).items():
            if (side, name) not in _AUDIO:
                raise Problem(
                    f"unknown setting {name!r}", code="unknown_parameter", param=f"{place}.{name}"
                )
            terms = _AUDIO[side, name](terms, setting, f"{place}.{name}")
    return terms


def _turn(terms: Terms, value: Any, param: str) -> Terms:
    if value is None:
        return replace(terms, turn=None)
    kind = _object(value, param).get("type")
    if kind not in ("server_vad", "semantic_vad"):
        raise Problem("server_vad, semantic_vad or null", param=f"{param}.type")
    turn = dict(_SERVER if kind == "server_vad" else _SEMANTIC)
    for name, setting in value.items():
        if name not in turn:
            raise Problem(f"unknown setting {name!r}", code="unknown_parameter",
                          param=f"{param}.{name}")  # fmt: skip
        turn[name] = _checked(name, setting, f"{param}.{name}")
    return replace(terms, turn=turn)


def _checked(name: str, value: Any, param: str) -> Any:
    """Return one setting of turn detection; raises Problem."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if name == "type":
        return value
    if name in ("create_response", "interrupt_response"):
        is_good = isinstance(value, bool)
    elif name == "eagerness":
        is_good = isinstance(value, str) and value in EAGERNESS
    elif name == "idle_timeout_ms":
        is_good = value is None  # nobody is asked whether they are still there
    elif name == "threshold":
        is_good = is_number and 0 <= value <= 1
    else:
        is_good = is_number and 0 <= value <= 10_000
    if not is_good:
        raise Problem(f"{value!r} is no {name}", param=param)
    return value


def _voice(terms: Terms, value: Any, param: str) -> Terms:
    if not isinstance(value, str | dict):
        raise Problem("the name of a voice", param=param)
    return terms  # there is one voice: `voice` of the session says which


def _speed(terms: Terms, value: Any, param: str) -> Terms:
    if value != 1:
        raise Problem("the voice has one speed", code="unsupported_value", param=param)
    return terms


def _kept_audio(terms: Terms, value: Any, param: str) -> Terms:
    name = param.rpartition(".")[2]
    return replace(terms, kept_audio={**terms.kept_audio, name: value})


def _omnilive(terms: Terms, value: Any, param: str) -> Terms:
    for name, setting in _object(value, param).items():
        if name == "answer" and setting in _ANSWERS:
            terms = replace(terms, answer=setting)
        elif name == "wake_words" and _are_words(setting):
            terms = replace(terms, wake_words=tuple(setting))
        else:
            raise Problem(
                f"answer ({', '.join(_ANSWERS)}) or wake_words (at most 8)",
                param=f"{param}.{name}",
            )
    return terms


def _are_words(value: Any) -> bool:
    return (
        isinstance(value, list) and 0 < len(value) <= 8
        and all(isinstance(word, str) and 0 < len(word.strip()) <= 40 for word in value)
    )  # fmt: skip


Setter = Callable[[Terms, Any, str], Terms]
_SETTERS: dict[str, Setter] = {
    "output_modalities": lambda s, v, p: replace(s, output_modalities=modalities_of(v, p)),
    "instructions": lambda s, v, p: replace(s, instructions=instructions_of(v, p)),
    "tools": lambda s, v, p: replace(s, tools=tools_of(v, p)),
    "tool_choice": lambda s, v, p: replace(s, tool_choice=choice_of(v, p)),
    "audio": _audio,
    "omnilive": _omnilive,
}
_AUDIO: dict[tuple[str, str], Setter] = {
    ("input", "format"): lambda s, v, p: replace(s, heard=format_of(v, p)),
    ("input", "turn_detection"): _turn,
    ("input", "transcription"): _kept_audio,
    ("input", "noise_reduction"): _kept_audio,
    ("output", "format"): lambda s, v, p: replace(s, spoken=format_of(v, p)),
    ("output", "voice"): _voice,
    ("output", "speed"): _speed,
}
