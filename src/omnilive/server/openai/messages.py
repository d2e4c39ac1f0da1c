"""Chat messages in, what a session is asked out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from omnilive.reasoning.base import Message, ToolCall
from omnilive.server.openai.pictures import picture_of
from omnilive.server.openai.problems import Problem

MAX_IMAGES = 8
LOOK = "What is in this picture?"  # what a picture without words asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with what came before it; `history` is oldest first."""

    question: str
    images: tuple[bytes, ...] = ()
    instructions: str = ""
    history: tuple[Message, ...] = ()


def read_messages(messages: Sequence[Any]) -> Asked:
    """Take a conversation apart. Blocking (it decodes pictures); raises Problem.

    System and developer messages are instructions, the last user message is the question,
    what stands before it is history. After the result of a function nothing is asked: the
    answer goes on from it. Pictures count in the question only.
    """
    if not messages:
        raise Problem("messages: at least one is needed", param="messages")
    read = [_read(message, f"messages[{i}]") for i, message in enumerate(messages)]
    instructions = "\n\n".join(m.text for m in read if m.role == "system" and m.text)
    said = [message for message in read if message.role != "system"]
    if not said or said[-1].role == "assistant":
        raise Problem("messages: the last one is the user's question", param="messages")
    last = said[-1]
    if last.role == "tool":
        return Asked(question="", instructions=instructions, history=tuple(map(_words, said)))
    if not last.text.strip() and not last.images:
        raise Problem("messages: the question is empty", param="messages")
    return Asked(
        question=last.text.strip() or LOOK, images=last.images, instructions=instructions,
        history=tuple(map(_words, said[:-1])),
    )  # fmt: skip


def _words(message: Message) -> Message:
    return replace(message, images=())


def _read(message: Any, param: str) -> Message:
    if not isinstance(message, dict):
        raise Problem("a message is an object", param=param)
    role, content = message.get("role"), message.get("content")
    if role in ("system", "developer"):
        return Message(role="system", text=_text(content, param))
    if role == "user":
        return _read_user(content, param)
    if role == "assistant":
        text = _text(content, param) if content is not None else ""
        return Message(role=role, text=text, tool_calls=_calls(message, f"{param}.tool_calls"))
    if role == "tool":
        call_id = message.get("tool_call_id")
        if not isinstance(call_id, str) or not call_id:
            raise Problem("the id of the call is missing", param=f"{param}.tool_call_id")
        return Message(role=role, text=_text(content, param), call_id=call_id)
    raise Problem(
        f"role {role!r}: choose from system, developer, user, assistant, tool",
        param=f"{param}.role",
    )


def _calls(message: dict[str, Any], param: str) -> tuple[ToolCall, ...]:
    try:
        return tuple(
            ToolCall(
                name=str(call["function"]["name"]), arguments=str(call["function"]["arguments"]),
                call_id=str(call["id"]),
            )
            for call in message.get("tool_calls") or []
        )  # fmt: skip
    except (TypeError, KeyError):
        raise Problem(
            "a call is {id, type: function, function: {name, arguments}}", param=param
        ) from None


def _text(content: Any, param: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Problem("text, or a list of parts", param=f"{param}.content")
    texts = []
    for i, part in enumerate(content):
        if not isinstance(part, dict) or not isinstance(part.get("text"), str):
            raise Problem("a text part is expected", param=f"{param}.content[{i}]")
        texts.append(part["text"])
    return "\n".join(texts)


def _read_user(content: Any, param: str) -> Message:
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(parts, list):
        raise Problem("text, or a list of parts", param=f"{param}.content")
    texts: list[str] = []
    images: list[bytes] = []
    for i, part in enumerate(parts):
        place = f"{param}.content[{i}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind == "image_url":
            image = part.get("image_url")
            url = image.get("url") if isinstance(image, dict) else image
            images.append(picture_of(url, f"{place}.image_url"))
        else:
            raise Problem(
                f"a part of type {kind!r} is not understood here: send text or image_url",
                code="unsupported_content", param=place,
            )  # fmt: skip
        if len(images) > MAX_IMAGES:
            raise Problem(f"more than {MAX_IMAGES} pictures", code="too_large", param=place)
    return Message(role="user", text="\n".join(texts), images=tuple(images))
