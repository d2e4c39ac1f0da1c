"""The benchmarks of latency and load in a checkout's `bench/`: which there are, and running one.

Every script writes one result: {"bench", "begun", "machine" (with the commit), "settings",
"figures"}; a figure is a number, or n, median, p95, min, max and deviation of many.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnilive.core.errors import BackendError, ConfigError
from omnilive_lab.timing.commit import checkout

Json = dict[str, Any]
_STDERR = 2  # file descriptor


@dataclass(frozen=True, slots=True)
class Bench:
    """One script. Its results are `NAME.json`, or `NAME-VARIANT.json` for some settings."""

    name: str
    path: Path
    about: str

    def results(self) -> list[Path]:
        """Return the files of its last results; of a variant perhaps only the history is there."""
        folder = self.path.parent / "results"
        found = [folder / f"{name}.json" for name in sorted(_kept(folder)) if self._owns(name)]
        return [path for path in found if not path.exists() or self._wrote(path)]

    def _owns(self, name: str) -> bool:
        return name == self.name or name.startswith((f"{self.name}-", f"{self.name}_"))

    def _wrote(self, path: Path) -> bool:
        return read_result(path)["bench"].startswith(self.name)


def root() -> Path:
    """Return the checkout; ConfigError when omnilive is installed without one."""
    if (found := checkout()) is None:
        raise ConfigError(
            "`omnilive bench` needs a checkout, because the benchmarks are no part of the "
            "installed package: clone the repository, then `pip install -e .` in it"
        )
    return found


def benches() -> dict[str, Bench]:
    """Return every script of `bench/` that reports a result, by name."""
    return {bench.name: bench for bench in _scripts(root() / "bench")}


def named(name: str) -> Bench:
    """Return the script of this name; ConfigError lists the known ones."""
    known = benches()
    if name not in known:
        raise ConfigError(f"no benchmark {name!r} in bench/; choose from {', '.join(known)}")
    return known[name]


def result_file(name: str) -> Path:
    """Return the file of a benchmark's newest result, or of the variant that has this name.

    ConfigError lists the variants where there are only such, and the benchmarks for another name.
    """
    folder = root() / "bench" / "results"
    if name in _kept(folder):
        return folder / f"{name}.json"
    if variants := [path.stem for path in named(name).results()]:
        raise ConfigError(f"{name!r} was run in several ways: name one of {', '.join(variants)}")
    return folder / f"{name}.json"


def run_bench(bench: Bench, arguments: Sequence[str]) -> list[Path]:
    """Run a script with these arguments; return the results that it wrote.

    Its output goes to standard error. BackendError when it fails.
    """
    folder = bench.path.parent / "results"
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.json")}
    command = [sys.executable, str(bench.path), *arguments]
    status = subprocess.run(command, cwd=root(), stdout=_STDERR).returncode
    if status in (-2, 130):
        raise KeyboardInterrupt
    if status:
        raise BackendError(f"bench/{bench.path.name} failed with exit status {status}")
    new = [p for p in sorted(folder.glob("*.json")) if before.get(p) != p.stat().st_mtime_ns]
    return [path for path in new if read_result(path)]


def read_result(path: Path) -> Json:
    """Return a result; ConfigError when the file is none."""
    try:
        return checked(json.loads(path.read_text(encoding="utf-8")), str(path))
    except FileNotFoundError as error:
        raise ConfigError(f"there is no result {path}: run the benchmark first") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is no result: {error}") from error


def checked(result: Any, where: str) -> Json:
    """Return what has the one format of results; ConfigError names what is missing."""
    if not isinstance(result, dict):
        raise ConfigError(f"{where} is no result of a benchmark: it holds no object")
    for name in ("bench", "machine", "settings", "figures"):
        if name not in result:
            raise ConfigError(f"{where} is no result of a benchmark: it has no {name!r}")
    for name in ("machine", "settings", "figures"):
        if not isinstance(result[name] or {}, dict):
            raise ConfigError(f"{where} is no result of a benchmark: {name!r} holds no object")
    if not isinstance(result["bench"], str):
        raise ConfigError(f"{where} is no result of a benchmark: 'bench' holds no name")
    return result


def _kept(folder: Path) -> set[str]:
    """Return the names under which results are there, the newest or a history of them."""
    ends = (".history.jsonl", ".json")
    return {p.name.removesuffix(end) for end in ends for p in folder.glob(f"*{end}")}


def _scripts(folder: Path) -> Iterator[Bench]:
    for path in sorted(folder.glob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError, OSError):
            continue  # being edited
        about = (ast.get_docstring(tree) or "").split("\n")[0]
        if path.stem != "common" and _reports(tree):
            yield Bench(path.stem, path, about)


def _reports(tree: ast.Module) -> bool:
    """Tell whether a script imports what writes a result."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module in ("common", "bench.common")
        and any(alias.name == "report" for alias in node.names)
        for node in ast.walk(tree)
    )
