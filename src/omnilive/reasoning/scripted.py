"""A language model that says what it was told to: for tests, and for seeing computed answers."""

from collections.abc import Iterator

from omnilive.reasoning.base import Message
from omnilive.reasoning.config import ReasoningConfig


class ScriptedModel:
    """Says the lines of `reasoning.script` in turn; nothing once they are used up."""

    name = "scripted"
    is_trusted = True
    images = 0

    def __init__(self, config: ReasoningConfig) -> None:
        self._lines = list(config.script)

    def stream(self, messages: list[Message], max_tok: int) -> Iterator[str]:
        """Yield the next line word by word."""
        line = self._lines.pop(0) if self._lines else ""
        for i, word in enumerate(line.split(" ")):
            yield word if i == 0 else f" {word}"
