"""What every benchmark shares: the machine, medians and spreads, one JSON result per run."""

import json
import os
import platform
import statistics
import subprocess
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
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", "src"], **here).returncode
    return f"{name}+" if changed else name


COMMIT = _commit()  # of the code that runs, not of what is checked out when the run ends


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
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return n, median, p95, minimum and maximum."""
    if not values:
        return {"n": 0}
    return {
        "n": len(values),
        "median": round(statistics.median(values), 3),
        "p95": round(percentile(values, 0.95), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
    }


def report(name: str, settings: dict[str, Any], figures: dict[str, Any]) -> None:
    """Print the result and keep it as JSON under bench/results/."""
    result = {"bench": name, "machine": machine(), "settings": settings, "figures": figures}
    print(json.dumps(result, indent=2, ensure_ascii=False))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False))
