"""One question with all that goes along with it."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from omnilive.core.events import Answer, Percept
from omnilive.reasoning.base import Message, ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is asked, up to stream time `t` (default: all that is known)."""

    question: str
    t: float | None = None
    now_wall_s: float | None = None  # Unix time of the asking; None: that of `t`
    instructions: str = ""  # of the caller, beside our own
    tools: Sequence[Mapping[str, Any]] = ()  # functions that the model may call
    history: Sequence[Message] | None = None  # the dialogue so far; None: look it up in the log
    spoken: tuple[float, float] | None = None  # when the question itself was being said
    pictures: Sequence[bytes] = ()  # given with the question, as JPEG or PNG
    glimpse: Sequence[Percept] | None = None  # what was found in those pictures
    newest: Callable[[], bytes] | None = None  # the present picture as JPEG

    @property
    def has_result(self) -> bool:
        """Whether it goes on from the result of a function instead of asking something."""
        return bool(self.history) and self.history[-1].role == "tool"

    @property
    def topic(self) -> str:
        """What is asked: the question, or the one that a function's result belongs to."""
        if self.question or not self.history:
            return self.question
        asked = [message.text for message in self.history if message.role == "user"]
        return asked[-1] if asked else ""


async def if_supported(
    pieces: AsyncIterator[str | ToolCall | Answer],
) -> AsyncGenerator[str | ToolCall | Answer]:
    """Pass an answer on, whole, if something supports it; else nothing."""
    held = [piece async for piece in pieces]
    if any(isinstance(piece, Answer) and piece.supported for piece in held):
        for piece in held:
            yield piece
