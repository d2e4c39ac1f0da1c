import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from omnilive.core.errors import BackendError, ConfigError, SourceError, StoreError
from omnilive.memory.library import Library
from omnilive.reasoning import embedded
from omnilive.server import page
from omnilive.server.address import is_private, listen, web_address
from omnilive.server.app import create_app, run
from omnilive.server.errors import status_of
from omnilive.server.health import LANGUAGE_MODELS
from omnilive.server.page import Page
from tests.server.client import NO_MODELS, Api, error_of, served

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
HEAVY = {"av", "cv2", "onnxruntime", "openvino", "openvino_genai", "ctranslate2", "torch"}


def test_importing_the_server_loads_no_model_library() -> None:
    code = "import sys, omnilive.server.app; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not HEAVY & set(modules)


async def test_probes(api: Api) -> None:
    assert (await api.http.get("/healthz")).json() == {"status": "ok"}
    assert (await api.http.get("/readyz")).json() == {"status": "ready"}
    api.hub.closing = True
    assert error_of(await api.http.get("/readyz")) == (503, "closing")
    assert (await api.http.get("/healthz")).status_code == 200


def test_the_language_model_has_one_name() -> None:
    assert LANGUAGE_MODELS["embedded"] == embedded.MODEL


async def test_unknown_paths_and_methods(api: Api) -> None:
    for path in ("/v1", "/v1/none", "/v1/sessions/a/none", "/none.html", "/../../etc/passwd"):
        assert error_of(await api.http.get(path)) == (404, "not_found")
    wrong = await api.http.put("/v1/sessions")
    assert error_of(wrong) == (405, "method") and wrong.headers["allow"]
    assert error_of(await api.http.post("/")) in ((404, "not_found"), (405, "method"))


