"""An OpenAI-compatible endpoint on this machine that does as it is told, also badly."""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-not-to-be-seen"


class Server(ThreadingHTTPServer):
    """Completes the dialogue it is sent; first the statuses of `script` come, one a request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[int | str] = []
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.hold: threading.Barrier | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.bodies.append(body)
            self.server.keys.append(self.headers.get("Authorization", ""))
            step = self.server.script.pop(0) if self.server.script else 200
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        if self.server.hold is not None:
            self.server.hold.wait(10)
        with self.server.lock:
            self.server.at_once -= 1
        prompt = body["messages"][0]["content"]
        text = re.sub(r"(Assistant:) \.\.\.", r"\1 You do it well.", prompt.rpartition("\n\n")[2])
        made = {"choices": [{"message": {"content": step if isinstance(step, str) else text}}]}
        status = step if isinstance(step, int) else 200
        if status != 200:
            made = {"error": f"no, not with {self.headers.get('Authorization')}"}
        if status == 0:
            self.connection.close()
            return
        data = json.dumps(made).encode()
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Run one while the block lasts."""
    found = Server()
    thread = threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.shutdown()
        found.server_close()
        thread.join()
