import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from omnilive.core.clock import stopwatch
from omnilive.core.errors import BackendError, ConfigError
from omnilive.reasoning.base import Message, ToolCall
from omnilive.reasoning.config import OpenAIConfig, ReasoningConfig
from omnilive.reasoning.openai import OpenAIModel

ASK = [Message(role="user", text="What was there?")]


class Endpoint(ThreadingHTTPServer):
    """Answers chat completions with a script of raw lines, and notes what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lines = stream("A red", " car", ".")
        self.status = 200
        self.models = ["first", "second"]
        self.cut = False
        self.stall_s = 0.0
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_GET(self) -> None:
        body = json.dumps({"data": [{"id": name} for name in self.server.models]}).encode()
        self._reply(self.server.status, body, "application/json")

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.bodies.append(json.loads(self.rfile.read(length)))
        self.server.headers.append(dict(self.headers))
        if self.path != "/v1/chat/completions" or self.server.status >= 400:
            body = json.dumps({"error": {"message": "no such model"}}).encode()
            self._reply(max(404, self.server.status), body, "application/json")
            return
        if self.server.stall_s:
            return self._stall()
        body = "".join(f"{line}\n\n" for line in self.server.lines).encode()
        self._reply(200, body, "text/event-stream", promised=1000 if self.server.cut else 0)

    def _stall(self) -> None:
        """Send the first piece, then nothing for long; end early when nobody listens."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write("".join(f"{line}\n\n" for line in self.server.lines[:2]).encode())
        self.connection.settimeout(self.server.stall_s)
        with contextlib.suppress(OSError):
            self.connection.recv(1)

    def _reply(self, status: int, body: bytes, kind: str, promised: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) + promised))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def stream(*pieces: str) -> list[str]:
    chunks = [{"choices": [{"delta": {"role": "assistant"}}]}]
    chunks += [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
    chunks.append({"choices": []})  # usage, as some servers send it
    return [f"data: {json.dumps(chunk)}" for chunk in chunks] + ["data: [DONE]"]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever, args=(0.01,))
        thread.start()
        yield endpoint
        endpoint.shutdown()
        thread.join()


def model(url: str, **settings: Any) -> OpenAIModel:
    openai = OpenAIConfig(base_url=url, timeout_s=5, **{"model": "eye", **settings})
    return OpenAIModel(ReasoningConfig(openai=openai))


def close(model: OpenAIModel) -> None:
    model._client.close()


def test_pieces_come_as_they_are_sent(endpoint: Endpoint) -> None:
    eye = model(endpoint.url + "/")
    assert list(eye.stream(ASK, 40)) == ["A red", " car", "."]
    (body,) = endpoint.bodies
    assert (body["model"], body["max_tokens"], body["stream"]) == ("eye", 40, True)
    assert body["messages"] == [{"role": "user", "content": "What was there?"}]
    assert "Authorization" not in endpoint.headers[0]
    close(eye)


def calls(*parts: dict[str, Any]) -> list[str]:
    chunks = [{"choices": [{"delta": {"tool_calls": [part]}}]} for part in parts]
    return [f"data: {json.dumps(chunk)}" for chunk in chunks] + ["data: [DONE]"]


FLAT = {"type": "function", "name": "light", "description": "d", "parameters": {"type": "object"}}
NESTED = {"type": "function", "function": {k: v for k, v in FLAT.items() if k != "type"}}


@pytest.mark.parametrize("tool", [FLAT, NESTED])
def test_functions_are_offered_and_their_calls_put_together(
    endpoint: Endpoint, tool: dict[str, Any]
) -> None:
    endpoint.lines = [
        *stream("Well.")[:-1],
        *calls(
            {"index": 0, "id": "c1", "function": {"name": "light", "arguments": '{"on"'}},
            {"index": 1, "id": "c2", "function": {"name": "light"}},
            {"index": 0, "function": {"arguments": ": true}"}},
        ),
    ]
    eye = model(endpoint.url)
    assert list(eye.stream(ASK, 40, [tool])) == [
        "Well.",
        ToolCall(name="light", arguments='{"on": true}', call_id="c1"),
        ToolCall(name="light", arguments="{}", call_id="c2"),
    ]
    assert endpoint.bodies[0]["tools"] == [NESTED]
    close(eye)