async def test_a_failure_of_ours_is_told_without_its_details(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Library) -> list[str]:
        raise RuntimeError("a secret")

    monkeypatch.setattr(Library, "names", fail)
    transport = httpx.ASGITransport(create_app(NO_MODELS, library), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        response = await http.get("/v1/sessions")
    assert error_of(response) == (500, "internal") and "secret" not in response.text


def test_statuses_of_errors() -> None:
    held, full = StoreError("held"), StoreError("full")
    held.__cause__, full.__cause__ = BlockingIOError(11, "busy"), OSError(28, "no space left")
    assert status_of(ConfigError("x")) == (400, "config")
    assert status_of(SourceError("a", "x")) == (422, "source")
    assert status_of(BackendError("x")) == (503, "backend")
    assert status_of(StoreError("x")) == (500, "store")
    assert status_of(held) == (409, "busy") and status_of(full) == (507, "disk_full")


async def test_a_full_disk_has_its_own_status(api: Api, library: Library) -> None:
    path = await api.session()
    with api.hub.readers.reading("s") as store:
        store.rows("PRAGMA max_page_count = 1")  # as a disk without room
        body = {"text": "x" * 100_000}
        with pytest.raises(StoreError) as caught:
            store.append(0.0, "moment", body)
    assert status_of(caught.value) == (507, "disk_full")
    assert (await api.json(path))["events"] == 0


async def test_the_openapi_document(api: Api) -> None:
    document = (await api.http.get("/openapi.json")).json()
    paths: dict[str, Any] = document["paths"]
    expected = {"", "/{id}", "/{id}/sources", "/{id}/sources/{n}", "/{id}/sources/{n}/media",
                "/{id}/ask", "/{id}/events", "/{id}/timeline", "/{id}/search",
                "/{id}/keyframes/{n}.jpg"}  # fmt: skip
    assert {f"/v1/sessions{path}" for path in expected} <= set(paths)
    adding = paths["/v1/sessions/{id}/sources"]["post"]["requestBody"]["content"]
    assert set(adding) == {"application/json", "multipart/form-data"}
    schemas = document["components"]["schemas"]
    for name in ("SessionFacts", "SourceFacts", "Question", "AnswerFacts", "Timeline", "Hits"):
        assert schemas[name]["examples"]
    for methods in paths.values():
        for operation in methods.values():
            assert operation["summary"] and operation.get("description")


async def test_the_page(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "page"
    monkeypatch.setattr(api.app.router, "default", Page(folder))
    unbuilt = await api.http.get("/")
    assert unbuilt.status_code == 200 and "make web" in unbuilt.text
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>built</title>")
    (folder / "assets" / "a-1234.js").write_text("1")
    (tmp_path / "secret.html").write_text("secret")
    built = await api.http.get("/")
    assert "built" in built.text and built.headers["cache-control"] == "no-cache"
    script = await api.http.get("/assets/a-1234.js")
    assert "javascript" in script.headers["content-type"]
    assert "immutable" in script.headers["cache-control"]
    for path in ("/none.js", "/%2e%2e/secret.html", "/..%2fsecret.html", "/assets"):
        assert (await api.http.get(path)).status_code == 404


def test_the_page_is_looked_for_in_the_package() -> None:
    assert page.PAGE == Path(page.__file__).parent / "page"


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [("", 0, "is no address"), ("no such host", 0, "is no address"),
     ("127.0.0.1", 70000, "out of range"), ("127.0.0.1", -1, "out of range"),
     ("a" * 300, 0, "is no address")],
)  # fmt: skip
def test_bad_addresses(host: str, port: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMNILIVE_TOKEN", raising=False)
    with pytest.raises(ConfigError, match=reason):
        run(NO_MODELS, host, port)


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} is in use: stop the other"):
            run(NO_MODELS, "127.0.0.1", port)


def test_an_address_of_another_machine() -> None:
    with pytest.raises(ConfigError, match="is no address of this machine"):
        listen("192.0.2.1", 0)


def test_web_addresses() -> None:
    with listen("127.0.0.1", 0) as listening:
        assert is_private(listening)
    with listen("0.0.0.0", 0) as listening:
        assert not is_private(listening)
        port = listening.getsockname()[1]
        assert web_address("0.0.0.0", listening) == f"http://localhost:{port}"
        assert web_address("::1", listening) == f"http://[::1]:{port}"


SERVER = """
import os, sys
from tests.server.client import NO_MODELS
from omnilive.server.app import run
run(NO_MODELS, port=0)
"""


class Process:
    """A server in a process of its own."""

    def __init__(self, folder: Path, before: str = "") -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", f"{before}\n{SERVER}"],
            env={**os.environ, "OMNILIVE_DATA": str(folder), "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.child.stderr is not None
        line = self.child.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + self.child.stderr.read()
        self.url = found[0]

    def end(self, sig: int) -> tuple[int, str]:
        self.child.send_signal(sig)
        _, said = self.child.communicate(timeout=30)
        return self.child.returncode, said


@pytest.fixture
async def process(library: Library) -> AsyncIterator[Process]:
    process = await asyncio.to_thread(Process, library.root)
    yield process
    if process.child.poll() is None:
        process.child.kill()
        process.child.communicate()


async def watch_live(process: Process, clip: str) -> None:
    async with httpx.AsyncClient(base_url=process.url, timeout=20) as http:
        assert (await http.post("/v1/sessions", json={"id": "s"})).status_code == 201
        body = {"url": clip, "pace": "live"}
        assert (await http.post("/v1/sessions/s/sources", json=body)).status_code == 201
        position_s = 0.0
        while position_s < 1.5:
            sources = (await http.get("/v1/sessions/s/sources")).json()["sources"]
            position_s = sources[0]["position_s"]
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_in_mid_watch_stores_everything(
    library: Library, process: Process, long_clip: str, sig: int
) -> None:
    await watch_live(process, long_clip)
    async with httpx.AsyncClient(base_url=process.url, timeout=20) as http:
        async with http.stream("GET", "/v1/sessions/s/events") as stream:
            lines = stream.aiter_lines()
            while not (await anext(lines)).startswith("data: "):
                pass
            ending = asyncio.create_task(asyncio.to_thread(process.end, sig))
            _ = [line async for line in lines]  # the open stream does not hold up the stop
    assert await ending == (0, "")
    store = library.open("s")
    assert store.check() == "ok"
    (source,) = store.sources()
    assert source.state == "interrupted" and source.video_s >= 1.5 and source.audio_s >= 1.4
    assert store.log_of("source")[-1].body["state"] == "interrupted"
    store.close()


async def test_a_thread_that_still_computes_holds_up_no_stop(library: Library) -> None:
    busy = "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()"
    process = await asyncio.to_thread(Process, library.root, busy)
    async with httpx.AsyncClient(base_url=process.url, timeout=20) as http:
        assert (await http.get("/healthz")).status_code == 200  # it hears signals from now on
    assert await asyncio.to_thread(process.end, signal.SIGTERM) == (0, "")


async def test_after_a_kill_it_goes_on(library: Library, process: Process, long_clip: str) -> None:
    await watch_live(process, long_clip)
    await asyncio.to_thread(process.end, signal.SIGKILL)
    async with served(library) as api:
        (source,) = await api.sources("/s")
        assert source["state"] == "interrupted" and source["position_s"] >= 1.0
        again = await api.watch("/s", long_clip, "live")
        assert again["id"] == 1 and again["state"] == "watching"
        await api.until_seen("/s", source["position_s"] + 0.5)
    store = library.open("s")
    assert store.check() == "ok"
    seqs = [entry.seq for entry in store.log_after(0)]
    assert seqs == list(range(1, len(seqs) + 1))
    store.close()


async def test_two_servers_on_one_library(
    library: Library, process: Process, long_clip: str, clip: str
) -> None:
    await watch_live(process, long_clip)
    async with served(library) as api:
        (session,) = (await api.json(""))["sessions"]
        assert session["running"] is True
        (source,) = await api.sources("/s")
        assert source["state"] == "watching"
        assert error_of(await api.post("/s/sources", {"url": clip})) == (409, "busy")
        assert error_of(await api.delete("/s")) == (409, "busy")
        assert (await api.post("/s/ask", {"question": "What do you see?"})).status_code == 200
        assert (await api.get("/s/timeline")).status_code == 200
