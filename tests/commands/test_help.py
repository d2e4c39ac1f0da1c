import re
import subprocess
import sys

import pytest

from tests.commands.conftest import Shell

COMMANDS = [
    "watch", "ask", "search", "timeline", "forget", "doctor", "serve", "sessions list",
    "sessions show", "sessions delete", "sessions export", "sessions import", "models list",
    "models pull", "models verify", "config show", "config schema", "memory show",
    "memory budget", "memory pins", "memory pin", "memory unpin", "memory edit",
    "memory retention", "memory check", "eval", "bench",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(omnilive: Shell, command: str):
    done = omnilive(*command.split(), "--help")
    assert done.status == 0
    assert re.search(rf"Examples?:\n +omnilive {command} ?", done.out)


def test_the_help_states_the_exit_codes(omnilive: Shell):
    text = " ".join(omnilive("--help").out.split())
    for code in ("0 done", "2 wrong usage", "3 the source", "4 a model", "130 interrupted"):
        assert code in text


def test_the_version(omnilive: Shell):
    done = omnilive("--version")
    assert (done.status, done.out) == (0, "omnilive 0.1.0\n")


def test_no_command_shows_the_help_and_is_wrong_usage(omnilive: Shell):
    done = omnilive()
    assert done.status == 2 and "Commands:" in done.err


def test_the_module_ends_with_the_status_of_the_command():
    done = subprocess.run([sys.executable, "-m", "omnilive", "nonesuch"], capture_output=True)
    assert done.returncode == 2
