"""The settings of the assistant's voice."""

from typing import Literal

from pydantic import Field, SecretStr

from omnilive.core.config import Config


class OpenAIVoiceConfig(Config):
    """An OpenAI-compatible speech endpoint (`POST {base_url}/audio/speech`)."""

    base_url: str = "http://127.0.0.1:8880/v1"
    """Address up to and including the version."""

    model: str = "tts-1"
    """Name of the model."""

    voice: str = "alloy"
    """Name of the voice."""

    api_key: SecretStr = SecretStr("")
    """Sent as a bearer token when not empty."""

    languages: tuple[str, ...] = ("en", "zh", "ko", "ja")
    """Languages that the endpoint's voice speaks."""

    timeout_s: float = Field(default=20.0, gt=0)
    """Longest wait for the sound of one phrase to begin or go on."""


class SpeechConfig(Config):
    """Who speaks the answers."""

    voice: Literal["hibari", "openai", "off"] | str = "hibari"
    """The voice: hibari (local, English), openai (an endpoint), off (text only)."""

    speaker: str = ""
    """Which of the voice's speakers; empty for its default."""

    speed: float = Field(default=1.0, ge=0.5, le=2)
    """How fast it speaks."""

    openai: OpenAIVoiceConfig = OpenAIVoiceConfig()