def test_what_functions_returned_goes_back(endpoint: Endpoint) -> None:
    call = ToolCall(name="light", arguments="{}", call_id="c1")
    chain = [
        Message(role="assistant", text="", tool_calls=(call,)),
        Message(role="tool", text="done", call_id="c1"),
    ]
    eye = model(endpoint.url)
    list(eye.stream([*ASK, *chain], 40))
    _, asked, result = endpoint.bodies[0]["messages"]
    assert asked["tool_calls"][0]["function"] == {"name": "light", "arguments": "{}"}
    assert result == {"role": "tool", "tool_call_id": "c1", "content": "done"}
    assert "tools" not in endpoint.bodies[0]
    close(eye)


def test_a_wait_for_more_can_be_stopped_from_another_thread(endpoint: Endpoint) -> None:
    endpoint.lines, endpoint.stall_s = stream("one", "two"), 30.0
    eye = model(endpoint.url)
    reply = eye.stream(ASK, 40)
    assert next(reply) == "one"
    began = stopwatch()
    timer = threading.Timer(0.2, reply.stop)
    timer.start()
    assert list(reply) == []
    assert stopwatch() - began < 5
    reply.close()
    close(eye)


def test_rubbish_between_the_pieces_is_skipped(endpoint: Endpoint) -> None:
    endpoint.lines = [": keep-alive", "data: {broken", "event: x", *stream("fine")]
    eye = model(endpoint.url)
    assert list(eye.stream(ASK, 40)) == ["fine"]
    close(eye)


def test_a_key_is_sent_and_kept_secret(endpoint: Endpoint) -> None:
    eye = model(endpoint.url, api_key="sk-hidden")
    list(eye.stream(ASK, 40))
    assert endpoint.headers[0]["Authorization"] == "Bearer sk-hidden"
    assert "sk-hidden" not in repr(ReasoningConfig(openai=OpenAIConfig(api_key="sk-hidden")))  # type: ignore[arg-type]
    close(eye)


def test_pictures_go_along(endpoint: Endpoint) -> None:
    eye = model(endpoint.url, images=2)
    assert eye.images == 2 and eye.is_trusted
    list(eye.stream([Message(role="user", text="See?", images=(b"\xff\xd8jpeg", b"two"))], 40))
    content = endpoint.bodies[0]["messages"][0]["content"]
    assert [part["type"] for part in content] == ["text", "image_url", "image_url"]
    assert content[0]["text"] == "See?"
    assert content[1]["image_url"]["url"] == "data:image/jpeg;base64,/9hqcGVn"
    close(eye)


def test_without_a_name_the_first_model_is_taken(endpoint: Endpoint) -> None:
    eye = model(endpoint.url, model="")
    assert eye.name == "first"
    close(eye)
    endpoint.models = []
    with pytest.raises(BackendError, match="lists no model: set reasoning.openai.model"):
        model(endpoint.url, model="")


@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_error_names_the_endpoint_the_reason_and_the_settings(
    endpoint: Endpoint, status: int
) -> None:
    endpoint.status = status
    eye = model(endpoint.url)
    with pytest.raises(BackendError, match="no such model.*reasoning.openai.model") as error:
        list(eye.stream(ASK, 40))
    assert endpoint.url in str(error.value)
    close(eye)


def test_a_refused_connection_says_what_to_look_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as port:
        url = f"http://127.0.0.1:{port.getsockname()[1]}/v1"
    eye = model(url)
    with pytest.raises(BackendError, match="is the server running.*base_url"):
        list(eye.stream(ASK, 40))
    close(eye)


def test_a_stream_that_breaks_off_is_an_error(endpoint: Endpoint) -> None:
    endpoint.cut = True
    eye = model(endpoint.url)
    pieces = []
    with pytest.raises(BackendError, match="no answer from"):
        for piece in eye.stream(ASK, 40):
            pieces.append(piece)
    assert pieces == ["A red", " car", "."]
    close(eye)


def test_closing_the_stream_early_is_fine(endpoint: Endpoint) -> None:
    eye = model(endpoint.url)
    pieces = eye.stream(ASK, 40)
    assert next(pieces) == "A red"
    pieces.close()  # type: ignore[attr-defined]
    assert list(eye.stream(ASK, 40))
    close(eye)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x/v1", ""])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ConfigError, match="reasoning.openai.base_url: .* is no http"):
        model(url)
