"""Compares two results of one benchmark, by a stated rule for what is noise.

The rule. A figure that was measured n times has a median m; its standard error is taken as
1.2533 s / sqrt(n), where s is the robust deviation of the values (1.4826 times the median distance
from the median; where a result does not hold it, (p95 - m) / 1.645). A change of the median counts
when it is larger than twice sqrt(e1^2 + e2^2), and larger than 5 % of the old median: below that,
machines differ from one minute to the next. A figure without n counts from 10 % on. Results of
other machines or settings are compared all the same, with a warning.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Json = Mapping[str, Any]
Verdict = Literal["same", "better", "worse", "changed", "new", "gone"]
LEAST, LEAST_SINGLE = 0.05, 0.10  # shares of the old value
TWICE = 2.0
LOWER = ("_s", "_ms", "_bytes", "_mb", "_mib", "wer", "cer", "lag", "dropped", "wrong", "missed",
         "false_alarms", "latency")  # fmt: skip
HIGHER = ("_x", "right", "recall", "precision", "speed", "accuracy", "f1", "_fps", "per_s")


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: a single value, or the median of `n` with its deviation."""

    value: float
    n: int = 0
    deviation: float | None = None

    @property
    def error(self) -> float:
        """Standard error of the median; 0 where it is not known."""
        if not self.n or self.deviation is None:
            return 0.0
        return 1.2533 * self.deviation / math.sqrt(self.n)


@dataclass(frozen=True, slots=True)
class Change:
    """A figure in two results."""

    name: str
    old: Figure | None
    new: Figure | None
    verdict: Verdict
    noise: float  # changes up to here do not count

    @property
    def share(self) -> float | None:
        """How much of the old value the change is."""
        if self.old is None or self.new is None or not self.old.value:
            return None
        return (self.new.value - self.old.value) / abs(self.old.value)


def flat(figures: Any, name: str = "") -> Iterator[tuple[str, Figure]]:
    """Yield every number of a result's figures by its path; of a spread, its median."""
    if isinstance(figures, Mapping):
        if "median" in figures and "n" in figures:
            yield name, _spread(figures)
            return
        for key, value in figures.items():
            yield from flat(value, f"{name}.{key}" if name else str(key))
    elif isinstance(figures, list):
        for index, value in enumerate(figures):
            yield from flat(value, f"{name}[{index}]")
    elif isinstance(figures, int | float) and not isinstance(figures, bool):
        if math.isfinite(figures):
            yield name, Figure(float(figures))


def compare(old: Json, new: Json) -> list[Change]:
    """Return every figure of both results, in the order of the new one."""
    before, after = dict(flat(old["figures"])), dict(flat(new["figures"]))
    changes = [_change(name, before.get(name), figure) for name, figure in after.items()]
    gone = [name for name in before if name not in after]
    return changes + [Change(name, before[name], None, "gone", 0.0) for name in gone]


def cautions(old: Json, new: Json) -> list[str]:
    """Return why the two should not be compared without a second thought."""
    found = []
    if old["bench"] != new["bench"]:
        found.append(f"two benchmarks: {old['bench']} and {new['bench']}")
    for part in ("machine", "settings"):
        a, b = old[part] or {}, new[part] or {}
        for name in sorted({*a, *b} - {"commit"}):
            if a.get(name) != b.get(name):
                found.append(f"{part}: {name} was {a.get(name)}, is {b.get(name)}")
    return found


def _change(name: str, old: Figure | None, new: Figure) -> Change:
    if old is None:
        return Change(name, None, new, "new", 0.0)
    least = LEAST if old.n and new.n else LEAST_SINGLE
    noise = max(TWICE * math.hypot(old.error, new.error), least * abs(old.value))
    difference = new.value - old.value
    if abs(difference) <= noise:
        return Change(name, old, new, "same", noise)
    return Change(name, old, new, _verdict(name, difference), noise)


def _verdict(name: str, difference: float) -> Verdict:
    last = name.lower().rsplit(".", 1)[-1]
    if last.endswith(HIGHER):
        return "better" if difference > 0 else "worse"
    if last.endswith(LOWER):
        return "better" if difference < 0 else "worse"
    return "changed"


def _spread(spread: Mapping[str, Any]) -> Figure:
    n, median = int(spread["n"]), float(spread["median"])
    deviation = spread.get("deviation")
    if deviation is None and spread.get("p95") is not None:
        deviation = max(0.0, float(spread["p95"]) - median) / 1.645
    return Figure(median, n, deviation)
