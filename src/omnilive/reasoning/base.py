"""What a language-model backend must be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A function that the model wants its caller to run; `arguments` is JSON text."""

    name: str
    arguments: str
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a prompt; `images` are JPEG (or PNG) files' contents.

    A message of the assistant may hold the functions that it called, one of role "tool" the
    result of the call `call_id`.
    """

    role: str  # "system", "user", "assistant" or "tool"
    text: str
    images: tuple[bytes, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


class LanguageModel(Protocol):
    """Words an answer. Plain sync code, each call driven from one worker thread.

    `is_trusted` says whether the model may word an answer freely from the evidence; what one
    that is not says is checked against the evidence word by word. `images` is how many pictures
    it takes. `is_remote` says that it works elsewhere, so that answers need not queue for it.
    """

    name: str
    is_trusted: bool
    images: int
    is_remote: bool

    def stream(
        self, messages: list[Message], max_tok: int, tools: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[str | ToolCall]:
        """Yield pieces of the answer and calls of the tools; closing the iterator stops it.

        `tools` are function definitions of the OpenAI APIs (nested or flat); a model that
        calls no functions ignores them. An iterator may have a thread-safe `stop()`, which
        ends also a wait for the next piece.
        """
        ...
