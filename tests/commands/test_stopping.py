import signal
import subprocess

import pytest

from tests.commands.conftest import OFF, OMNILIVE, QUIET, Shell, Terminal

WATCH = [*OFF, *QUIET, "--session", "s", "--pace", "live", "--json"]


def interrupted(omnilive: Shell, clip: str, number: signal.Signals) -> tuple[int, str, str]:
    with omnilive.start("watch", clip, *WATCH) as process:
        assert process.stdout and process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly_and_the_same_command_goes_on(
    omnilive: Shell, long_clip: str, number: signal.Signals
):
    status, out, err = interrupted(omnilive, long_clip, number)
    assert status == 130
    assert "stopped at 0:0" in err and "the same command goes on from there" in err
    assert '"type": "summary"' in out.splitlines()[-1]
    store = omnilive.library.open("s")
    (source,) = store.sources()
    store.close()
    assert source.state == "interrupted"

    rest = omnilive("watch", long_clip, *WATCH[:-3], "--pace", "fast", "--json")
    lines = rest.lines
    assert rest.status == 0
    assert lines[-1]["duration_s"] == pytest.approx(60 - source.video_s, abs=0.5)
    store = omnilive.library.open("s")
    assert len(store.sources()) == 1 and store.end_s() == pytest.approx(60, abs=0.2)
    store.close()


def test_a_reader_that_leaves_ends_it_quietly(omnilive: Shell, long_clip: str):
    command = " ".join([OMNILIVE, "watch", long_clip, *WATCH, "| head -1; echo ${PIPESTATUS[0]}"])
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True, text=True, env=omnilive.env, cwd=omnilive.folder, timeout=60,
    )  # fmt: skip
    first, status = done.stdout.splitlines()
    assert '"type": "percept"' in first
    assert (status, done.stderr) == ("130", "")


def test_a_session_in_use_can_be_read_but_not_written(omnilive: Shell, long_clip: str):
    with omnilive.start("watch", long_clip, *WATCH) as process:
        try:
            assert process.stdout and process.stdout.readline()
            second = omnilive("watch", long_clip, *WATCH)
            listed = omnilive("sessions", "list", "--json")
            log = omnilive("timeline", "s", "--all", "--json")
            asked = omnilive("ask", "s", "what was said?", *QUIET, "--json")
            found = omnilive("search", "s", "picture", *QUIET)
            deleted = omnilive("sessions", "delete", "s", "--yes")
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
    assert second.status == 2
    assert "is being watched by another process: stop it, or use another" in second.err
    assert listed.lines[0]["running"] is True
    assert any(line["type"] == "percept" for line in log.lines)
    assert (asked.status, asked.lines[0]["type"]) == (0, "answer")
    assert found.status == 0 and "picture in" in found.out
    assert deleted.status == 2 and "s" in omnilive.library.names()


def on_a_terminal(omnilive: Shell, *args: str, ctrl_c_after: bytes) -> tuple[int, str]:
    with Terminal(omnilive, *args) as terminal:
        while piece := terminal.read():
            if ctrl_c_after in terminal.seen and ctrl_c_after not in terminal.seen[: -len(piece)]:
                terminal.process.send_signal(signal.SIGINT)
    # Seen once under heavy load: a letter was not valid UTF-8, perhaps because two streams
    # share the terminal. The cause is not proved; no assertion depends on such a letter.
    return terminal.process.returncode, terminal.seen.decode(errors="replace")


def test_the_live_view_draws_and_gives_the_cursor_back(omnilive: Shell, long_clip: str):
    args = ["watch", long_clip, *OFF, *QUIET, "--pace", "live"]
    status, seen = on_a_terminal(omnilive, *args, ctrl_c_after=b"picture in")
    assert status == 130
    assert " of 1:00" in seen and "keeping up" in seen and "loading models" in seen
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")
    assert "stopped at 0:0" in seen
