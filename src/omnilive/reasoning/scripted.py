"""A language model that says what it was told to: for tests, and for seeing computed answers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omnilive.reasoning.base import Message, ToolCall
from omnilive.reasoning.config import ReasoningConfig

CALL = "call "  # a line "call NAME {JSON}" calls a function


class ScriptedModel:
    """Says the lines of `reasoning.script` in turn; nothing once they are used up.

    A line such as `call get_weather {"city": "Oslo"}` calls that function, if it was offered.
    """

    name = "scripted"
    is_trusted = True
    images = 0
    is_remote = False

    def __init__(self, config: ReasoningConfig) -> None:
        self._lines = list(config.script)
        self._calls = 0

    def stream(
        self, messages: list[Message], max_tok: int, tools: Sequence[Mapping[str, Any]] = ()
    ) -> Iterator[str | ToolCall]:
        """Yield the next line word by word, or the call that it stands for."""
        line = self._lines.pop(0) if self._lines else ""
        if line.startswith(CALL):
            name, _, arguments = line.removeprefix(CALL).partition(" ")
            if any(name in (tool.get("name"), _inner(tool).get("name")) for tool in tools):
                self._calls += 1
                arguments = json.dumps(json.loads(arguments or "{}"))
                yield ToolCall(name=name, arguments=arguments, call_id=f"call_{self._calls}")
            return
        for i, word in enumerate(line.split(" ")):
            yield word if i == 0 else f" {word}"


def _inner(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = tool.get("function")
    return inner if isinstance(inner, Mapping) else {}
