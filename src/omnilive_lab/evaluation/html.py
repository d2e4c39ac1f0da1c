"""A run as one HTML file that needs nothing else: tables, plots, and every item to open."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from omnilive_lab.evaluation import svg
from omnilive_lab.evaluation.report import (
    DASH,
    MARKED,
    Report,
    about_figures,
    costs,
    definition,
    facts,
    figure,
    warnings,
)

MOST_ITEMS = 500  # listed; items.jsonl has all
STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.big { font-size: 2.2rem; font-weight: 700; color: #1d6fd1; }
.warn { background: #fff6e0; border-left: 4px solid #d9822b; padding: .4rem .8rem;
        margin: .4rem 0; }
.wide { overflow-x: auto; } svg { max-width: 100%; height: auto; display: block; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .86rem; } th, td { padding: .25rem .6rem;
       border-bottom: 1px solid #e4e4e4; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
tr.ours { background: #eaf3fd; font-weight: 600; }
tr.marked { background: #fdf1e4; } dl { display: grid; grid-template-columns: max-content 1fr;
       gap: .2rem 1rem; font-size: .86rem; } dt { color: #666; } dd { margin: 0;
       overflow-wrap: anywhere; font-family: ui-monospace, monospace; }
details { border-bottom: 1px solid #eee; padding: .2rem 0; font-size: .88rem; }
summary { cursor: pointer; } .ok { color: #1a7f37; } .bad { color: #b42318; } .none { color: #777; }
pre { white-space: pre-wrap; background: #f6f6f6; padding: .2rem .5rem; margin: 0;
      font-size: .82rem; }
"""


def page(report: Report, items: Sequence[Mapping[str, Any]]) -> str:
    """Return the page; `items` are the lines of items.jsonl."""
    summary = report.summary
    headline = summary["headline"]
    strict = summary["strict"].get(headline)
    parts = [
        f"<h1>{escape(report.title)}</h1>",
        f'<div><span class="big">{figure(summary["official"][headline])}</span> '
        f"{escape(headline)}{f' (strict {figure(strict)})' if strict is not None else ''}</div>",
        *(f'<div class="warn">{escape(warning)}</div>' for warning in warnings(report)),
        f"<p>{escape(definition(report))}</p>",
        *(f"<p>{escape(text)}</p>" for text in about_figures(report)),
        "<h2>Figures</h2>",
        *_plots(report),
        _scores(report),
        "<h2>Cost</h2>",
        _costs(report),
        "<h2>How it was made</h2>",
        "<dl>",
        *(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts(report)),
        "</dl>",
        f"<h2>Items</h2>{_more(items)}",
        *(_item(line) for line in items[:MOST_ITEMS]),
    ]
    title = escape(report.title)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _plots(report: Report) -> list[str]:
    official = {name: report.summary["official"].get(name) for name in report.columns}
    highest = _highest([*official.values(), *report.summary["strict"].values()])
    plots = [svg.bars("Scores", official, report.summary["strict"], highest)]
    if report.table:
        shared = {
            name: official[name] for name in report.columns if name in report.table["columns"]
        }
        others = [score for _, scores in report.rows for score in scores.values()]
        models = [model for model, _ in report.rows]
        marked = MARKED if MARKED in models else ""
        top = _highest([*shared.values(), *others])
        plots.append(svg.beside("Beside the published rows", shared, report.rows, marked, top))
    return plots


def _highest(values: Sequence[float | None]) -> float:
    top = max((value for value in values if value is not None), default=1.0)
    if top > 20:
        return 100.0 if top <= 100 else top
    return float(max(1, math.ceil(top)))


def _scores(report: Report) -> str:
    columns, summary = report.columns, report.summary
    name = f"{summary['model']} (ours)"
    rows = [_row(name, [figure(summary["official"].get(c)) for c in columns], "ours")]
    if any(value is not None for value in summary["strict"].values()):
        rows.append(_row("ours, strict", [figure(summary["strict"].get(c)) for c in columns]))
    if summary["counts"]:
        rows.append(_row("items", [str(summary["counts"].get(c, DASH)) for c in columns]))
    for model, scores in report.rows:
        cells = [f"{scores[c]:g}" if c in scores else DASH for c in columns]
        rows.append(_row(model, cells, "marked" if model == MARKED else ""))
    head = "".join(f"<th>{escape(c)}</th>" for c in ["", *columns])
    note = ""
    if report.table:
        told = f"{report.table['source']} ({report.table['metric']})"
        note = f"<p>Published: {escape(told)}.</p>"
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>{note}'


def _costs(report: Report) -> str:
    rows = [
        _row(
            f"{title} ({unit})",
            [str(s["n"]), *(f"{s[p]:.4g}" for p in ("median", "p95", "min", "max"))],
        )
        for title, unit, s in costs(report)
    ]
    if not rows:
        return "<p>Nothing was measured.</p>"
    head = "".join(f"<th>{name}</th>" for name in ("", "n", "median", "p95", "least", "most"))
    table = f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>'
    plots = []
    for name, title in (("total_s", "Time of an answer"), ("lag_s", "Perception catching up")):
        values = [line[name] for line in report.lines if line.get(name) is not None]
        if len(values) >= 8 and max(values) > 0:
            plots.append(svg.histogram(title, values, "s"))
    return table + "".join(plots)


def _row(name: str, cells: Sequence[str], kind: str = "") -> str:
    body = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{kind}"><td>{escape(name)}</td>{body}</tr>'


def _more(items: Sequence[Mapping[str, Any]]) -> str:
    if len(items) <= MOST_ITEMS:
        return ""
    return f"<p>The first {MOST_ITEMS} of {len(items)}; items.jsonl has all.</p>"


def _item(line: Mapping[str, Any]) -> str:
    score, reply = line["score"], line["reply"]
    official = score["official"]
    if score["status"] != "scored" or official is None:
        kind, mark = "none", score["status"] if score["status"] != "scored" else DASH
    else:
        kind, mark = ("ok" if official else "bad"), f"{official:g}"
    asked = "\n\n".join(
        "\n".join(f"[{name}] {text}" for name, text in prompt.items()) for prompt in line["prompts"]
    )
    said = reply["data"].get("said", "")
    told = {
        "asked": asked,
        "at": "the end" if line["t"] is None else f"{line['t']:g} s",
        "reply": f"{reply['text']}\n({said})" if said else reply["text"],
        "alerts": "\n".join(f"{a['t']:g} s: {a['text']}" for a in reply["alerts"]),
        "right": line["answer"],
        "evidence": ", ".join(f"{a:g}–{b:g} s" for a, b in reply["evidence"]),
        "strict": "" if score["strict"] is None else f"{score['strict']:g}",
        "why": score["detail"],
        "judge": score["judge"],
    }
    body = "".join(
        f"<dt>{name}</dt><dd><pre>{escape(text)}</pre></dd>" for name, text in told.items() if text
    )
    return (
        f'<details><summary><span class="{kind}">{escape(mark)}</span> {escape(line["id"])} '
        f'<span class="none">{escape(line["task"])}</span></summary><dl>{body}</dl></details>'
    )
