"""The learned compressor against recall without training, on streams and wordings never seen.

    omnilive train compressor --seed 0 --out runs/compressor-0    (and 1, and 2)
    python bench/compressor.py runs/compressor-0 runs/compressor-1 runs/compressor-2

Each checkpoint is measured on streams of its own, which no run has learned from or was tuned on.
"""

import argparse
import multiprocessing
import statistics
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from common import report

from omnilive.memory.compressor.checkpoint import read_card
from omnilive_lab.compressor.evaluate import METHODS, Outcome, evaluate, held_out_seeds


def table(outcomes: list[Outcome]) -> dict[str, dict[str, float]]:
    """Return the means of each method."""
    found: dict[str, dict[str, float]] = {}
    for method in METHODS:
        of_method = [o for o in outcomes if o.method == method]
        found[method] = {
            "at_1": statistics.mean(o.at_1 for o in of_method),
            "at_5": statistics.mean(o.at_5 for o in of_method),
        }
    return found


def over_runs(runs: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, Any]]:
    """Return mean, lowest and highest of each figure."""
    return {
        method: {
            name: {
                "mean": round(statistics.mean(run[method][name] for run in runs), 4),
                "min": round(min(run[method][name] for run in runs), 4),
                "max": round(max(run[method][name] for run in runs), 4),
            }
            for name in ("at_1", "at_5")
        }
        for method in METHODS
    }


def by_kind(outcomes: list[Outcome]) -> dict[str, dict[str, str]]:
    """Return recall at 1 and at 5 of each kind of question, all runs together."""
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        kinds[outcome.kind].append(outcome)
    return {
        kind: {m: f"{f['at_1']:.3f} / {f['at_5']:.3f}" for m, f in table(of_kind).items()}
        for kind, of_kind in sorted(kinds.items())
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--streams", type=int, default=4, help="for each checkpoint")
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--needles", type=int, default=6)
    parser.add_argument("--jobs", type=int, default=1, help="checkpoints at the same time")
    parser.add_argument("--name", default="compressor", help="of the results")
    args = parser.parse_args()
    began = time.perf_counter()
    runs: list[dict[str, dict[str, float]]] = []
    everything: list[Outcome] = []
    seeds = [held_out_seeds(read_card(f).made["seed"], args.streams) for f in args.checkpoints]
    several = [[value] * len(seeds) for value in (args.hours, args.needles)]
    with ProcessPoolExecutor(args.jobs, multiprocessing.get_context("spawn")) as pool:
        for outcomes in pool.map(evaluate, args.checkpoints, seeds, *several):
            runs.append(table(outcomes))
            everything += outcomes
    counts = Counter(o.kind for o in everything if o.method == "random")
    figures = {
        "questions": sum(counts.values()), "of_each_kind": dict(counts), "recall": over_runs(runs),
        "each_run": runs, "by_kind": by_kind(everything),
        "wall_s": round(time.perf_counter() - began, 1),
    }  # fmt: skip
    settings = {
        "checkpoints": [read_card(folder).made for folder in args.checkpoints],
        "streams": args.streams, "hours": args.hours, "needles": args.needles,
    }  # fmt: skip
    report(args.name, settings, figures)
    print("\n| ranking | recall at 1 | recall at 5 |\n|---|---|---|")
    for method, found in figures["recall"].items():
        cells = (f"{f['mean']:.3f} ({f['min']:.3f} to {f['max']:.3f})" for f in found.values())
        print(f"| {method} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
