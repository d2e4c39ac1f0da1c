from pathlib import Path

import pytest

from omnilive.catalog.base import Hub
from omnilive.catalog.library import Library
from omnilive.catalog.pulling import Puller
from omnilive.catalog.sources.hub import HubClient
from omnilive.core.errors import BackendError

DATA = bytes(range(256)) * 4000
SOURCE = Hub("someone/tiny", "abc123", "onnx/model.onnx")
PATH = "/someone/tiny/resolve/abc123/onnx/model.onnx"


@pytest.fixture
def puller(tmp_path, server, weight, model, recorder):
    server.files[PATH] = DATA
    library = Library(tmp_path / "models", [model(weight("model.onnx", DATA, SOURCE))])
    return Puller(library, progress=recorder, hub=HubClient(server.url, pause_s=0))


def pulled(puller) -> Path:
    puller.pull(["tiny"])
    return puller.library.path("tiny") / "model.onnx"


def test_fetches_the_pinned_revision(puller, recorder):
    assert pulled(puller).read_bytes() == DATA
    assert (recorder.totals, recorder.bytes, recorder.open) == ([len(DATA)], len(DATA), 0)


def test_goes_on_where_the_connection_was_cut(puller, server, recorder):
    server.cuts = [300_000, 400_000]
    assert pulled(puller).read_bytes() == DATA
    assert server.ranges == [None, "bytes=300000-", "bytes=700000-"]
    assert recorder.bytes == len(DATA)


def test_a_later_pull_goes_on_from_the_part_file(puller, server, recorder):
    server.cuts = [500_000, 0]
    with pytest.raises(BackendError, match="the download broke off"):
        puller.pull(["tiny"])
    assert pulled(puller).read_bytes() == DATA
    assert server.ranges[-1] == "bytes=500000-"
    assert recorder.bytes == len(DATA)


def test_starts_over_where_the_server_knows_no_ranges(puller, server, recorder):
    server.cuts, server.honours_range = [300_000], False
    assert pulled(puller).read_bytes() == DATA
    assert recorder.bytes == len(DATA)


@pytest.mark.parametrize("left", [b"not the beginning of it", DATA + b"too much"])
def test_a_wrong_part_file_is_thrown_away(puller, left):
    folder = puller.library.root / "tiny"
    folder.mkdir(parents=True)
    (folder / "model.onnx.part").write_bytes(left)
    assert pulled(puller).read_bytes() == DATA


def test_other_content_is_refused_and_removed(puller, server):
    server.files[PATH] = DATA[::-1]
    with pytest.raises(BackendError, match=r"wrong content: expected sha256 \w{64}, got \w{64}"):
        puller.pull(["tiny"])
    assert list((puller.library.root / "tiny").iterdir()) == []


def test_a_server_that_sends_too_much_is_stopped(puller, server):
    server.files[PATH] = DATA * 2
    with pytest.raises(BackendError, match="sends more than the file should have"):
        puller.pull(["tiny"])


def test_a_missing_file_is_named(puller, server):
    server.files.clear()
    with pytest.raises(BackendError, match="404 Not Found for http.*/tiny/resolve/abc123/"):
        puller.pull(["tiny"])


def test_an_unreachable_hub_is_asked_once(tmp_path, weight, model, recorder):
    files = [weight(name, DATA, SOURCE) for name in ("a", "b")]
    library = Library(tmp_path, [model(files[0], name="one"), model(files[1], name="two")])
    # Port 9 (discard) of this machine: nobody listens, the answer is immediate.
    puller = Puller(library, progress=recorder, hub=HubClient("http://127.0.0.1:9"))
    for name in ("one", "two"):
        with pytest.raises(BackendError, match="cannot connect to 127.0.0.1"):
            puller.pull([name])
    assert len(recorder.labels) == 1


def test_the_endpoint_comes_from_the_environment(puller, server, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", f"{server.url}/")
    puller.hub = HubClient()
    assert pulled(puller).read_bytes() == DATA


@pytest.mark.parametrize("endpoint", ["nonsense", "ftp://127.0.0.1", "http://127.0.0.1:x"])
def test_a_senseless_endpoint_is_an_error_of_the_source(puller, endpoint):
    puller.hub = HubClient(endpoint)
    with pytest.raises(BackendError, match="hub someone/tiny@abc123 onnx/model.onnx: "):
        puller.pull(["tiny"])
