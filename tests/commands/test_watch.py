import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.commands.conftest import OFF, QUIET, Shell

TYPES = {"percept", "moment", "gap", "health", "source", "answer", "summary"}


def test_json_is_pure_lines_with_the_summary_last(omnilive: Shell, clip: str):
    asks = ["--ask", "what was said?@2", "--ask", "what is shown?"]
    done = omnilive("watch", clip, *OFF, *QUIET, "--json", *asks)
    lines = done.lines
    assert (done.status, done.err) == (0, "")
    assert {line["type"] for line in lines} <= TYPES
    percepts = [line for line in lines if line["type"] == "percept"]
    wanted = {"type", "kind", "start_s", "end_s", "text", "confidence", "final"}
    assert percepts and all(wanted <= line.keys() for line in percepts)
    answers = [line for line in lines if line["type"] == "answer"]
    assert [(line["question"], line["session"]) for line in answers] == [
        ("what was said?", "clip"),
        ("what is shown?", "clip"),
    ]
    assert answers[0]["t"] == 2
    assert answers[1]["t"] == pytest.approx(4, abs=0.1)
    summary = lines[-1]
    assert summary["type"] == "summary"
    assert summary["duration_s"] == pytest.approx(4, abs=0.1)
    assert summary["frames"]["decoded"] == 80
    assert omnilive.library.names() == ["clip"]


def test_in_a_pipe_it_prints_readable_lines(omnilive: Shell, clip: str):
    done = omnilive("watch", clip, *OFF, *QUIET, "--session", "s", "--ask", "what was said?@2")
    assert done.status == 0
    assert "  0:00  scene   picture in" in done.out
    assert "  0:02  asked   what was said?\n        answer  " in done.out
    assert done.out.splitlines()[-1].startswith("watched 0:04 in ")
    assert "\x1b" not in done.out


def test_live_pace_takes_as_long_as_the_clip(omnilive: Shell, clip: str):
    done = omnilive("watch", clip, *OFF, *QUIET, "--json", "--pace", "live")
    assert done.lines[-1]["wall_s"] >= 3.9


def test_watching_a_finished_file_again_says_where_it_goes(omnilive: Shell, clip: str):
    omnilive("watch", clip, *OFF, *QUIET)
    again = omnilive("watch", clip, *OFF, *QUIET)
    assert again.status == 0
    assert "session 'clip' holds 0:04 already; this is added after it" in again.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--ask", "  "], "the question is empty"),
        (["--ask", "@5"], "the question is empty"),
        (["--ask", "what?@1:30"], "1:30 is no stream time"),
        (["--set", "perception.ast=off"], "unknown setting perception.ast (--set): did you mean"),
        (["--set", "perception.asr=nonesuch"], "no asr backend 'nonesuch'; choose from"),
        (["--recipe", "nonesuch"], "no recipe 'nonesuch'; choose from laptop"),
        (["--config", "nonesuch.yaml"], "settings file nonesuch.yaml cannot be read: No such file"),
        (["--session", "a/b"], "'a/b' cannot name a session"),
        (["--pace", "slow"], "'slow' is not one of 'live', 'fast'"),
        (["--nonesuch"], "No such option: --nonesuch"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    omnilive: Shell, clip: str, args: list[str], said: str
):
    done = omnilive("watch", clip, *args)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("omnilive: error: ") and said in done.err
    assert len(done.err.splitlines()) == 1
    assert omnilive.library.names() == []


def broken_sources(folder: Path) -> dict[str, str]:
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("This is no film.\n" * 50)
    return {
        "nonesuch.mp4": "there is no such file",
        str(folder): "is a folder",
        "empty.mp4": "is empty",
        "text.mp4": "is a text file",
        "gopher://host/x": "is not a kind of source",
        "http://127.0.0.1:9/x": "the connection was refused",
    }


def test_a_source_that_fails_is_status_3_and_leaves_no_session(omnilive: Shell):
    for source, said in broken_sources(omnilive.folder).items():
        done = omnilive("watch", source, *OFF, *QUIET, "--json")
        assert (done.status, done.out) == (3, ""), source
        assert said in done.err and len(done.err.splitlines()) == 1, done.err
    assert omnilive.library.names() == []


def test_a_missing_model_is_status_4_and_says_what_to_type(omnilive: Shell, clip: str):
    done = omnilive("watch", clip, OMNILIVE_HOME=str(omnilive.folder / "no-models"))
    assert done.status == 4
    assert "omnilive models pull" in done.err
    assert omnilive.library.names() == []


def test_a_data_folder_that_cannot_be_written(omnilive: Shell, clip: str):
    (omnilive.folder / "file").touch()
    data = str(omnilive.folder / "file" / "data")
    done = omnilive("watch", clip, *OFF, *QUIET, OMNILIVE_DATA=data)
    assert (done.status, done.out) == (1, "")
    assert f"memory in {data}/clip: Not a directory" in done.err


def test_a_damaged_memory_is_named_with_a_remedy(omnilive: Shell, clip: str):
    folder = omnilive.library.root / "clip"
    folder.mkdir(parents=True)
    (folder / "memory.db").write_bytes(b"no database at all" * 100)
    done = omnilive("watch", clip, *OFF, *QUIET)
    assert done.status == 1
    assert "is damaged" in done.err and "move the folder away" in done.err


def test_a_full_disk_ends_it_with_a_clear_word(omnilive: Shell, long_clip: str):
    small = omnilive.folder / "small"
    small.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(small)]
    if os.geteuid() != 0 or not mount or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root can make a small disk")
    try:
        asked = ["--ask", "what was said?@50"]
        done = omnilive("watch", long_clip, *OFF, *QUIET, *asked, OMNILIVE_DATA=str(small))
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert done.status == 1
    assert "the disk is full: free some space" in done.err


def test_a_traceback_only_when_it_is_asked_for(omnilive: Shell):
    assert "Traceback" not in omnilive("watch", "nonesuch.mp4").err
    assert "Traceback" in omnilive("watch", "nonesuch.mp4", OMNILIVE_DEBUG="1").err


@pytest.mark.models
@pytest.mark.slow
def test_the_sample_is_perceived_and_asked_about(omnilive: Shell):
    sample = Path(__file__).parents[2] / "examples" / "sample.mp4"
    asks = ["--ask", "When does the music start?", "--ask", "Who is the guide?@6"]
    done = omnilive("watch", str(sample), "--json", *asks)
    lines = done.lines
    assert done.status == 0
    kinds = {line["kind"] for line in lines if line["type"] == "percept"}
    assert {"speech", "sound", "object", "text", "scene"} <= kinds
    answers = {line["question"]: line for line in lines if line["type"] == "answer"}
    assert "Laura Bennett" in answers["Who is the guide?"]["text"]
    assert all(item["start_s"] <= 6 for item in answers["Who is the guide?"]["evidence"])
    assert "0:25" in answers["When does the music start?"]["text"]
