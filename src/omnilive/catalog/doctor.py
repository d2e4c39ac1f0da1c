"""What is installed, what is missing, and what to type: `checkup()` looks and changes nothing.

Nothing heavy is imported: packages are read from their metadata, models from their sizes.
"""

import os
import platform
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from omnilive.catalog.base import ModelState, Status
from omnilive.catalog.library import Library
from omnilive.catalog.machine import cpu_count, gpu_names, memory_bytes
from omnilive.catalog.models import MODELS
from omnilive.core.paths import home, sessions_folder

_NEEDED_MEMORY_BYTES = 3_000_000_000
_NEEDED_DISK_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. What is optional is `ok` even when absent, and says so in its detail."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def checkup(library: Library | None = None) -> list[Check]:
    """Look at this machine as far as OmniLive depends on it."""
    states = (library or Library(home() / "models", MODELS)).states()
    wanted = [state for state in states if state.model.default]
    return [
        _python(),
        _pip(is_needed=any(state.status is not Status.OK for state in wanted)),
        *_packages(),
        *(_model(state) for state in wanted),
        _folder("model folder", home()),
        _folder("session folder", sessions_folder()),
        _sqlite(),
        _memory(),
        Check("processor", True, f"{cpu_count()} cores, {platform.machine()}"),
        _gpu(),
        _ffmpeg(),
        _terminal(),
    ]


def _python() -> Check:
    detail = f"{platform.python_version()} at {sys.executable}"
    new_enough = sys.version_info >= (3, 11)
    return Check("python", new_enough, detail, "" if new_enough else "install Python 3.11 or newer")


def _pip(is_needed: bool) -> Check:
    if util.find_spec("pip") is not None:
        return Check("pip", True, "present")
    detail = "absent: models cannot be pulled from a package index"
    return Check("pip", not is_needed, detail, f"`{sys.executable} -m ensurepip`")


def _packages() -> Iterator[Check]:
    try:
        requirements = metadata.requires("omnilive") or []
    except metadata.PackageNotFoundError:
        yield Check("omnilive", False, "not installed", "`pip install -e .` in its folder")
        return
    seen: set[str] = set()
    for line in requirements:
        requirement, _, marker = line.partition(";")
        name, least = _parse(requirement)
        if name not in seen:
            yield _package(name, least, optional="extra" in marker)
        seen.add(name)


def _parse(requirement: str) -> tuple[str, str]:
    """Split "av>=17.1" into the package's name and its least version, if any."""
    name = re.match(r"[\w.-]+", requirement)
    least = re.search(r">=\s*([\w.]+)", requirement)
    assert name, requirement
    return name.group(), least.group(1) if least else "0"


def _package(name: str, least: str, optional: bool) -> Check:
    remedy = f"`{sys.executable} -m pip install '{name}>={least}'`"
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Check(name, optional, "absent (optional)" if optional else "absent", remedy)
    if _numbers(version) < _numbers(least):
        return Check(name, False, f"{version} is too old, {least} is needed", remedy)
    return Check(name, True, version)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(n) for n in re.findall(r"\d+", version)[:3]]
    return tuple(numbers + [0] * (3 - len(numbers)))


def _model(state: ModelState) -> Check:
    name = state.model.name
    size = f"{state.model.size_bytes / 1e6:.1f} MB"
    ok = state.status is Status.OK
    detail = f"{size}, {state.model.job}" if ok else f"{state.status.value} ({size})"
    return Check(f"model {name}", ok, detail, "" if ok else f"`omnilive models pull {name}`")


def _folder(name: str, folder: Path) -> Check:
    """Check the folder, or the nearest one above it that exists already."""
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    variable = "OMNILIVE_HOME" if name == "model folder" else "OMNILIVE_DATA"
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        return Check(
            name, False, f"{folder} cannot be written", f"set {variable} to another folder"
        )
    free_bytes = shutil.disk_usage(there).free
    detail = f"{folder}, {free_bytes / 1e9:.1f} GB free"
    remedy = f"free some disk space, or set {variable} to a folder on another disk"
    enough = free_bytes >= _NEEDED_DISK_BYTES
    return Check(name, enough, detail, "" if enough else remedy)


def _sqlite() -> Check:
    version = sqlite3.sqlite_version
    try:
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
    except sqlite3.Error as error:
        remedy = "use a Python whose sqlite3 has full-text search (FTS5)"
        return Check("sqlite", False, f"{version} without FTS5 ({error})", remedy)
    return Check("sqlite", True, f"{version} with FTS5")


def _memory() -> Check:
    size_bytes = memory_bytes()
    enough = size_bytes >= _NEEDED_MEMORY_BYTES
    remedy = "" if enough else "run on a machine with 3 GB of memory or more"
    return Check("memory", enough, f"{size_bytes / 1e9:.1f} GB", remedy)


def _gpu() -> Check:
    names = gpu_names()
    return Check("gpu", True, ", ".join(names) or "none (optional: the default models need none)")


def _ffmpeg() -> Check:
    found = shutil.which("ffmpeg")
    remedy = "" if found else "install your system's package `ffmpeg`"
    return Check("ffmpeg", True, found or "absent (optional: media is read without it)", remedy)


def _terminal() -> Check:
    kind = os.environ.get("TERM", "unknown") if sys.stdout.isatty() else "not a terminal"
    size = shutil.get_terminal_size()
    encoding = (sys.stdout.encoding or "ascii").lower()
    remedy = "" if "utf" in encoding else "set PYTHONUTF8=1 to see every character"
    return Check("terminal", True, f"{kind}, {size.columns}x{size.lines}, {encoding}", remedy)
