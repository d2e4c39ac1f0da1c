import os
from pathlib import Path

import pytest

from omnilive.catalog.base import Status
from omnilive.catalog.library import Library
from omnilive.core.errors import BackendError, ConfigError

DATA = b"weights" * 1000


@pytest.fixture
def library(tmp_path, model, weight) -> Library:
    return Library(tmp_path, [model(weight("model.bin", DATA), weight("words.txt", b"words"))])


def fill(library: Library) -> Path:
    folder = library.root / "tiny"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(DATA)
    (folder / "words.txt").write_bytes(b"words")
    return folder


def test_path_of_a_whole_model(library):
    assert fill(library) == library.path("tiny")


def test_path_of_a_missing_model_says_what_to_type(library):
    expected = r"model tiny is missing: type `omnilive models pull tiny`"
    with pytest.raises(BackendError, match=expected):
        library.path("tiny")


def test_path_of_a_damaged_model_names_both_hashes(library):
    (fill(library) / "words.txt").write_bytes(b"sword")
    with pytest.raises(BackendError, match=r"model tiny is damaged: .*expected \w+ \w{64}, got"):
        library.path("tiny")


def test_an_unknown_name_lists_the_known_ones(library):
    with pytest.raises(ConfigError, match="no model 'x' in the catalog; known are tiny"):
        library.path("x")


def test_a_verified_file_is_not_hashed_again(library):
    """Shown by a change that keeps size and time: only `verify` can see it."""
    words = fill(library) / "words.txt"
    library.path("tiny")
    times = words.stat().st_atime_ns, words.stat().st_mtime_ns
    words.write_bytes(b"sword")
    os.utime(words, ns=times)
    assert library.path("tiny")
    assert [s.status for s in library.verify(["tiny"])] == [Status.OK, Status.DAMAGED]
    with pytest.raises(BackendError, match="words.txt is damaged"):
        library.path("tiny")


def test_a_touched_file_is_hashed_again(library):
    words = fill(library) / "words.txt"
    library.path("tiny")
    words.write_bytes(b"sword")
    os.utime(words, ns=(1, 1))
    with pytest.raises(BackendError, match="words.txt is damaged"):
        library.path("tiny")


def test_verify_reports_each_file(library):
    folder = fill(library)
    (folder / "words.txt").unlink()
    states = library.verify([])
    assert [(s.file.name, s.status) for s in states] == [
        ("model.bin", Status.OK),
        ("words.txt", Status.MISSING),
    ]
    assert states[0].found_sha256 == states[0].file.sha256
    assert states[0].path == folder / "model.bin"


def test_verify_without_names_skips_what_nobody_pulled(tmp_path, model, weight):
    extra = model(weight("model.bin", DATA), name="extra", default=False)
    library = Library(tmp_path, [extra])
    assert library.verify([]) == []
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "model.bin").write_bytes(DATA)
    assert [s.status for s in library.verify([])] == [Status.OK]


def test_states_go_by_size(library):
    assert [(s.status, s.present_bytes) for s in library.states()] == [(Status.MISSING, 0)]
    folder = fill(library)
    assert [(s.status, s.present_bytes) for s in library.states()] == [(Status.OK, 7005)]
    (folder / "words.txt").write_bytes(b"w")
    assert library.states()[0].status is Status.DAMAGED
    (folder / "words.txt").unlink()
    assert library.states()[0].status is Status.MISSING


@pytest.mark.parametrize("nonsense", ["", "[1, 2]", "{"])
def test_a_broken_memory_of_verified_files_is_ignored(library, nonsense):
    (fill(library) / ".verified.json").write_text(nonsense)
    assert library.path("tiny")


def test_a_library_that_cannot_be_written_is_still_read(library):
    folder = fill(library)
    (folder / ".verified.json").mkdir()
    assert library.path("tiny") == folder
