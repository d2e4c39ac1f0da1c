"""Speech from an OpenAI-compatible endpoint: `POST /audio/speech`, raw 24 kHz samples."""

from collections.abc import Iterator

import httpx
import numpy as np

from omnilive.core.errors import BackendError, ConfigError
from omnilive.speech.config import SpeechConfig
from omnilive.speech.spoken import has_words, is_latin, spoken

LATIN = frozenset("en de fr es it pt nl pl cs da sv nb fi tr vi id ro hu".split())


class OpenAIVoice:
    """Streams the sound of one phrase as the endpoint makes it."""

    name = "openai"
    rate_hz = 24000

    def __init__(self, config: SpeechConfig) -> None:
        self._config, self._speed = config.openai, config.speed
        self.languages = self._config.languages
        if not self._config.base_url.startswith(("http://", "https://")):
            raise ConfigError(
                f"speech.openai.base_url: {self._config.base_url!r} is no http(s) address"
            )
        key = self._config.api_key.get_secret_value()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx.Timeout(self._config.timeout_s, connect=5.0)
        self._client = httpx.Client(headers=headers, timeout=timeout)
        self._url = self._config.base_url.rstrip("/") + "/audio/speech"

    def can_say(self, text: str) -> bool:
        """Tell whether the endpoint's languages include one of this script."""
        if is_latin(text):
            return bool(LATIN & set(self.languages))
        return bool(set(self.languages) - LATIN)

    def stream(self, text: str) -> Iterator[np.ndarray]:
        """Yield samples as they arrive."""
        said = spoken(text) if is_latin(text) else text.strip()
        if not has_words(said):
            return
        body = {
            "model": self._config.model,
            "voice": self._config.voice,
            "input": said,
            "response_format": "pcm",
            "speed": self._speed,
        }
        odd = b""
        try:
            with self._client.stream("POST", self._url, json=body) as reply:
                self._check(reply)
                for piece in reply.iter_bytes(4800):
                    piece = odd + piece
                    odd = piece[len(piece) // 2 * 2 :]
                    yield np.frombuffer(piece[: len(piece) // 2 * 2], "<i2").astype("f4") / 32768
        except httpx.HTTPError as error:
            raise BackendError(
                f"no speech from {self._url} ({error or type(error).__name__}): is the server "
                "running, and is speech.openai.base_url right?"
            ) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _check(self, reply: httpx.Response) -> None:
        if reply.status_code >= 400:
            reply.read()
            raise BackendError(
                f"{self._url} answered {reply.status_code}: {reply.text[:300].strip()} "
                "(check speech.openai.model, .voice and .api_key)"
            )
