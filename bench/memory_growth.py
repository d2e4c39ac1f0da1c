"""Two weeks of a busy place through the real ingest path: does the memory stay inside its budget?

python bench/memory_growth.py                     # 14 days with the default budget
python bench/memory_growth.py --day-hours 2 --set moments=1600 ... --name memory_growth_short

The generator (omnilive_lab.streams) tells the life of a shop at the rate at which a busy clip is
perceived; every half second with something in it is one write, and so is each --idle s without.
Costs are processor time of this thread, as other work on the machine is none of the memory's.
With `--embedder words`, bags of words take the place of the model: the memory's own cost alone.
"""

import argparse
import hashlib
import resource
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from common import percentile, report

from omnilive.catalog import fetch
from omnilive.core.events import Event
from omnilive.memory.base import SourceRow
from omnilive.memory.consolidation.budget import BudgetConfig
from omnilive.memory.consolidation.compaction import Compactor
from omnilive.memory.control.pins import pin
from omnilive.memory.ledger import Ledger
from omnilive.memory.moments import MomentConfig
from omnilive.memory.search.embed import Embedder
from omnilive.memory.search.minilm import MiniLM
from omnilive.memory.search.words import content_words
from omnilive.memory.store import Store, keyframe_path
from omnilive_lab.streams import stream

TICK_S = 0.5  # two pictures a second
START_WALL_S = 1_767_603_600.0  # Monday, 5 January 2026, 9:00
PINS = 12  # minutes of the first day that are pinned
LAST_DAYS = 3  # over which the size may hardly grow any more


@dataclass(slots=True)
class Costs:
    """Processor seconds of a day's writes."""

    all: list[float] = field(default_factory=list[float])
    moment: list[float] = field(default_factory=list[float])  # for each moment cut
    moments: int = 0

    def take(self, cost_s: float, moments: int) -> None:
        self.all.append(cost_s)
        if moments:
            self.moment += [cost_s / moments] * moments
            self.moments += moments

    def figures(self) -> dict[str, Any]:
        ms = [1e3 * s for s in self.all]
        of_moments = [1e3 * s for s in self.moment]
        return {
            "writes": len(ms),
            "moments_cut": self.moments,
            "write_ms": {
                "median": round(percentile(ms, 0.5), 3), "p95": round(percentile(ms, 0.95), 3),
                "p999": round(percentile(ms, 0.999), 2), "max": round(max(ms), 1),
            },
            "write_with_moment_ms": {
                "median": round(percentile(of_moments, 0.5), 3),
                "p95": round(percentile(of_moments, 0.95), 3),
            },
            # all that was done that day, by the moments that it came to
            "per_moment_ms": round(sum(ms) / max(1, self.moments), 3),
        }  # fmt: skip


class Words:
    """Bags of words by hash: no model, but vectors that tell texts apart."""

    name = "words-384"

    def embed(self, texts: list[str]) -> np.ndarray:
        """Return (N, 384) float32 unit vectors."""
        vectors = np.full((len(texts), 384), 1e-3, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in content_words(text):
                row[zlib.crc32(word.encode()) % 384] += 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def batches(
    events: Iterator[Event], end_s: float, idle_s: float
) -> Iterator[tuple[list[Event], float]]:
    """Yield what each write takes, and up to when everything is perceived then."""
    batch: list[Event] = []
    at_s = written_s = 0.0
    for event in events:
        while event.t >= at_s + TICK_S:
            at_s += TICK_S
            if batch or at_s - written_s >= idle_s:
                yield batch, at_s
                batch, written_s = [], at_s
        batch.append(event)
    yield batch, end_s


def resident_mib() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def held(store: Store) -> list[tuple[Any, ...]]:
    """Return everything that lies in what is pinned, byte for byte."""
    found: list[tuple[Any, ...]] = []
    for start_s, end_s in store.rows("SELECT start_s, end_s FROM pin ORDER BY start_s"):
        fact = "SELECT id, key, start_s, end_s, text, data FROM fact WHERE start_s <= ? AND "
        found += store.rows(f"{fact} end_s >= ? AND NOT open ORDER BY id", end_s, start_s)
        moment = "SELECT id, start_s, end_s, text, level, size FROM moment WHERE start_s < ? "
        found += store.rows(f"{moment} AND end_s > ? ORDER BY id", end_s, start_s)
        shot = "SELECT id, t, bytes FROM keyframe WHERE t >= ? AND t <= ? ORDER BY id"
        for id, t, size in store.rows(shot, start_s, end_s):
            jpeg = (store.folder / keyframe_path(id)).read_bytes()
            found.append((id, t, size, hashlib.sha256(jpeg).hexdigest()))
    return found


def day_figures(store: Store, compactor: Compactor, costs: Costs, wall_s: float) -> dict[str, Any]:
    usage = compactor.usage
    levels = dict(store.rows("SELECT level, count(*) FROM moment GROUP BY level ORDER BY level"))
    vectors = store.value("SELECT count(*) FROM vector")
    file_bytes = sum(path.stat().st_size for path in store.folder.glob("memory.db*"))
    return {
        "content_bytes": usage.bytes, "file_bytes": file_bytes,
        "moment_rows": usage.moments, "levels": levels, "facts": usage.facts,
        "tallies": store.value("SELECT count(*) FROM fact WHERE key LIKE '%:m:%'"),
        "vectors": vectors, "log_lines": usage.log_lines, "keyframes": usage.keyframes,
        "keyframe_bytes": usage.keyframe_bytes, "resident_mib": resident_mib(),
        "wall_s": round(wall_s, 1), **costs.figures(),
    }  # fmt: skip


def watch(
    store: Store, ledger: Ledger, compactor: Compactor, options: argparse.Namespace
) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]]]:
    """Live through the days; return each day's figures, and what was pinned after the first."""
    day_s = 3600 * options.day_hours
    end_s = options.days * day_s
    events = stream(
        options.seed, end_s / 3600, START_WALL_S, place=options.place, busy=options.busy,
        keyframes=True,
    )  # fmt: skip
    days: list[dict[str, Any]] = []
    pinned: list[tuple[Any, ...]] = []
    costs, began = Costs(), time.perf_counter()

    def end_of_day() -> None:
        nonlocal costs, began, pinned
        days.append(day_figures(store, compactor, costs, time.perf_counter() - began))
        print(f"day {len(days)}: {days[-1]}", flush=True)
        if len(days) == 1:
            for i in range(PINS):
                at_s = (i + 1) / (PINS + 2) * day_s
                pin(store, at_s, at_s + 60.0, f"pin {i}")
            pinned = held(store)
        costs, began = Costs(), time.perf_counter()

    for batch, at_s in batches(events, end_s, options.idle):
        if at_s > (len(days) + 1) * day_s and len(days) + 1 < options.days:
            end_of_day()
        before = time.thread_time()
        lines = ledger.write(batch, at_s, at_s)
        cut = sum(line["type"] == "moment" for line in lines)
        costs.take(time.thread_time() - before, cut)
    ledger.finish(end_s)
    end_of_day()
    return days, pinned


