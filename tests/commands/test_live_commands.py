import os
import signal
import time
from pathlib import Path

import pytest

from tests.commands.conftest import OFF, QUIET, Shell
from tests.live.untrained import write_untrained


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_untrained(tmp_path_factory.mktemp("live") / "untrained")


def test_it_narrates_and_answers_in_mid_stream(
    omnilive: Shell, clip: str, checkpoint: Path
) -> None:
    live = [f"--set=live.checkpoint={checkpoint}", "--set=live.max_reply_tok=6"]
    done = omnilive("watch", clip, *OFF, *QUIET, *live, "--json", "--ask", "what is shown?@2")
    assert done.status == 0, done.err
    lines = done.lines
    (answer,) = [line for line in lines if line["type"] == "answer"]
    assert (answer["model"], answer["t"]) == ("untrained", 2.0) and answer["text"]
    captions = [x for x in lines if x["type"] == "percept" and x["kind"] == "caption"]
    assert any(x["final"] for x in captions)
    assert all(x["data"]["model"] == "untrained" for x in captions)
    live_of = lines[-1]["live"]
    assert (live_of["seen"], live_of["answers"], live_of["dropped"]) == (8, 1, 0)


def test_ctrl_c_keeps_what_it_said(omnilive: Shell, clip: str, checkpoint: Path) -> None:
    live = [f"--set=live.checkpoint={checkpoint}", "--set=live.max_reply_tok=6"]
    args = ["watch", clip, *OFF, *QUIET, *live, "--pace", "live", "--session", "s"]
    with omnilive.start(*args) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "  live  " in line:
                break
        os.kill(process.pid, signal.SIGINT)
        began = time.monotonic()
        process.communicate(timeout=60)
        assert process.returncode == 130 and time.monotonic() - began < 20
    store = omnilive.library.open("s")
    assert store.facts(kinds=("caption",)) and store.sources()[0].state == "interrupted"
    store.close()


@pytest.mark.parametrize("command", ["watch", "serve"])
def test_a_wrong_folder_is_said_before_anything_begins(
    omnilive: Shell, clip: str, command: str
) -> None:
    args = [clip] if command == "watch" else ["--port", "0"]
    done = omnilive(command, *args, "--set=live.checkpoint=nowhere")
    assert done.status == 4 and "nowhere" in done.err and "live.checkpoint" in done.err
    assert not done.out and not omnilive.library.names()


def test_doctor_looks_at_the_folder(omnilive: Shell, checkpoint: Path) -> None:
    done = omnilive("doctor", f"--set=live.checkpoint={checkpoint}")
    assert "ok    model of live.checkpoint" in done.out and "2 pictures a second" in done.out
    done = omnilive("doctor", "--set=live.checkpoint=nowhere")
    assert done.status != 0 and "FAIL  model of live.checkpoint" in done.out
