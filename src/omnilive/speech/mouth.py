"""The assistant's mouth: a voice with its own worker, shared by all lines of a process."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import numpy as np

from omnilive.core.registry import Registry
from omnilive.core.worker import Worker
from omnilive.speech.base import Voice
from omnilive.speech.config import SpeechConfig

OFF = "off"
VOICES = Registry(
    "speech",
    {
        "hibari": "omnilive.speech.hibari:HibariVoice",
        "openai": "omnilive.speech.openai:OpenAIVoice",
    },
)


class WorkingMouth:
    """Speaks phrase by phrase; phrases of several lines take turns."""

    def __init__(self, voice: Voice) -> None:
        self._voice, self._worker = voice, Worker("voice")
        self.name, self.languages, self.rate_hz = voice.name, voice.languages, voice.rate_hz

    def can_say(self, text: str) -> bool:
        """Tell whether the voice knows the language (script) of the text."""
        return self._voice.can_say(text)

    async def say(self, text: str) -> AsyncIterator[np.ndarray]:
        """Yield (S,) float32 mono pieces of speech; BackendError when the voice fails."""
        async with aclosing(self._worker.iterate(self._voice.stream(text))) as pieces:
            async for pcm in pieces:
                if len(pcm):
                    yield pcm

    def close(self) -> None:
        """Let the worker end."""
        self._worker.close()
        if (close := getattr(self._voice, "close", None)) is not None:
            close()


def load_mouth(config: SpeechConfig) -> WorkingMouth | None:
    """Load the voice that the config names; None for "off". Blocks for a second or two.

    An unknown voice or speaker is a ConfigError, a missing library or file a BackendError.
    """
    if config.voice == OFF:
        return None
    return WorkingMouth(VOICES.load(config.voice)(config))
