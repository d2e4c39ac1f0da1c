"""The real catalog: its data is consistent, and what was pulled of it is right."""

import re
import subprocess
import sys

import pytest

from omnilive.catalog import fetch
from omnilive.catalog.base import Hub, Status, Wheel
from omnilive.catalog.models import MODELS
from omnilive.core.errors import BackendError

FILES = [file for model in MODELS for f in model.files for file in (f, *f.parts)]


def test_names_are_unique_and_safe_as_folders():
    names = [model.name for model in MODELS]
    assert len(set(names)) == len(names)
    for model in MODELS:
        for name in (model.name, *(file.name for file in model.files)):
            assert re.fullmatch(r"\w[\w.-]*", name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_file_is_pinned(file):
    assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
    assert file.sources or sum(part.size_bytes for part in file.parts) == file.size_bytes
    for source in file.sources:
        if isinstance(source, Hub):
            assert re.fullmatch(r"[0-9a-f]{40}", source.revision)
        if isinstance(source, Wheel):
            assert re.fullmatch(r"[\d.]+", source.version)


def test_each_model_names_its_licence():
    assert {model.licence for model in MODELS} == {"MIT", "Apache-2.0", "BSD-2-Clause"}


def test_a_missing_model_is_a_backend_error(tmp_path, monkeypatch):
    monkeypatch.setenv("OMNILIVE_HOME", str(tmp_path))
    with pytest.raises(BackendError, match="type `omnilive models pull silero-vad`"):
        fetch.path("silero-vad")
    with pytest.raises(BackendError, match="offline was asked for"):
        fetch.ensure("silero-vad", offline=True)
    assert {state.status for state in fetch.states()} == {Status.MISSING}


def test_ensure_takes_files_from_the_folder_in_the_environment(tmp_path, monkeypatch):
    (tmp_path / "stick" / "silero-vad").mkdir(parents=True)
    (tmp_path / "stick" / "silero-vad" / "silero_vad.onnx").write_bytes(b"wrong")
    monkeypatch.setenv("OMNILIVE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMNILIVE_MODELS", str(tmp_path / "stick"))
    with pytest.raises(BackendError, match=rf"folder {tmp_path}/stick: wrong content"):
        fetch.ensure("silero-vad", offline=True)


def test_looking_imports_nothing_heavy():
    code = "import omnilive.catalog.fetch, omnilive.catalog.doctor, sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not set(loaded) & {"httpx", "numpy", "rich", "av", "onnxruntime", "huggingface_hub"}


@pytest.mark.models
@pytest.mark.parametrize("model", [m for m in MODELS if m.default], ids=lambda model: model.name)
def test_the_pulled_model_is_what_the_catalog_says(model):
    states = fetch.verify([model.name])
    if {state.status for state in states} == {Status.MISSING}:
        pytest.skip(f"{model.name} is not pulled: `omnilive models pull`")
    assert {state.status for state in states} == {Status.OK}
    assert fetch.ensure(model.name, offline=True) == states[0].path.parent
