import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from omnilive.catalog.base import LocalFolder, Wheel
from omnilive.catalog.library import Library
from omnilive.catalog.lock import locked
from omnilive.catalog.pulling import Puller
from omnilive.core.errors import BackendError, ConfigError

DATA = b"weights" * 1000


@pytest.fixture
def stick(tmp_path) -> Path:
    """A folder such as a USB stick, with one model on it."""
    (tmp_path / "stick" / "tiny").mkdir(parents=True)
    (tmp_path / "stick" / "tiny" / "model.bin").write_bytes(DATA)
    return tmp_path / "stick"


@pytest.fixture
def library(tmp_path, model, weight) -> Library:
    return Library(tmp_path / "models", [model(weight("model.bin", DATA))])


def test_a_local_folder_comes_first(library, stick, recorder):
    Puller(library, stick, recorder).pull()
    assert (library.path("tiny") / "model.bin").read_bytes() == DATA
    assert (recorder.totals, recorder.bytes, recorder.open) == ([7000], 7000, 0)


def test_a_local_folder_may_also_stand_in_the_catalog(tmp_path, stick, model, weight):
    file = weight("model.bin", DATA, LocalFolder(tmp_path / "nowhere"), LocalFolder(stick))
    library = Library(tmp_path / "models", [model(file)])
    Puller(library).pull(["tiny"])
    assert library.path("tiny") == tmp_path / "models" / "tiny"


def test_offline_tries_no_network(tmp_path, wheelhouse, model, weight):
    wheelhouse.add("tiny-data", {"model.bin": DATA})
    file = weight("model.bin", DATA, Wheel("tiny-data", "1.0", "model.bin"))
    library = Library(tmp_path / "models", [model(file)])
    with pytest.raises(BackendError, match="not tried, because offline was asked for"):
        Puller(library, offline=True).pull()
    Puller(library).pull()
    assert library.path("tiny")


def test_without_names_the_default_models_are_pulled(tmp_path, stick, model, weight):
    file = weight("model.bin", DATA)
    other = model(file, name="other", default=False)
    library = Library(tmp_path / "models", [model(file), other])
    Puller(library, stick).pull()
    assert sorted(p.name for p in (tmp_path / "models").iterdir()) == [".lock", "tiny"]


def test_a_pull_of_what_is_there_does_nothing(library, stick, recorder):
    Puller(library, stick).pull()
    Puller(library, progress=recorder).pull()
    assert recorder.labels == []


def test_a_pull_replaces_a_damaged_file(library, stick):
    Puller(library, stick).pull()
    file = library.path("tiny") / "model.bin"
    file.write_bytes(b"damaged")
    Puller(library, stick).pull()
    assert file.read_bytes() == DATA


def test_an_unknown_model_is_a_config_error(library):
    with pytest.raises(ConfigError, match="no model 'huge' in the catalog; known are tiny"):
        Puller(library).pull(["huge"])


def test_a_file_without_sources_says_what_to_do(library):
    with pytest.raises(BackendError, match=r"it has no source[\s\S]*OMNILIVE_MODELS=FOLDER"):
        Puller(library).pull()


def test_a_full_disk_is_named(library, stick):
    folder = library.root / "tiny"
    folder.mkdir(parents=True)
    (folder / "model.bin.part").symlink_to("/dev/full")
    with pytest.raises(BackendError, match=r"the disk of .* is full: .* OMNILIVE_HOME"):
        Puller(library, stick).pull()


def test_too_little_space_is_said_before_the_download(tmp_path, stick, model, weight, recorder):
    file = weight("model.bin", DATA)
    object.__setattr__(file, "size_bytes", shutil.disk_usage(tmp_path).free)
    library = Library(tmp_path / "models", [model(file)])
    with pytest.raises(BackendError, match=r"not enough disk space for model tiny: it needs \d+"):
        Puller(library, stick, recorder).pull()
    assert recorder.labels == []


@pytest.fixture
def nobody():
    """Runs a test without root's right to write everywhere."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


def test_a_folder_that_may_not_be_written_is_named(stick, model, weight, nobody):
    library = Library(Path("/usr/omnilive-models"), [model(weight("model.bin", DATA))])
    with pytest.raises(BackendError, match=r"no write permission for /usr/omnilive-models"):
        Puller(library, stick).pull()


def test_a_file_in_place_of_the_folder_is_named(tmp_path, model, weight):
    (tmp_path / "models").write_text("in the way")
    library = Library(tmp_path / "models", [model(weight("model.bin", DATA))])
    with pytest.raises(BackendError, match="cannot write models to .*models"):
        Puller(library).pull()


def test_what_a_killed_pull_left_is_cleared(library, stick):
    (library.root / ".scratch" / "0-half").mkdir(parents=True)
    Puller(library, stick).pull()
    assert not (library.root / ".scratch").exists()


def test_a_second_pull_waits_for_the_first(library, stick):
    library.root.mkdir(parents=True)
    second = threading.Thread(target=Puller(library, stick).pull)
    with locked(library.root / ".lock"):
        second.start()
        second.join(0.2)
        assert second.is_alive()
        assert not (library.root / "tiny").exists()
    second.join()
    assert library.path("tiny")


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from omnilive.catalog.lock import locked\n"
        "with locked(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / ".lock")], check=False)
    with locked(tmp_path / ".lock"):
        pass


def test_processes_that_pull_at_once_all_succeed(tmp_path, wheelhouse):
    wheelhouse.add("tiny-data", {"model.bin": DATA})
    code = """
import hashlib, sys
from pathlib import Path
from omnilive.catalog.base import Model, WeightFile, Wheel
from omnilive.catalog.library import Library
from omnilive.catalog.pulling import Puller
data = b"weights" * 1000
sources = (Wheel("tiny-data", "1.0", "model.bin"),)
file = WeightFile("model.bin", hashlib.sha256(data).hexdigest(), len(data), sources)
tiny = Model(name="tiny", job="", licence="", homepage="", files=(file,))
library = Library(Path(sys.argv[1]), [tiny])
Puller(library).pull()
library.path("tiny")
"""
    command = [sys.executable, "-c", code, str(tmp_path / "models")]
    children = [subprocess.Popen(command) for _ in range(3)]
    assert [child.wait() for child in children] == [0, 0, 0]
