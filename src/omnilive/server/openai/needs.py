"""What the protocol asks of a line and of its conversation."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from omnilive.dialogue.config import DialogueConfig
from omnilive.reasoning.base import Message
from omnilive.server.openai.intake import Sink


class Talk(Protocol):
    """What this protocol asks of a Conversation."""

    def commit(self) -> None:
        """End the user's turn now."""
        ...

    def clear_input(self) -> None:
        """Forget what was said and not committed."""
        ...

    def respond(
        self,
        text: str | None = None,
        *,
        instructions: str = "",
        tools: Sequence[Mapping[str, Any]] = (),
        images: Sequence[bytes] = (),
        history: Sequence[Message] | None = None,
        speak: bool = True,
    ) -> None:
        """Answer a text, or what was committed."""
        ...

    def cancel(self, reason: str = "") -> None:
        """End the response."""
        ...

    def truncate(self, heard_s: float) -> None:
        """Note how much of the response was heard, and end it."""
        ...

    def update(self, config: DialogueConfig) -> None:
        """Go on with other settings."""
        ...

    def brief(
        self,
        *,
        instructions: str = "",
        tools: Sequence[Mapping[str, Any]] = (),
        speak: bool = True,
    ) -> None:
        """Set what goes along with every spoken turn."""
        ...


class LineLike(Protocol):
    """What this protocol asks of a Line."""

    @property
    def source(self) -> Sink:
        """Where sound and pictures go."""
        ...

    @property
    def conversation(self) -> Talk:
        """Who answers."""
        ...

    @property
    def ended(self) -> asyncio.Event:
        """Set when its source is over, whoever ended it."""
        ...

    async def settle(self) -> None:
        """Return when all sound that came so far is on its way through perception."""
        ...

    async def close(self) -> None:
        """End it."""
        ...
