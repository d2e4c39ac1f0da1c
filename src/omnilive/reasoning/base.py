"""What a language-model backend must be."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a prompt; `images` are JPEG files' contents."""

    role: str  # "system", "user" or "assistant"
    text: str
    images: tuple[bytes, ...] = ()


class LanguageModel(Protocol):
    """Words an answer. Plain sync code, called from one worker thread.

    `is_trusted` says whether the model may word an answer freely from the evidence; what one
    that is not says is checked against the evidence word by word.
    """

    name: str
    is_trusted: bool
    images: int

    def stream(self, messages: list[Message], max_tok: int) -> Iterator[str]:
        """Yield pieces of the answer; closing the iterator stops the model."""
        ...
