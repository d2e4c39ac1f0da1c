"""The commands as a user runs them: in processes of their own, with perception switched off."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from omnilive.core.events import Percept
from omnilive.memory.base import SourceRow
from omnilive.memory.library import Library
from tests.media.clips import write_clip

OFF = [
    f"--set=perception.{sense}=off" for sense in ("vad", "asr", "sounds", "objects", "tags", "text")
]
QUIET = ["--set=memory.embedder=off", "--set=reasoning.backend=scripted"]
OMNILIVE = str(Path(sys.executable).with_name("omnilive"))


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output, every line of which must be a JSON object."""
        found = [json.loads(line, parse_constant=_refuse) for line in self.out.splitlines()]
        assert all(isinstance(line, dict) for line in found)
        return found


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


class Shell:
    """Runs commands with a data folder and a working folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.library = Library(folder / "data")
        kept = "OMNILIVE_HOME"  # where the models are
        self.env = {
            k: v for k, v in os.environ.items() if k == kept or not k.startswith("OMNILIVE_")
        }
        self.env |= {"OMNILIVE_DATA": str(self.library.root), "PYTHONWARNINGS": "default"}

    def start(self, *args: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [OMNILIVE, *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=self.folder,
            env=self.env | env,
        )

    def __call__(self, *args: str, **env: str) -> Done:
        with self.start(*args, **env) as process:
            out, err = process.communicate(timeout=120)
        return Done(process.returncode, out, err)


class Terminal:
    """A command on a terminal of 100 columns."""

    def __init__(self, shell: Shell, *args: str) -> None:
        self._near, far = os.openpty()
        env = shell.env | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
        self.process = subprocess.Popen(
            [OMNILIVE, *args], stdin=far, stdout=far, stderr=far, env=env, cwd=shell.folder
        )
        os.close(far)
        self.seen = b""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.wait(60)
        os.close(self._near)

    def type(self, text: str) -> None:
        os.write(self._near, text.encode())

    def read(self) -> bytes:
        """Wait for more; empty when the command has ended."""
        try:
            piece = os.read(self._near, 65536)
        except OSError:
            return b""
        self.seen += piece
        return piece


@pytest.fixture
def omnilive(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """clip.mp4 of 4 s, and long.mp4 of 60 s."""
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "clip.mp4", seconds=4.0)
    write_clip(folder / "long.mp4", seconds=60.0, size=(32, 32))
    return folder


@pytest.fixture
def clip(clips: Path) -> str:
    return str(clips / "clip.mp4")


@pytest.fixture
def long_clip(clips: Path) -> str:
    return str(clips / "long.mp4")


@pytest.fixture
def kitchen(omnilive: Shell) -> Library:
    """A library with one session of 20 s: something said, seen and photographed."""
    store = omnilive.library.create("kitchen")
    store.put_source(
        SourceRow(
            id=0,
            url="/videos/kitchen.mp4",
            kind="file",
            offset_s=0,
            duration_s=20,
            has_video=True,
            has_audio=True,
            state="ended",
        )
    )
    said = Percept(
        t=6, kind="speech", start_s=4, end_s=6, text="The soup is ready.", confidence=0.9
    )
    cup = Percept(
        t=12,
        kind="object",
        start_s=10,
        end_s=12,
        text="red cup",
        confidence=0.8,
        data={"id": "object0", "label": "cup", "colour": "red", "event": "left"},
    )
    for key, percept in (("1:a", said), ("1:b", cup)):
        id = store.put_fact(key, percept)
        body = {k: v for k, v in percept.as_json().items() if k != "type"}
        store.append(percept.t, "percept", {"id": id, **body})
    store.put_keyframe(9.0, b"\xff\xd8 no real picture \xff\xd9")
    moment = {"start_s": 0.0, "end_s": 16.0, "text": "said: The soup is ready.; red cup"}
    id = store.put_moment(0.0, 16.0, moment["text"])
    store.append(16, "moment", {"id": id, **moment, "keyframe": "keyframes/1.jpg"})
    gap = {"start_s": 16.0, "end_s": 20.0, "reason": "the camera was unplugged"}
    store.append(16, "gap", gap)
    store.close()
    return omnilive.library
