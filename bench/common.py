"""What every benchmark shares: the machine, medians and spreads, one JSON result per run.

The format of a result, which `omnilive bench` lists, compares and draws:

    {"bench": name, "begun": UTC, "machine": {..., "commit"}, "settings": {...}, "figures": {...}}

A figure is a number, or what `spread` returns of many. Every run also goes into
bench/results/NAME.history.jsonl.
"""

import datetime
import json
import math
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("OMNILIVE_SHARED", ROOT.parent / "shared")) / "media" / "dev"
RESULTS = ROOT / "bench" / "results"


def _commit() -> str:
    """Return the commit, with a plus sign when files that git knows are changed."""
    here = {"cwd": ROOT, "capture_output": True, "text": True}
    name = subprocess.run(["git", "rev-parse", "--short", "HEAD"], **here).stdout.strip()
    changed = ["git", "status", "--porcelain", "--", "src", "bench/*.py"]
    return f"{name}+" if subprocess.run(changed, **here).stdout.strip() else name


# Read when the run begins: of the code that runs, not of what is checked out when it ends.
COMMIT = _commit()
BEGUN = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, memory, Python, commit."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":")[1].strip()
            break
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(pages * page / 2**30, 1),
        "python": platform.python_version(),
        "system": platform.platform(),
        "commit": COMMIT,
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the sorted values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else float("nan")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return n, median, p95, minimum, maximum, and the robust deviation of the values.

    The deviation is 1.4826 times the median distance from the median: of normally distributed
    values it is their standard deviation, and a few that are far off do not move it.
    """
    if not values:
        return {"n": 0}
    middle = statistics.median(values)
    return {
        "n": len(values),
        "median": round(middle, 3),
        "p95": round(percentile(values, 0.95), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
        "deviation": round(1.4826 * statistics.median(abs(v - middle) for v in values), 4),
    }


def report(name: str, settings: dict[str, Any], figures: dict[str, Any]) -> None:
    """Print the result, keep it as JSON under bench/results/, and add it to the history."""
    result = {
        "bench": name,
        "begun": BEGUN,
        "command": " ".join(["python", os.path.relpath(sys.argv[0], ROOT), *sys.argv[1:]]),
        "machine": machine(),
        "settings": settings,
        "figures": figures,
    }
    print(json.dumps(result, indent=2, ensure_ascii=False))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False))
    with (RESULTS / f"{name}.history.jsonl").open("a") as history:
        history.write(json.dumps(result, ensure_ascii=False) + "\n")
