import sys

import pytest

from omnilive.catalog.doctor import Check, checkup
from omnilive.catalog.library import Library


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("OMNILIVE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("OMNILIVE_DATA", raising=False)
    return tmp_path / "home"


def checks(library: Library | None = None) -> dict[str, Check]:
    return {check.name: check for check in checkup(library)}


def test_every_finding_is_named_once_and_every_failure_has_a_remedy(home):
    found = checkup()
    assert len({check.name for check in found}) == len(found)
    assert all(check.remedy for check in found if not check.ok)
    assert not home.exists()


def test_this_machine_can_run_the_tests(home):
    found = checks()
    wanted = ("python", "pip", "av", "httpx", "faster-whisper", "sqlite", "session folder")
    assert [name for name in wanted if not found[name].ok] == []
    assert found["python"].detail.endswith(sys.executable)
    assert "with FTS5" in found["sqlite"].detail


def test_models_present_and_missing(tmp_path, home, model, weight):
    library = Library(tmp_path, [model(weight("a", b"a")), model(weight("b", b"b"), name="other")])
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "a").write_bytes(b"a")
    found = checks(library)
    assert found["model tiny"].ok
    assert found["model other"] == Check(
        "model other", False, "missing (0.0 MB)", "`omnilive models pull other`"
    )


def test_a_folder_that_cannot_be_written_is_named(home):
    home.write_text("a file in the way")
    found = checks()["model folder"]
    assert (found.ok, found.remedy) == (False, "set OMNILIVE_HOME to another folder")
