"""Runs every example of docs/api.md as it stands, against a server of fakes."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from omnilive.memory.library import Library
from tests.server.openai.caller import RATE_HZ, conversing
from tests.story import Line, speak

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(200)]
TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```(bash|python)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
URL = "http://127.0.0.1:8080"


async def test_every_example_runs(library: Library, tmp_path: Path):
    picture = np.full((64, 96, 3), (0, 0, 220), np.uint8)
    (tmp_path / "cat.jpg").write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
    pcm = speak([Line(0.2, "alpha bravo")], 1.0, RATE_HZ)
    (tmp_path / "question.pcm").write_bytes((pcm * 32767).astype("<i2").tobytes())
    assert len(EXAMPLES) >= 7
    async with conversing(library) as api:
        here = str(api.http.base_url).rstrip("/")
        said = [
            await asyncio.to_thread(_run, language, code.replace(URL, here), tmp_path)
            for language, code in EXAMPLES
        ]
    assert any("omnilive:kitchen" in text for text in said)
    assert any("you: alpha bravo" in text for text in said)
    assert (tmp_path / "answer.pcm").stat().st_size > 10_000


def _run(language: str, code: str, folder: Path) -> str:
    command = ["bash", "-euc", code] if language == "bash" else [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return done.stdout
