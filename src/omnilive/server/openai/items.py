"""The items of a realtime conversation: messages, calls of functions and their results."""

import secrets
from collections.abc import Iterator
from typing import Any

from omnilive.reasoning.base import Message, ToolCall
from omnilive.server.openai.pictures import picture_of
from omnilive.server.openai.problems import Problem

MAX_ITEMS = 500  # the oldest is forgotten; the session's memory has it all
MAX_PICTURES = 8  # of these the newest are kept
MAX_TEXT = 50_000
_PARTS = {
    "system": ("input_text",),
    "user": ("input_text", "input_image"),
    "assistant": ("output_text", "text"),
}

Item = dict[str, Any]


def new_id(kind: str) -> str:
    """Return an id such as "item_9f8e...", told apart from any other."""
    return f"{kind}_{secrets.token_hex(10)}"


class Items:
    """The items in order, and the pictures of those that have any."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._pictures: dict[str, tuple[bytes, ...]] = {}

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    @property
    def last_id(self) -> str | None:
        """The id of the newest item."""
        return self._items[-1]["id"] if self._items else None

    def add(
        self, item: Item, pictures: tuple[bytes, ...] = (), after: str | None = None
    ) -> str | None:
        """Add an item, at the end or after another ("root": first); return the id before it."""
        place = len(self._items)
        if after == "root":
            place = 0
        elif after is not None:
            place = 1 + self._items.index(self.find(after, "previous_item_id"))
        if any(other["id"] == item["id"] for other in self._items):
            raise Problem(f"there is an item {item['id']!r} already", param="item.id")
        self._items.insert(place, item)
        if pictures:
            self._pictures[item["id"]] = pictures
            for id in list(self._pictures)[:-MAX_PICTURES]:
                del self._pictures[id]
        while len(self._items) > MAX_ITEMS:
            self._pictures.pop(self._items.pop(0)["id"], None)
            place -= 1
        return self._items[place - 1]["id"] if place > 0 else None

    def find(self, id: Any, param: str = "item_id") -> Item:
        """Return an item; raises Problem when there is none of this id."""
        for item in self._items:
            if item["id"] == id:
                return item
        raise Problem(f"there is no item {id!r}", code="item_not_found", param=param)

    def remove(self, id: Any) -> None:
        """Forget an item; raises Problem when there is none of this id."""
        self._items.remove(self.find(id))
        self._pictures.pop(id, None)

    def message(self, item: Item) -> Message:
        """Return an item as a message of a prompt."""
        if item["type"] == "function_call":
            call = ToolCall(name=item["name"], arguments=item["arguments"], call_id=item["call_id"])
            return Message(role="assistant", text="", tool_calls=(call,))
        if item["type"] == "function_call_output":
            return Message(role="tool", text=item["output"], call_id=item["call_id"])
        pictures = self._pictures.get(item["id"], ())
        return Message(role=item["role"], text=text_of(item), images=pictures)


def text_of(item: Item) -> str:
    """Return the words of a message, written or said."""
    parts = [part.get("text") or part.get("transcript") or "" for part in item["content"]]
    return "\n".join(part for part in parts if part)


def read_item(raw: Any) -> tuple[Item, tuple[bytes, ...]]:
    """Return a client's item, checked, and its pictures. Blocking; raises Problem."""
    if not isinstance(raw, dict):
        raise Problem("an object is expected", param="item")
    id = raw.get("id") or new_id("item")
    if not isinstance(id, str) or len(id) > 64:
        raise Problem("an id is text of at most 64 characters", param="item.id")
    head = {"id": id, "object": "realtime.item", "type": raw.get("type"), "status": "completed"}
    if raw.get("type") == "message":
        return _read_message(head, raw)
    if raw.get("type") == "function_call_output":
        return {**head, **_texts(raw, "call_id", "output")}, ()
    if raw.get("type") == "function_call":
        texts = _texts(raw, "name", "arguments")
        return {**head, **texts, "call_id": str(raw.get("call_id") or new_id("call"))}, ()
    raise Problem(
        f"an item of type {raw.get('type')!r}: message, function_call or function_call_output",
        code="unsupported_content", param="item.type",
    )  # fmt: skip


def _texts(raw: dict[str, Any], *names: str) -> dict[str, str]:
    for name in names:
        if not isinstance(raw.get(name), str) or len(raw[name]) > MAX_TEXT:
            raise Problem(f"text of at most {MAX_TEXT} characters", param=f"item.{name}")
    return {name: raw[name] for name in names}


def _read_message(head: Item, raw: dict[str, Any]) -> tuple[Item, tuple[bytes, ...]]:
    role, content = raw.get("role"), raw.get("content")
    if role not in _PARTS:
        raise Problem("system, user or assistant", param="item.role")
    if not isinstance(content, list) or not 0 < len(content) <= 32:
        raise Problem("1 to 32 parts", param="item.content")
    parts: list[dict[str, Any]] = []
    pictures: list[bytes] = []
    for i, part in enumerate(content):
        place = f"item.content[{i}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in _PARTS[role]:
            hint = "; send sound through input_audio_buffer" if kind == "input_audio" else ""
            raise Problem(
                f"a part of type {kind!r} of {role}: {', '.join(_PARTS[role])}{hint}",
                code="unsupported_content", param=f"{place}.type",
            )  # fmt: skip
        if kind == "input_image":
            pictures.append(picture_of(part.get("image_url"), f"{place}.image_url"))
            parts.append({"type": kind, "detail": "auto"})  # not sent back: it is large
            continue
        text = part.get("text")
        if not isinstance(text, str) or len(text) > MAX_TEXT:
            raise Problem(f"text of at most {MAX_TEXT} characters", param=f"{place}.text")
        parts.append({"type": "output_text" if kind == "text" else kind, "text": text})
    if len(pictures) > MAX_PICTURES:
        raise Problem(f"more than {MAX_PICTURES} pictures", code="too_large", param="item.content")
    return {**head, "role": role, "content": parts}, tuple(pictures)
