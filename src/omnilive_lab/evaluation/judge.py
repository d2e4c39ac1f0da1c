"""Marks open answers with a language model behind an OpenAI-compatible endpoint."""

import re
from collections.abc import Callable, Sequence
from threading import Event

from omnilive.core.errors import BackendError
from omnilive.reasoning.base import Message
from omnilive.reasoning.config import OpenAIConfig, ReasoningConfig
from omnilive.reasoning.openai import OpenAIModel
from omnilive_lab.bench.base import Mark, Verdict

TRIES = 3
WAIT_S = 2.0  # before the second try; doubles
MAX_TOK = 512
NO_ANSWER = "(no answer: "  # begins what is kept of a judge that failed


class EndpointJudge:
    """Asks until every mark is found within its bounds, a few times at most."""

    def __init__(
        self,
        config: OpenAIConfig,
        *,
        tries: int = TRIES,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._model = OpenAIModel(ReasoningConfig(openai=config))
        self._tries, self._pause = tries, pause or Event().wait
        self.name = self._model.name

    def grade(self, text: str, marks: Sequence[Mark], system: str = "") -> Verdict:
        """Return the marks; None when the judge fails or keeps answering nonsense."""
        messages = [Message(role="system", text=system)] if system else []
        messages.append(Message(role="user", text=text))
        said = ""
        for attempt in range(self._tries):
            if attempt:
                self._pause(WAIT_S * 2 ** (attempt - 1))
            try:
                pieces = self._model.stream(messages, MAX_TOK)
                said = "".join(piece for piece in pieces if isinstance(piece, str)).strip()
            except BackendError as error:
                said = f"{NO_ANSWER}{error})"
                continue
            if (found := read_marks(said, marks)) is not None:
                return Verdict(found, said)
        return Verdict(None, said)

    def close(self) -> None:
        """Close the connections."""
        self._model.close()


def read_marks(said: str, marks: Sequence[Mark]) -> dict[str, float] | None:
    """Return the number of every mark, or None when one is missing or out of its bounds."""
    found: dict[str, float] = {}
    for mark in marks:
        match = re.search(mark.pattern, said, re.IGNORECASE | re.DOTALL)
        if match is None:
            return None
        try:
            value = float(match[1])
        except ValueError:
            return None
        if not mark.lowest <= value <= mark.highest:
            return None
        found[mark.name] = value
    return found
