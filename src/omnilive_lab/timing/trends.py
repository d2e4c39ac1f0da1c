"""The history of a benchmark's results: every run is kept in bench/results/NAME.history.jsonl."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from omnilive.core.errors import ConfigError
from omnilive_lab.evaluation import svg
from omnilive_lab.timing.comparing import flat
from omnilive_lab.timing.scripts import checked, read_result

Point = tuple[str, float]  # commit, value
BLOCKS = "▁▂▃▄▅▆▇█"
MOST_PLOTS = 60


def history(path: Path) -> list[dict[str, Any]]:
    """Return every result that was kept, oldest first; `path` is the newest one's file."""
    kept = path.with_suffix(".history.jsonl")
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(checked(json.loads(line), f"{kept}, line {number}"))
        except ValueError:
            continue  # torn by a kill
    newest = read_result(path) if path.exists() else None
    return found if newest is None or newest in found else [*found, newest]


def newest(path: Path) -> dict[str, Any]:
    """Return the newest result, from the history where only that is there."""
    if path.exists() or not (found := history(path)):
        return read_result(path)
    return found[-1]


def at_commit(path: Path, commit: str) -> dict[str, Any]:
    """Return the newest result of a commit; ConfigError lists the commits that there are."""
    found = history(path)
    names = [str((result["machine"] or {}).get("commit", "?")) for result in found]
    for name, result in zip(reversed(names), reversed(found), strict=True):
        if name.startswith(commit) or (commit and commit.startswith(name.rstrip("+"))):
            return result
    known = ", ".join(dict.fromkeys(names)) or "none"
    raise ConfigError(f"no result of {path.stem} at commit {commit!r}; there are: {known}")


def trends(results: Sequence[dict[str, Any]], wanted: str = "") -> dict[str, list[Point]]:
    """Return the values of each figure over the results; `wanted` is part of its name."""
    lines: dict[str, list[Point]] = {}
    for result in results:
        commit = str((result["machine"] or {}).get("commit", "?"))
        for name, figure in flat(result["figures"]):
            if wanted in name:
                lines.setdefault(name, []).append((commit, figure.value))
    return lines


def sparkline(values: Sequence[float]) -> str:
    """Return values as one line of blocks."""
    low, high = min(values), max(values)
    if high == low:
        return BLOCKS[0] * len(values)
    return "".join(BLOCKS[round((v - low) / (high - low) * (len(BLOCKS) - 1))] for v in values)


def page(name: str, lines: dict[str, list[Point]], results: Sequence[dict[str, Any]]) -> str:
    """Return the trends as an HTML page that needs nothing else."""
    machines = sorted({_machine(result) for result in results})
    plots = [svg.trend(title, points) for title, points in list(lines.items())[:MOST_PLOTS]]
    left_out = max(0, len(lines) - MOST_PLOTS)
    more = f"<p>{left_out} more figures: choose some with --figure.</p>" if left_out else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(name)}</title>'
        "<style>body{font:15px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;"
        "padding:0 1rem}svg{max-width:100%;margin:1rem 0}</style></head><body>"
        f"<h1>{escape(name)}</h1><p>{len(results)} results; "
        f"machines: {escape('; '.join(machines))}.</p>{''.join(plots)}{more}</body></html>\n"
    )


def _machine(result: dict[str, Any]) -> str:
    machine = result["machine"] or {}
    return f"{machine.get('cpu', '?')}, {machine.get('cores', '?')} cores"
