"""A run as Markdown: figures beside the published rows, what they mean, cost, and how made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnilive.core.errors import StoreError
from omnilive_lab.evaluation import results
from omnilive_lab.evaluation.summing import published

Json = Mapping[str, Any]
MARKED = "IXC2.5-OL"  # the published row of the system that this one builds on
DASH = "–"


@dataclass(frozen=True, slots=True)
class Report:
    """All that a report is made of."""

    run: Json
    summary: Json
    performance: Json
    table: Json | None  # published
    lines: Sequence[Json]  # of timings.jsonl

    @classmethod
    def read(cls, out: Path, key: str) -> "Report":
        """Read a finished run from its folder; `key` names its published table."""
        try:
            run, summary, cost = (
                json.loads((out / name).read_text(encoding="utf-8"))
                for name in (results.RUN, results.SUMMARY, results.PERFORMANCE)
            )
        except (OSError, ValueError) as error:
            raise StoreError(f"{out} holds no whole run: {error}") from error
        lines = list(results.read_lines(out / results.TIMINGS))
        return cls(run, summary, cost, published(key), lines)

    @property
    def columns(self) -> list[str]:
        """The published columns that we have, then our own."""
        ours = list(self.summary["official"])
        known = [name for name in self.table["columns"] if name in ours] if self.table else []
        return [*known, *(name for name in ours if name not in known)]

    @property
    def rows(self) -> list[tuple[str, Json]]:
        """The published rows."""
        return [(row["model"], row["scores"]) for row in self.table["rows"]] if self.table else []

    @property
    def pace(self) -> str:
        """How clips were played; "" where none was."""
        return self.run["settings"]["model_settings"].get("pace", "")

    @property
    def title(self) -> str:
        """One line that says what this is."""
        summary = self.summary
        return f"{summary['title']}: {summary['model']}, {summary['mode']}"


def figure(value: float | None) -> str:
    """Return a figure as it is shown; two digits after the point."""
    return DASH if value is None else f"{value:.2f}"


def warnings(report: Report) -> list[str]:
    """Return what a reader must know before believing a figure."""
    summary, found = report.summary, []
    status = summary["status"]
    if status["failed"]:
        found.append(
            f"{status['failed']} of {summary['items']} items failed and are in no figure, such as "
            f"{summary['failed'][0]['id']}: {summary['failed'][0]['why']}"
        )
    for reason, count in summary["skipped"].items():
        found.append(f"{count} items were skipped: {reason}")
    if status["unscored"]:
        found.append(
            f"{status['unscored']} replies could not be marked and are in no strict figure "
            "(officially as the published script counts them), such as "
            f"{summary['unscored'][0]['id']}: {summary['unscored'][0]['why']}"
        )
    if repeated := summary["repeated_ids"]:
        found.append(f"{len(repeated)} ids come twice in the data; each row counts")
    if others := report.run.get("other_commits"):
        named = ", ".join(map(str, [report.run.get("commit"), *others]))
        found.append(f"the run was resumed with other code: commits {named}")
    if report.run["settings"]["limit"] is not None:
        found.append(f"only the first {summary['items']} items were run (--limit)")
    return [*found, *summary["notes"]]


def facts(report: Report) -> list[tuple[str, str]]:
    """Return how the run was made, as (name, value)."""
    run, settings = report.run, report.run["settings"]
    machine = run.get("machine", {})
    rows = [
        ("command", run.get("command", "")),
        ("commit", run.get("commit", "")),
        ("begun", run.get("begun", "")),
        ("machine", ", ".join(f"{name} {value}" for name, value in machine.items())),
        ("model", settings["model"]),
        ("model settings", json.dumps(settings["model_settings"], ensure_ascii=False)),
        ("mode", settings["mode"]),
        ("frames", settings["frames"] or DASH),
        ("judge", settings["judge"] or "none"),
        ("items", str(settings["items"])),
        ("options", json.dumps(settings["options"])),
        ("data (SHA-256 of ids, questions, answers)", settings["items_sha256"]),
    ]
    return [(name, str(value)) for name, value in rows]


def costs(report: Report) -> list[tuple[str, str, Json]]:
    """Return (name, unit, spread) of what was measured beside the score."""
    named = {
        "first_token_s": ("time to first token", "s"),
        "total_s": ("time of the whole answer", "s"),
        "catch_up_s": (
            "perception lag: until all before a question was perceived"
            + (", with the backlog of pace fast" if report.pace == "fast" else ""),
            "s",
        ),
        "picture_lag_s": ("perception lag of pictures, median of a clip", "s"),
        "speech_lag_s": ("perception lag of speech, median of a clip", "s"),
        "speed_x": ("speed of perception, times real time", "x"),
        "peak_rss_bytes": ("peak memory of the process", "MB"),
        "store_bytes": ("size of the memory on disk", "MB"),
        "store_bytes_per_minute": ("memory on disk for a minute of clip", "MB"),
    }
    found = []
    for name, (title, unit) in named.items():
        spread = report.performance.get(name) or {"n": 0}
        if spread["n"]:
            scale = 1e6 if unit == "MB" else 1.0
            parts = ("median", "p95", "min", "max")
            found.append((title, unit, {"n": spread["n"], **{p: spread[p] / scale for p in parts}}))
    return found


def about_figures(report: Report) -> list[str]:
    """Return sentences on how sure the figures are."""
    found, summary = [], report.summary
    if span := summary["interval"]:
        found.append(
            f"Right: {span['right']:.2f} % of {span['n']} scored items; 95 % confidence "
            f"{span['low']:.2f} to {span['high']:.2f} % ({span['method']})."
        )
    if guess := summary["guessing"]:
        found.append(
            f"Blind guessing on the {guess['n']} items with options gives {guess['expected']:.2f} "
            f"%, and with 99 % confidence {guess['low']:.2f} to {guess['high']:.2f} %; here "
            f"{figure(guess['got'])} %."
        )
    if cited := summary["evidence"]:
        found.append(
            f"Evidence: {cited['right_answers_citing_right_span']} of {cited['right_answers']} "
            f"right answers cite the annotated span; of all {cited['annotated']} answers "
            f"{cited['citing_right_span']} do."
        )
    return found


def definition(report: Report) -> str:
    """Return how the figures are computed, as a sentence."""
    text = report.summary["definition"]
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def markdown(report: Report) -> str:
    """Return the report as Markdown."""
    summary = report.summary
    lines = [f"# {report.title}", ""]
    lines += [f"**{summary['headline']}: {figure(summary['official'][summary['headline']])}**"]
    if (strict := summary["strict"].get(summary["headline"])) is not None:
        lines[-1] += f" (strict {figure(strict)})"
    lines += ["", *(f"> {warning}" for warning in warnings(report)), ""]
    lines += [definition(report), ""]
    lines += [*about_figures(report), "", "## Figures", ""]
    columns = report.columns
    lines += _table(["", *columns], _score_rows(report, columns))
    if report.table:
        lines += ["", f"Published rows: {report.table['source']} ({report.table['metric']})."]
    lines += ["", "## Cost", ""]
    if measured := costs(report):
        head = ["", "n", "median", "p95", "least", "most"]
        body = [
            [f"{title} ({unit})", str(s["n"]), *(f"{s[p]:.4g}" for p in _PARTS)]
            for title, unit, s in measured
        ]
        lines += _table(head, body)
    else:
        lines += ["Nothing was measured."]
    lines += ["", "## How it was made", ""]
    lines += [f"- {name}: `{value}`" for name, value in facts(report)]
    return "\n".join(lines) + "\n"


_PARTS = ("median", "p95", "min", "max")


def _score_rows(report: Report, columns: Sequence[str]) -> list[list[str]]:
    summary = report.summary
    rows = [
        [f"**{summary['model']}** (ours)", *(figure(summary["official"].get(c)) for c in columns)]
    ]
    if any(value is not None for value in summary["strict"].values()):
        rows.append(["ours, strict", *(figure(summary["strict"].get(c)) for c in columns)])
    if summary["counts"]:
        rows.append(["items", *(str(summary["counts"].get(c, DASH)) for c in columns)])
    for model, scores in report.rows:
        rows.append([model, *(f"{scores[c]:g}" if c in scores else DASH for c in columns)])
    return rows


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        f"|{'|'.join(['---'] + ['---:'] * (len(head) - 1))}|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
