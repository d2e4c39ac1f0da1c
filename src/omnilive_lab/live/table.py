"""Results as the paper's table: a line for each way of training, mean and spread over seeds."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

Runs = Mapping[str, Sequence[Mapping[str, float | None]]]
"""Name of a line -> the figures of each of its runs (seeds)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A figure, and how it is shown: times `scale`, with `digits` behind the point."""

    key: str
    title: str
    better: Literal["less", "more", ""] = ""
    scale: float = 1.0
    digits: int = 1

    @property
    def head(self) -> str:
        """The title with an arrow to the better side."""
        return self.title + {"less": " ↓", "more": " ↑", "": ""}[self.better]


FORCED = (
    Column("LM-PPL", "LM-PPL", "less", digits=2),
    Column("LM-Correctness", "LM-Correctness %", "more"),
    Column("TimeDiff", "TimeDiff s", "less", digits=2),
    Column("Fluency", "Fluency %", "more"),
    Column("forced_quiet_share", "still streams without a remark %", "more", 100),
    Column("forced_f1", "F1 of speaking %", "more", 100),
    Column("train_tokens", "training tokens", digits=0),
    Column("train_s", "training min", scale=1 / 60),
)
"""Teacher-forced, for every objective; `train_tokens` and `train_s` are the trainer's."""

ENGINE = (
    Column("f1", "F1 of speaking %", "more", 100),
    Column("f1_text", "F1, text right %", "more", 100),
    Column("delay_s", "off by s", "less", digits=2),
    Column("missed_share", "missed %", "less", 100),
    Column("quiet_share", "still streams without a remark %", "more", 100),
    Column("answers_right", "answers right %", "more", 100),
    Column("engine_fps", "frames a second", "more", digits=0),
)
"""What the engine says when it plays the streams itself."""


def markdown(runs: Runs, columns: Sequence[Column] = FORCED) -> str:
    """Return a Markdown table; the best mean of a column is bold."""
    lines = [
        "| | " + " | ".join(column.head for column in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for name, cells in _cells(runs, columns):
        shown = [f"**{text}**" if best else text for text, best in cells]
        lines.append(f"| {name} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def html(title: str, tables: Sequence[tuple[str, Runs, Sequence[Column]]]) -> str:
    """Return a page that needs nothing else, with a table for each (heading, runs, columns)."""
    body = "".join(
        f"<h2>{escape(heading)}</h2><div class=wide>{_html_table(runs, columns)}</div>"
        for heading, runs, columns in tables
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}</body></html>\n"
    )


_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 72rem; margin: 2rem auto;
       padding: 0 1rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #e4e4e4; text-align: right; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
"""


def _html_table(runs: Runs, columns: Sequence[Column]) -> str:
    head = "".join(f"<th>{escape(column.head)}</th>" for column in columns)
    rows = []
    for name, cells in _cells(runs, columns):
        shown = (f"<td>{f'<b>{escape(t)}</b>' if best else escape(t)}</td>" for t, best in cells)
        rows.append(f"<tr><td>{escape(name)}</td>{''.join(shown)}</tr>")
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def _cells(runs: Runs, columns: Sequence[Column]) -> list[tuple[str, list[tuple[str, bool]]]]:
    """Return for each line its name and (text, whether it is the best) of each column."""
    values = {name: [_values(of, column) for column in columns] for name, of in runs.items()}
    best = [_best([of[i] for of in values.values()], column) for i, column in enumerate(columns)]
    return [
        (name, [(_text(of, c), _mean(of) is not None and _mean(of) == b)
                for of, c, b in zip(row, columns, best, strict=True)])
        for name, row in values.items()
    ]  # fmt: skip


def _values(runs: Sequence[Mapping[str, float | None]], column: Column) -> list[float]:
    """Return a column's values of those runs that have one, scaled."""
    found = (run.get(column.key) for run in runs)
    return [value * column.scale for value in found if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _best(lines: Sequence[Sequence[float]], column: Column) -> float | None:
    means = [mean for values in lines if (mean := _mean(values)) is not None]
    if not column.better or len(means) < 2:
        return None
    return max(means) if column.better == "more" else min(means)


def _text(values: Sequence[float], column: Column) -> str:
    """Return mean ± standard deviation of a sample; of one run the value alone."""
    mean = _mean(values)
    if mean is None:
        return "–"
    text = f"{mean:,.{column.digits}f}"
    if len(values) < 2:
        return text
    return f"{text} ± {statistics.stdev(values):,.{column.digits}f}"
