import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from omnilive.cli import app
from omnilive.core.errors import ConfigError

OMNILIVE = str(Path(sys.executable).with_name("omnilive"))


def omnilive(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [OMNILIVE, *words], capture_output=True, text=True, timeout=120, env=os.environ | env
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "quiz"
    made = omnilive("eval", "make", "quiz", "--out", str(folder))
    assert made.returncode == 0 and "24 items" in made.stderr, made.stderr
    return folder


def test_a_stranger_gets_a_report_in_a_minute(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["eval", "quiz", "--data", str(data), "--model", "random", "--out", str(out)]
    done = omnilive(*words, "--json", "--limit", "5")
    lines: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["type"] for line in lines] == ["item"] * 5 + ["summary"]
    assert lines[-1]["items"] == 5 and lines[-1]["out"] == str(out)
    names = {path.name for path in out.iterdir()}
    assert names == {
        "run.json", "items.jsonl", "timings.jsonl", "summary.json", "performance.json",
        "report.md", "report.html",
    }  # fmt: skip
    about = json.loads((out / "run.json").read_text())
    assert about["command"].startswith("omnilive eval quiz --data") and about["commit"]
    assert "only the first 5 items" in (out / "report.md").read_text()
    again = omnilive(*words, "--limit", "5")
    assert again.returncode == 2 and "--resume" in again.stderr
    resumed = omnilive(*words, "--limit", "5", "--resume")
    assert resumed.returncode == 0 and "5 of 5 items are done already" in resumed.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["quiz"], "omnilive eval make quiz"),
        (["quiz", "--data", "nowhere"], "is missing"),
        (["nothing", "--data", "."], "choose from"),
        (["quiz", "--data", "D", "--model", "nobody"], "no model 'nobody'"),
        (["quiz", "--data", "D", "--model", "transformers:/nowhere"], "no config.json"),
        (["quiz", "--data", "D", "--model", "openai", "--mode", "online"], "--model api"),
        (["quiz", "--data", "D", "--frames", "many"], "write uniform:32"),
        (["quiz", "--data", "D", "--judge", "nowhere"], "--judge: 'nowhere' is no http(s)"),
        (["quiz", "--data", "D", "--option", "depth=3"], "no option 'depth'"),
        (["quiz", "--data", "D", "--option", "depth"], "NAME=VALUE"),
        (["make", "quiz"], "--out DIR"),
        (["make", "quiz", "--out", "D"], "is not empty"),
        (["quiz", "other"], "one benchmark at a time"),
    ],
)
def test_wrong_usage_is_told_with_the_remedy(data: Path, words: list[str], told: str) -> None:
    typed = [str(data) if word == "D" else word for word in words]
    with pytest.raises(ConfigError, match=re.escape(told)):  # exit status 2, see test_stopping
        app(["eval", *typed], standalone_mode=False)


def test_ctrl_c_keeps_what_is_done(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    omnilive("eval", "make", "quiz", "--out", str(data), "--option", "questions=8")
    rows = json.loads((data / "quiz.json").read_text())
    many = [{**row, "id": f"{row['id']}-{i}"} for i in range(1500) for row in rows]
    (data / "quiz.json").write_text(json.dumps(many))
    words = ["eval", "quiz", "--data", str(data), "--model", "random", "--out", str(out)]
    with subprocess.Popen([OMNILIVE, *words], stderr=subprocess.PIPE, text=True) as process:
        items = out / "items.jsonl"
        while not items.exists() or items.stat().st_size < 2000:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume goes on" in told
    kept = items.read_bytes()
    assert kept.endswith(b"\n") and 2 < kept.count(b"\n") < len(many)


def test_missing_clips_are_counted_and_told_by_the_exit_status(data: Path, tmp_path: Path) -> None:
    import shutil

    some = tmp_path / "some"
    shutil.copytree(data, some)
    (some / "videos" / "film1.mp4").unlink()
    (some / "videos" / "film2.mp4").write_bytes(b"no film at all, but text")
    out = tmp_path / "out"
    from tests.lab.models.loopback import served

    with served("B. it is") as (_, settings):
        url = settings.openai.base_url
        done = omnilive(
            "eval", "quiz", "--data", str(some), "--model", "openai", "--out", str(out), "--json",
            "--set", f"reasoning.openai.base_url={url}", "--set", "reasoning.openai.model=m",
            "--set", "reasoning.openai.api_key=sesame",
        )  # fmt: skip
    assert done.returncode == 3, done.stderr
    summary = json.loads((out / "summary.json").read_text())
    assert summary["status"] == {"scored": 8, "skipped": 0, "unscored": 0, "failed": 16}
    assert "film1.mp4" in summary["failed"][0]["why"]
    everything = b"".join(path.read_bytes() for path in out.iterdir())
    assert b"sesame" not in everything and b"api_key=***" in everything


def test_the_list_is_light_and_whole() -> None:
    done = omnilive("eval", "list", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"quiz", "dev-clips"} <= {line["name"] for line in lines}
    assert all(line["need"] and line["title"] for line in lines)
    code = "import sys, omnilive.cli; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert not {"torch", "av", "numpy", "transformers", "cv2", "httpx"} & set(loaded)
