"""Any OpenAI-compatible vision endpoint: the official prompt, and pictures before it."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from omnilive.core.clock import stopwatch
from omnilive.core.errors import BackendError
from omnilive.core.masking import masked
from omnilive.reasoning.base import Message
from omnilive.reasoning.config import ReasoningConfig
from omnilive.reasoning.openai import EndpointRefusal, OpenAIModel
from omnilive_lab.bench.base import Cost, Prompt, Reply
from omnilive_lab.evaluation.sampling import Picture
from omnilive_lab.models.base import Refused

TRIES = 4
REFUSALS = 5  # in a row, after which the fault is not in the prompts
WAIT_S = 2.0  # before the second try; doubles
# The request itself is at fault: too long, a picture too many, content that is filtered.
FOR_GOOD = frozenset({400, 413, 415, 422})
NO_ACCESS = frozenset({401, 403, 404, 405})


class Endpoint:
    """Sends each prompt; tries again when the endpoint is busy, breaks off or says nothing."""

    def __init__(
        self,
        config: ReasoningConfig,
        *,
        max_side_px: int = 768,
        tries: int = TRIES,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._model, self._config = OpenAIModel(config), config
        self._max_side_px, self._tries = max_side_px, tries
        self._pause = pause or threading.Event().wait
        self._refused = 0  # prompts in a row
        self.name = self._model.name
        self.settings: Mapping[str, Any] = {
            "endpoint": masked(config.openai.base_url),
            "model": self.name,
            "max_answer_tok": config.max_answer_tok,
            "max_side_px": max_side_px,
            "prefill": "appended to the user's message",  # few endpoints go on from a prefill
        }

    def reply(self, prompt: Prompt, pictures: Sequence[Picture]) -> Reply:
        """Ask, up to `tries` times. An empty answer is asked for again, then it counts."""
        messages = as_messages(prompt, [p.jpeg(self._max_side_px) for p in pictures])
        trouble: BackendError | None = None
        reply = Reply()
        for attempt in range(self._tries):
            if attempt:
                self._pause(WAIT_S * 2 ** (attempt - 1))
            try:
                trouble, reply = None, self._once(messages)
            except EndpointRefusal as error:
                self._refused += error.status in FOR_GOOD
                if error.status in FOR_GOOD and self._refused < REFUSALS:
                    raise Refused(str(error)) from error
                if error.status in FOR_GOOD | NO_ACCESS:
                    raise
                trouble = error
            except BackendError as error:
                trouble = error
            else:
                self._refused = 0
            if reply.text:
                return reply
        if trouble is not None:
            raise trouble
        return reply

    def close(self) -> None:
        """Close the connections."""
        self._model.close()

    def _once(self, messages: list[Message]) -> Reply:
        began = stopwatch()
        pieces = self._model.stream(messages, self._config.max_answer_tok)
        text, first_s = _joined(pieces, began)
        cost = Cost(first_token_s=first_s, total_s=stopwatch() - began)
        return Reply(text=text.strip(), cost=cost)


def as_messages(prompt: Prompt, jpegs: Sequence[bytes]) -> list[Message]:
    """Return the messages of a prompt; what would be prefilled ends the user's message."""
    text = f"{prompt.text}\n{prompt.prefill}" if prompt.prefill else prompt.text
    system = [Message(role="system", text=prompt.system)] if prompt.system else []
    return [*system, Message(role="user", text=text, images=tuple(jpegs))]


def _joined(pieces: Iterator[Any], began: float) -> tuple[str, float | None]:
    text, first_s = "", None
    for piece in pieces:
        if isinstance(piece, str):
            first_s = first_s if first_s is not None else stopwatch() - began
            text += piece
    return text, first_s
