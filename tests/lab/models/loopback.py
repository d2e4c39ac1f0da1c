"""An OpenAI-compatible endpoint on a free port that says what a script lays down."""

import contextlib
import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import SecretStr

from omnilive.reasoning.config import OpenAIConfig, ReasoningConfig


class Endpoint:
    """`script`: text is streamed as an answer, a number is an error status, b"" raw bytes.

    None hangs for longer than the client waits. The last entry repeats. `asked` keeps requests.
    """

    def __init__(self, script: Sequence[str | int | bytes | None]) -> None:
        self.script, self.asked = list(script), []

    def config(self, url: str, timeout_s: float = 5.0) -> OpenAIConfig:
        key = SecretStr("sesame")
        return OpenAIConfig(base_url=url, model="m", api_key=key, timeout_s=timeout_s)


@contextlib.contextmanager
def served(*script: str | int | bytes | None, timeout_s: float = 5.0) -> Iterator[Any]:
    """Yield (requests so far, config of reasoning)."""
    endpoint = Endpoint(script)
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            endpoint.asked.append(body)
            said = endpoint.script[min(len(endpoint.asked), len(endpoint.script)) - 1]
            if said is None:
                over.wait(10)
                return
            if isinstance(said, int):
                self.send_response(said)
                self.end_headers()
                self.wfile.write(b'{"error": "no"}')
                return
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            if isinstance(said, bytes):
                self.wfile.write(said)
                return
            for word in said.split(" "):
                delta = {"choices": [{"delta": {"content": f"{word} "}}]}
                self.wfile.write(f"data: {json.dumps(delta)}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/v1"
        yield endpoint.asked, ReasoningConfig(openai=endpoint.config(url, timeout_s))
    finally:
        over.set()
        server.shutdown()
        server.server_close()