def summary(days: list[dict[str, Any]], budget: BudgetConfig) -> dict[str, Any]:
    first, last = days[0], days[-1]
    before = days[max(0, len(days) - 1 - LAST_DAYS)]
    names = {
        "moment_rows": budget.moments, "facts": budget.facts, "log_lines": budget.log_lines,
        "content_bytes": budget.bytes, "keyframes": budget.keyframes,
        "keyframe_bytes": budget.keyframe_bytes,
    }  # fmt: skip
    return {
        "cost_last_day_over_first": {
            name: round(_of(last, name) / _of(first, name), 3)
            for name in ("per_moment_ms", "write_ms", "write_with_moment_ms")
        },
        "of_budget_at_most": {
            name: round(max(day[name] for day in days) / most, 3) for name, most in names.items()
        },
        f"growth_over_the_last_{LAST_DAYS}_days": {
            name: round(last[name] / max(1, before[name]) - 1, 4)
            for name in (*names, "file_bytes", "resident_mib")
        },
        "days_per_minute": round(60 * len(days) / sum(day["wall_s"] for day in days), 2),
    }  # fmt: skip


def _of(day: dict[str, Any], name: str) -> float:
    value = day[name]
    return value["median"] if isinstance(value, dict) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--day-hours", type=float, default=24.0, help="a shorter day, to try out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--place", default="shop")
    parser.add_argument("--busy", type=float, default=4.0)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--embedder", choices=("minilm", "words"), default="minilm")
    parser.add_argument("--idle", type=float, default=2.0)
    parser.add_argument("--name", default="memory_growth")
    options = parser.parse_args()
    budget = BudgetConfig(**dict(item.split("=", 1) for item in options.set))
    embedder: Embedder = Words()
    if options.embedder == "minilm":
        embedder = MiniLM(fetch.path("minilm-l6-v2-int8"))
    folder = Path(tempfile.mkdtemp(prefix="memory-growth-"))
    store = Store(folder / "session", create=True)
    store.set_meta("created_wall_s", str(START_WALL_S))
    try:
        source = store.put_source(
            SourceRow(
                id=0,
                url="made-up shop",
                kind="stream",
                offset_s=0.0,
                duration_s=None,
                has_video=True,
                has_audio=True,
                state="live",
            )  # fmt: skip
        )
        compactor = Compactor(store, budget, "UTC")
        ledger = Ledger.begin(store, source, 0.0, 0.0, MomentConfig(), embedder, compactor)
        days, pinned = watch(store, ledger, compactor, options)
        after = set(map(tuple, held(store)))
        lost = [row for row in map(tuple, pinned) if row not in after]
        figures = {
            **summary(days, budget),
            "pinned": {"rows_and_pictures": len(pinned), "lost_or_changed": len(lost)},
            "integrity": store.check(),
            "peak_resident_mib": round(
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1
            ),
            "days": days,
        }  # fmt: skip
        settings = {
            "days": options.days, "day_hours": options.day_hours, "seed": options.seed,
            "place": options.place, "busy": options.busy, "embedder": options.embedder,
            "tick_s": TICK_S,
            "idle_s": options.idle, "budget": budget.model_dump(),
        }  # fmt: skip
        report(options.name, settings, figures)
    finally:
        store.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
