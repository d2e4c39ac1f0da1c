"""Any OpenAI-compatible endpoint, with keyframes as images when the model sees."""

import base64
import contextlib
import json
import socket
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import httpx

from omnilive.core.errors import BackendError, ConfigError
from omnilive.reasoning.base import Message, ToolCall
from omnilive.reasoning.config import ReasoningConfig


class EndpointRefusal(BackendError):
    """The endpoint answered with an error status: another try helps only for some of them."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class OpenAIModel:
    """Streams chat completions."""

    is_trusted = True
    is_remote = True

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

    def stream(
        self, messages: list[Message], max_tok: int, tools: Sequence[Mapping[str, Any]] = ()
    ) -> "Reply":
        """Return the pieces and function calls of the answer as the endpoint sends them."""
        body: dict[str, Any] = {
            "model": self.name,
            "messages": [_as_openai(message) for message in messages],
            "max_tokens": max_tok,
            "temperature": 0,
            "stream": True,
        }
        if tools:
            body["tools"] = [_as_tool(tool) for tool in tools]
        return Reply(self, body)

    def post(self, body: Mapping[str, Any]) -> contextlib.AbstractContextManager[httpx.Response]:
        """Send a request for an answer that is streamed."""
        return self._client.stream("POST", f"{self._base}/chat/completions", json=body)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _first_model(self) -> str:
        try:
            reply = self._client.get(f"{self._base}/models")
            self.check(reply)
            return str(reply.json()["data"][0]["id"])
        except httpx.HTTPError as error:
            raise BackendError(self.trouble(error)) from error
        except (KeyError, IndexError, ValueError) as error:
            raise BackendError(
                f"{self._base} lists no model: set reasoning.openai.model"
            ) from error

    def check(self, reply: httpx.Response) -> None:
        """Raise BackendError when the endpoint refuses."""
        if reply.status_code >= 400:
            reply.read()
            raise EndpointRefusal(
                reply.status_code,
                f"{self._base} answered {reply.status_code}: {reply.text[:300].strip()} "
                "(check reasoning.openai.model and reasoning.openai.api_key)",
            )

    def trouble(self, error: httpx.HTTPError) -> str:
        """Return what went wrong on the way, and the remedy."""
        return (
            f"no answer from {self._base} ({error or type(error).__name__}): is the server "
            "running, and is reasoning.openai.base_url right?"
        )


class Reply(Iterator[str | ToolCall]):
    """One answer on its way. `stop` may be called from any thread, also during a wait."""

    def __init__(self, model: OpenAIModel, body: Mapping[str, Any]) -> None:
        self._model, self._body = model, body
        self._lock = threading.Lock()
        self._stopped = False
        self._socket: socket.socket | None = None
        self._pieces = self._read()

    def __next__(self) -> str | ToolCall:
        return next(self._pieces)

    def close(self) -> None:
        """End it, on the thread that reads it."""
        self._pieces.close()

    def stop(self) -> None:
        """End it at once: a wait for the next piece returns."""
        with self._lock:
            self._stopped = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _read(self) -> Generator[str | ToolCall]:
        calls: dict[int, dict[str, str]] = {}
        try:
            with self._model.post(self._body) as reply:
                if not self._hold(reply):
                    return
                self._model.check(reply)
                for line in reply.iter_lines():
                    delta = _delta(line)
                    _collect(delta.get("tool_calls") or [], calls)
                    if isinstance(piece := delta.get("content"), str):
                        yield piece
        except httpx.HTTPError as error:
            if self._stopped:
                return
            raise BackendError(self._model.trouble(error)) from error
        finally:
            with self._lock:
                self._socket = None
        for call in calls.values():
            yield ToolCall(
                name=call["name"], arguments=call["arguments"] or "{}", call_id=call["id"]
            )

    def _hold(self, reply: httpx.Response) -> bool:
        """Keep the connection at hand for `stop`; return whether it is still wanted."""
        stream = reply.extensions.get("network_stream")
        with self._lock:
            self._socket = stream.get_extra_info("socket") if stream is not None else None
            return not self._stopped


def _as_openai(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
    if message.tool_calls:
        calls = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
        return {"role": message.role, "content": message.text or None, "tool_calls": calls}
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.text}]
    for picture in message.images:
        form = "png" if picture.startswith(b"\x89PNG") else "jpeg"
        url = f"data:image/{form};base64," + base64.b64encode(picture).decode()
        parts.append({"type": "image_url", "image_url": {"url": url}})
    return {"role": message.role, "content": parts}


def _as_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function definition in the nested form of chat completions."""
    if isinstance(tool.get("function"), Mapping):
        return {"type": "function", "function": dict(tool["function"])}
    inner = {k: v for k, v in tool.items() if k in ("name", "description", "parameters", "strict")}
    return {"type": "function", "function": inner}


def _delta(line: str) -> dict[str, Any]:
    if not line.startswith("data:") or line.strip() == "data: [DONE]":
        return {}
    try:
        choices = json.loads(line[5:]).get("choices") or [{}]
    except ValueError:
        return {}
    return choices[0].get("delta") or {}


def _collect(parts: list[dict[str, Any]], calls: dict[int, dict[str, str]]) -> None:
    """Add the pieces of function calls that came with one line to those of the lines before."""
    for part in parts:
        at = part.get("index", len(calls))
        call = calls.setdefault(at, {"id": f"call_{at}", "name": "", "arguments": ""})
        said = part.get("function") or {}
        call["id"] = part.get("id") or call["id"]
        call["name"] += said.get("name") or ""
        call["arguments"] += said.get("arguments") or ""
