"""Fakes of the catalog's outside world: tiny wheels, and a web server that cuts connections."""

import hashlib
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from omnilive.catalog.base import Model, Source, WeightFile


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _weight(
    name: str, data: bytes, *sources: Source, parts: tuple[WeightFile, ...] = ()
) -> WeightFile:
    return WeightFile(name, sha256(data), len(data), sources, parts)


def _model(*files: WeightFile, name: str = "tiny", default: bool = True) -> Model:
    return Model(name=name, job="test", licence="MIT", homepage="", files=files, default=default)


@pytest.fixture
def weight() -> Callable[..., WeightFile]:
    """Makes a catalog file that expects the given bytes."""
    return _weight


@pytest.fixture
def model() -> Callable[..., Model]:
    """Makes a catalog entry of the given files."""
    return _model


def write_wheel(folder: Path, package: str, members: dict[str, bytes], tag: str) -> Path:
    stem = f"{package.replace('-', '_')}-1.0"
    path = folder / f"{stem}-{tag}.whl"
    info = f"{stem}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in members.items():
            wheel.writestr(name, data)
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\nRequires-Python: <3\n",
        )
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


class Wheelhouse:
    """A folder of wheels, the only place where pip looks in this test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, package: str, members: dict[str, bytes], tag: str = "py3-none-any") -> Path:
        return write_wheel(self.folder, package, members, tag)


@pytest.fixture
def wheelhouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheelhouse:
    folder = tmp_path / "wheelhouse"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return Wheelhouse(folder)


class CuttingServer:
    """Serves `files`, with Range; the n-th answer breaks off after `cuts[n]` bytes, if given."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.cuts: list[int | None] = []
        self.ranges: list[str | None] = []
        self.honours_range = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if (data := self.files.get(request.path)) is None:
            request.send_error(404)
            return
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        start = int(re.findall(r"\d+", asked)[0]) if asked and self.honours_range else 0
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        request.send_header("Content-Length", str(len(data) - start))
        kind = "text/html" if data.startswith(b"<") else "application/octet-stream"
        request.send_header("Content-Type", kind)
        request.send_header("ETag", f'"{sha256(data)}"')
        request.end_headers()
        cut = self.cuts.pop(0) if self.cuts else None
        request.wfile.write(data[start:][:cut])

    def __enter__(self) -> "CuttingServer":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[CuttingServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with CuttingServer() as running:
        yield running


class Recorder:
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.totals: list[int | None] = []
        self.bytes = 0
        self.open = 0

    def start(self, label: str, total_bytes: int | None) -> None:
        self.labels.append(label)
        self.totals.append(total_bytes)
        self.bytes = 0
        self.open += 1

    def advance(self, n: int) -> None:
        self.bytes += n

    def done(self) -> None:
        self.open -= 1


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()
