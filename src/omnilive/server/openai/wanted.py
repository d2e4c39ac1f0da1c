"""What a `response.create` asks for, taken from it, the session's terms and the conversation."""

from dataclasses import dataclass, replace
from typing import Any

from omnilive.reasoning.base import Message
from omnilive.server.openai.items import Items, text_of
from omnilive.server.openai.messages import LOOK
from omnilive.server.openai.problems import Problem
from omnilive.server.openai.terms import (
    Terms,
    choice_of,
    instructions_of,
    modalities_of,
    tools_of,
)

_KEPT = "audio max_output_tokens parallel_tool_calls prompt reasoning".split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A response to be made. `text` None: answer what was said; `history` None: see the log."""

    text: str | None
    instructions: str
    tools: tuple[dict[str, Any], ...]
    images: tuple[bytes, ...]
    history: tuple[Message, ...] | None
    is_spoken: bool
    metadata: dict[str, str]


def wanted_of(params: Any, terms: Terms, items: Items) -> Wanted:
    """Return what is wanted; raises Problem."""
    params = {} if params is None else params
    if not isinstance(params, dict):
        raise Problem("an object is expected", param="response")
    metadata: dict[str, str] = {}
    for name, value in params.items():
        place = f"response.{name}"
        if name == "output_modalities":
            terms = replace(terms, output_modalities=modalities_of(value, place))
        elif name == "instructions":
            terms = replace(terms, instructions=instructions_of(value, place))
        elif name == "tools":
            terms = replace(terms, tools=tools_of(value, place))
        elif name == "tool_choice":
            terms = replace(terms, tool_choice=choice_of(value, place))
        elif name == "metadata":
            metadata = _metadata_of(value, place)
        elif name == "conversation" and value in ("auto", None):
            continue
        elif name not in _KEPT and value is not None:
            raise Problem(f"{name} is not supported", code="unsupported_parameter", param=place)
    return _from_items(items, terms, metadata)


def _metadata_of(value: Any, param: str) -> dict[str, str]:
    is_good = value is None or (
        isinstance(value, dict) and len(value) <= 16
        and all(isinstance(v, str) and len(v) <= 512 and len(k) <= 64 for k, v in value.items())
    )  # fmt: skip
    if not is_good:
        raise Problem("at most 16 texts of at most 512 characters", param=param)
    return dict(value or {})


def _from_items(items: Items, terms: Terms, metadata: dict[str, str]) -> Wanted:
    """Find the question among the items, and what came before it.

    The log holds the dialogue; only a client's own words for others (an answer, a function's
    call and result) make the items the history.
    """
    listed = [item for item in items if item.get("role") != "system"]
    notes = [text_of(item) for item in items if item.get("role") == "system"]
    instructions = "\n\n".join(filter(None, [terms.instructions, *notes]))
    asked = _unanswered(listed)
    messages = [items.message(item) for item in asked]
    before = [items.message(item) for item in listed[: len(listed) - len(asked)]]
    is_told = any(message.role == "tool" or message.tool_calls for message in before)
    is_said = any("input_audio" in (p["type"] for p in item["content"]) for item in asked)
    text = "\n".join(message.text for message in messages if message.text.strip())
    images = tuple(image for message in messages for image in message.images)
    if listed and listed[-1]["type"] == "function_call_output":
        question = ""
    elif is_said and not images:
        question = None
    else:
        question = text or (LOOK if images else None)
    return Wanted(
        text=question, instructions=instructions, tools=terms.offered, images=images,
        history=tuple(replace(m, images=()) for m in before) if is_told else None,
        is_spoken=terms.is_spoken, metadata=metadata,
    )  # fmt: skip


def _unanswered(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the user's messages at the end."""
    count = 0
    for item in reversed(listed):
        if item.get("role") != "user":
            break
        count += 1
    return listed[len(listed) - count :]
