"""The whole on real models: the sample clip, the shared clips, the README's Python."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from omnilive.catalog import fetch
from omnilive.catalog.base import Status

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("OMNILIVE_SHARED", ROOT.parent / "shared")) / "media" / "dev"
MISSING = [s.model.name for s in fetch.states() if s.model.default and s.status is not Status.OK]

pytestmark = [
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"models not pulled: {MISSING}"),
]


def omnilive(*args: str, data: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line with its sessions in `data`."""
    command = [sys.executable, "-m", "omnilive", *args]
    environment = {**os.environ, "OMNILIVE_DATA": str(data)}
    return subprocess.run(command, capture_output=True, text=True, timeout=280, env=environment)


def lines_of(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_demo_gives_three_right_answers() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^\s+right$", done.stdout, re.M)) == 3


def test_sample_clip_is_seen_heard_and_read(tmp_path: Path) -> None:
    truth = json.loads((ROOT / "examples" / "sample.json").read_text())
    clip = ROOT / "examples" / "sample.mp4"
    lines = lines_of(omnilive("watch", str(clip), "--pace", "fast", "--json", data=tmp_path))
    finals = [line for line in lines if line["type"] == "percept" and line["final"]]
    said = " ".join(p["text"] for p in finals if p["kind"] == "speech").lower()
    assert "laura bennett" in said and "chelsea" in said
    read = {p["text"] for p in finals if p["kind"] == "text"}
    assert {card["text"] for card in truth["screen_text"]} <= read
    (cat,) = [p for p in finals if p["kind"] == "object" and p["data"]["label"] == "cat"]
    assert abs(cat["start_s"] - 40) < 2 and abs(cat["end_s"] - 51) < 2
    (music,) = [p for p in finals if p["kind"] == "sound" and p["text"] == "music"]
    assert abs(music["start_s"] - 25.5) < 2 and abs(music["end_s"] - 33.5) < 2
    summary = lines[-1]
    assert summary["type"] == "summary" and summary["frames"]["dropped"] == 0
    assert abs(summary["duration_s"] - truth["duration_s"]) < 0.2
    assert abs(summary["audio_s"] - truth["duration_s"]) < 0.2


@pytest.mark.shared
@pytest.mark.parametrize("name", ["friday", "bottles", "cars", "toys", "visitors"])
def test_shared_clips_give_percepts_then_a_summary(name: str, tmp_path: Path) -> None:
    clip = SHARED / "videos" / f"{name}.mp4"
    if not clip.exists():
        pytest.skip(f"no shared media at {SHARED}")
    lines = lines_of(omnilive("watch", str(clip), "--pace", "fast", "--json", data=tmp_path))
    assert lines[-1]["type"] == "summary"
    kinds = {line["kind"] for line in lines if line["type"] == "percept"}
    assert {"speech", "scene"} <= kinds


@pytest.mark.shared
def test_a_question_at_a_second_sees_nothing_later(tmp_path: Path) -> None:
    clip = SHARED / "videos" / "visitors.mp4"
    if not clip.exists():
        pytest.skip(f"no shared media at {SHARED}")
    asks = ["--ask", "How many people have come to the table so far?@35"]
    asks += ["--ask", "How many different people came to the table in all?@89"]
    lines = lines_of(omnilive("watch", str(clip), "--pace", "fast", "--json", *asks, data=tmp_path))
    early, late = [line for line in lines if line["type"] == "answer"]
    assert "two" in early["text"].lower() and "four" in late["text"].lower()
    assert all(e["end_s"] <= 35.1 for e in early["evidence"])


def test_the_readme_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert blocks
    for block in blocks:
        environment = {**os.environ, "OMNILIVE_DATA": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", block], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "0:40" in done.stdout
