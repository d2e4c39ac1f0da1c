"""Any OpenAI-compatible endpoint, with keyframes as images when the model sees."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx

from omnilive.core.errors import BackendError, ConfigError
from omnilive.reasoning.base import Message
from omnilive.reasoning.config import ReasoningConfig


class OpenAIModel:
    """Streams chat completions."""

    is_trusted = True

    def __init__(self, config: ReasoningConfig) -> None:
        self._config = config.openai
        self.images = self._config.images
        key = self._config.api_key.get_secret_value()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        if not self._config.base_url.startswith(("http://", "https://")):
            raise ConfigError(
                f"reasoning.openai.base_url: {self._config.base_url!r} is no http(s) address"
            )
        timeout = httpx.Timeout(self._config.timeout_s, connect=10.0)
        self._client = httpx.Client(headers=headers, timeout=timeout)
        self._base = self._config.base_url.rstrip("/")
        self.name = self._config.model or self._first_model()

    def stream(self, messages: list[Message], max_tok: int) -> Iterator[str]:
        """Yield pieces of the answer as the endpoint sends them."""
        body = {
            "model": self.name,
            "messages": [_as_openai(message) for message in messages],
            "max_tokens": max_tok,
            "temperature": 0,
            "stream": True,
        }
        try:
            with self._client.stream("POST", f"{self._base}/chat/completions", json=body) as reply:
                self._check(reply)
                for line in reply.iter_lines():
                    if (piece := _piece(line)) is not None:
                        yield piece
        except httpx.HTTPError as error:
            raise BackendError(self._trouble(error)) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _first_model(self) -> str:
        try:
            reply = self._client.get(f"{self._base}/models")
            self._check(reply)
            return str(reply.json()["data"][0]["id"])
        except httpx.HTTPError as error:
            raise BackendError(self._trouble(error)) from error
        except (KeyError, IndexError, ValueError) as error:
            raise BackendError(
                f"{self._base} lists no model: set reasoning.openai.model"
            ) from error

    def _check(self, reply: httpx.Response) -> None:
        if reply.status_code >= 400:
            reply.read()
            raise BackendError(
                f"{self._base} answered {reply.status_code}: {reply.text[:300].strip()} "
                "(check reasoning.openai.model and reasoning.openai.api_key)"
            )

    def _trouble(self, error: httpx.HTTPError) -> str:
        return (
            f"no answer from {self._base} ({error or type(error).__name__}): is the server "
            "running, and is reasoning.openai.base_url right?"
        )


def _as_openai(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.text}]
    for jpeg in message.images:
        url = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return {"role": message.role, "content": parts}


def _piece(line: str) -> str | None:
    if not line.startswith("data:") or line.strip() == "data: [DONE]":
        return None
    try:
        choices = json.loads(line[5:]).get("choices") or [{}]
    except ValueError:
        return None
    return choices[0].get("delta", {}).get("content")
