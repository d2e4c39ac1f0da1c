"""Schemathesis over the whole OpenAPI document: no server error, and nothing undocumented."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
import uvicorn
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from omnilive.memory.library import Library
from omnilive.server.app import create_app
from omnilive.server.config import ServerConfig
from tests.made import a_file, put, said
from tests.server.client import NO_MODELS

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of the tool's own
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance, response_headers_conformance,
]  # fmt: skip
MANY = 1_000_000
EXAMPLES = 12  # a route, besides those in the document


class Running(uvicorn.Server):
    """The app on a port of its own, in a thread."""

    def __init__(self, library: Library) -> None:
        server = ServerConfig(
            asks_per_minute=MANY, creations_per_minute=MANY, event_stream_max_s=0.2,
            allow_private_sources=False, allow_devices=False,
        )  # fmt: skip
        app = create_app(NO_MODELS, library, server)
        super().__init__(uvicorn.Config(app, log_config=None, lifespan="on"))
        self._port = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._port.getsockname()[1]}"
        self._thread = threading.Thread(target=self.run, kwargs={"sockets": [self._port]})
        self._thread.start()

    def end(self) -> None:
        self.should_exit = True
        self._thread.join(30)
        self._port.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    library = Library(tmp_path_factory.mktemp("contract"))
    for name in ("kitchen", "0"):
        store = library.create(name)
        store.put_source(a_file(kind="network", url="camera", state="ended"))
        put(store, said("the cat came in", 31.5), said("hello", 40))
        store.put_moment(31.0, 38.0, "said: the cat came in")
        store.put_keyframe(31.0, b"picture")
        store.close()
    running = Running(library)
    yield running
    running.end()


def document() -> Any:
    """The document of an app that nothing is asked of."""
    app = create_app(NO_MODELS, Library(Path("/nonexistent")), ServerConfig())
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.config.phases.coverage.enabled = False  # hundreds of cases a route

    @schema.hook
    def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> Any:
        """Let every other case name something that is there."""
        if path_parameters and len(str(path_parameters.get("id", ""))) % 2 == 0:
            deletes = context.operation.label == "DELETE /v1/sessions/{id}"
            there = {"id": "0" if deletes else "kitchen", "n": 1, "wid": "1"}
            path_parameters |= {name: there.get(name, v) for name, v in path_parameters.items()}
        return path_parameters

    return schema


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag")
def as_text(_: Any, value: Any) -> bytes:
    return str(value).encode(errors="replace")


schema = document()


@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)  # fmt: skip
def test_every_route_keeps_to_the_document(case: Any, server: Running) -> None:
    case.call_and_validate(base_url=server.url, checks=CHECKS, timeout=30)


def test_what_the_guard_answers_is_documented_everywhere() -> None:
    for path, methods in schema.raw_schema["paths"].items():
        for method, operation in methods.items():
            statuses = {"401", "403"} if path.startswith("/v1") else {"403"}
            assert statuses <= set(operation["responses"]), f"{method} {path}"
            if method == "post" and path.endswith(("sessions", "ask", "sources", "whip", "whep")):
                assert {"413", "429"} <= set(operation["responses"]), path


def test_every_json_body_has_an_example() -> None:
    known = schema.raw_schema["components"]["schemas"]

    def has_example(content: dict[str, Any]) -> bool:
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        shape = known.get(name, content.get("schema", {}))
        return "example" in content or "examples" in shape

    for path, methods in schema.raw_schema["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                content = response.get("content", {}).get("application/json")
                assert content is None or has_example(content), f"{method} {path} {status}"
