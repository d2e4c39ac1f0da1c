"""Finds planted needles again: recall, time error and answers over an hour, a day, two weeks.

    python bench/recall.py [--hours 1 24 336] [--seeds 11 12 13] [--budgets none default tight]
        [--family held-out] [--keep FOLDER] [--verbose]

A stream of omnilive_lab.streams goes through the real Ledger with the real embedder; then every
question is asked: of recall (`Mind.search`), of three simpler ways of searching the same store,
and of the whole of reasoning (`Mind.answer`). Wordings of the family "train" were tuned on with
seed 1; others are reported.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import percentile, report, spread

from omnilive import recipes
from omnilive.config import SessionConfig
from omnilive.core.clock import stopwatch
from omnilive.core.events import Event, Evidence
from omnilive.memory.search.words import content_words
from omnilive.memory.store import Store
from omnilive.reasoning.mind import Mind
from omnilive_lab.streams import Question, plant, stream
from omnilive_lab.streams.scores import Span, covered, is_right, time_error
from omnilive_lab.streams.store import begin

START_WALL_S = 1767596400.0  # Monday, 5 January 2026, 8 o'clock in Berlin
ZONE = "Europe/Berlin"
STEP_S, LONG_STEP_S = 30.0, 300.0  # of stream time that goes into one write
LONG_HOURS = 48.0  # from then on, the longer steps
FIRST_OVER = 0.3  # cosine from which the original takes the first clip: reference/omnilive.md A.3
COARSE_S = {"exact": 60.0, "hour": 3600.0, "day": 86400.0}
KINDS = ("what", "when", "order", "count", "duration", "implicit", "reference", "unanswerable")
Search = Callable[[Store, Question], list[Evidence]]


@dataclass(slots=True)
class Row:
    """What became of one question."""

    question: Question
    hits: dict[str, list[Evidence]] = field(default_factory=dict)  # by way of searching
    seconds: dict[str, float] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    right: bool = False


def ingest(
    folder: Path, seed: int, hours: float, mind: Mind, budget: str, options: argparse.Namespace
) -> tuple[Store, list[Row], float]:
    """Write a stream into a new store; questions about "this" are asked on the way."""
    needles = plant(seed, hours, START_WALL_S, zone=ZONE, count=options.count)
    rows = [Row(q) for needle in needles for q in needle.questions]
    rows.sort(key=lambda row: row.question.ask_s)
    store, ledger = begin(folder, START_WALL_S, ZONE, mind.embedder, budget)
    life = stream(
        seed, hours, START_WALL_S, zone=ZONE, place=options.place, busy=options.busy,
        needles=needles,
    )  # fmt: skip
    waiting = [row for row in rows if row.question.ask_s < hours * 3600]
    began = stopwatch()
    step_s = STEP_S if hours <= LONG_HOURS else LONG_STEP_S
    stops = [row.question.ask_s for row in waiting]
    for t, events in _steps(life, hours * 3600, step_s, stops):
        ledger.write(events, t, t)
        while waiting and waiting[0].question.ask_s <= t:
            ask(store, waiting.pop(0), mind)
    ledger.finish(hours * 3600)
    return store, rows, stopwatch() - began


def _steps(
    events: Iterator[Event], end_s: float, step_s: float, stops: Sequence[float]
) -> Iterator[tuple[float, list[Event]]]:
    """Yield (time, events up to it), every `step_s` and at each stop."""
    waiting, step = sorted(stops), step_s
    batch: list[Event] = []
    for event in events:
        while event.t > (until := min([step, *waiting[:1]])):
            yield until, batch
            batch = []
            if waiting and until == waiting[0]:
                waiting.pop(0)
            else:
                step += step_s
        batch.append(event)
    yield end_s, batch


def ask(store: Store, row: Row, mind: Mind) -> None:
    """Ask one question in every way."""
    question = row.question
    ways: dict[str, Search] = {
        "ours": lambda s, q: mind.search(s, q.text, 5, q.ask_s),
        "newest": newest,
        "full text": full_text,
        "first over": lambda s, q: first_over(s, q, mind),
    }
    for name, search in ways.items():
        began = stopwatch()
        row.hits[name] = search(store, question)
        row.seconds[name] = stopwatch() - began
    answer = asyncio.run(mind.answer(store, "bench", question.text, question.ask_s))
    row.answer = answer.as_json()
    row.right = is_right(row.answer, question)


def newest(store: Store, question: Question) -> list[Evidence]:
    """Take what happened last."""
    moments = store.moments(before_s=question.ask_s, limit=5)
    return [_as_evidence("moment", m.id, m.start_s, m.end_s, m.text) for m in reversed(moments)]


def full_text(store: Store, question: Question) -> list[Evidence]:
    """Search for the words alone."""
    refs = store.search_text(content_words(question.text), question.ask_s, 5)
    return [found for ref in refs if (found := _row_of(store, ref.table, ref.id)) is not None]


def first_over(store: Store, question: Question, mind: Mind) -> list[Evidence]:
    """Take the first moments whose cosine is over the threshold, as the original does."""
    embedder = mind.embedder
    assert embedder is not None
    vector = embedder.embed([question.text])[0]
    refs = store.vectors.search(vector, question.ask_s, 200_000, tables=("moment",))
    ids = [ref.id for ref in refs if ref.score > FIRST_OVER]
    spans = store.moment_spans(ids[:30_000])
    first = sorted(spans, key=lambda id: spans[id])[:5]
    return [found for id in first if (found := _row_of(store, "moment", id)) is not None]


def _row_of(store: Store, table: str, id: int) -> Evidence | None:
    row = store.fact(id) if table == "fact" else store.moment(id)
    kind = getattr(row, "kind", "moment")
    return row and _as_evidence(kind, id, row.start_s, row.end_s, row.text)


def _as_evidence(kind: Any, id: int, start_s: float, end_s: float, text: str) -> Evidence:
    return Evidence(id=id, kind=kind, start_s=start_s, end_s=end_s, text=text)


# figures


def figures(rows: Sequence[Row], family: str) -> dict[str, Any]:
    """Return the figures of one store, of one family of wordings."""
    rows = [row for row in rows if family in ("all", row.question.family)]
    asked = [row for row in rows if row.question.spans]
    ways = {way: _searching(asked, way) for way in (asked[0].hits if asked else ())}
    return {
        "questions": len(rows),
        "recall": ways,
        "ours by kind": _by_kind(asked),
        "answers right": {
            kind: _share([r.right for r in rows if r.question.kind == kind]) for kind in KINDS
        },
        "answers right, all but unanswerable": _share([row.right for row in asked]),
        "wrong but claimed": _share([r.answer["supported"] and not r.right for r in rows]),
        "time error of answers, s": spread([
            error for row in asked if (error := time_error(row.answer, row.question)) is not None
        ]),
        "answer_ms": _milliseconds([row.answer["timing"]["total_s"] for row in rows]),
    }  # fmt: skip


def _searching(rows: Sequence[Row], way: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, coarse_s in COARSE_S.items():
        for k in (1, 5):
            shares = [_found(row, way, k, coarse_s) for row in rows]
            found[f"at {k}, {name}"] = round(sum(shares) / max(1, len(shares)), 3)
    errors = [
        min(abs(hit.start_s - row.question.spans[0][0]) for hit in row.hits[way][:1])
        for row in rows
        if row.hits[way]
    ]
    found["time error of the first, s"] = spread(errors)
    found["ms"] = _milliseconds([row.seconds[way] for row in rows])
    return found


def _found(row: Row, way: str, k: int, coarse_s: float) -> float:
    spans: list[Span] = [(hit.start_s, hit.end_s) for hit in row.hits[way][:k]]
    return covered(spans, row.question.spans, coarse_s)


def _by_kind(rows: Sequence[Row]) -> dict[str, Any]:
    found = {}
    for kind in KINDS:
        of_kind = [row for row in rows if row.question.kind == kind]
        if of_kind:
            found[kind] = {
                f"at {k}": round(
                    sum(_found(r, "ours", k, COARSE_S["exact"]) for r in of_kind) / len(of_kind), 3
                )
                for k in (1, 5)
            } | {"n": len(of_kind)}
    return found


def _share(values: Sequence[bool]) -> str:
    return f"{sum(values)}/{len(values)}"


def _milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    ms = [1000 * s for s in seconds]
    return {"median": round(percentile(ms, 0.5), 1), "p95": round(percentile(ms, 0.95), 1)}


def show(rows: Sequence[Row], family: str) -> None:
    """Print every question with what became of it."""
    for row in rows:
        q = row.question
        if family not in ("all", q.family):
            continue
        at_5 = _found(row, "ours", 5, 60.0) if q.spans else -1
        at_1 = _found(row, "ours", 1, 60.0) if q.spans else -1
        print(
            f"{'ok ' if row.right else 'BAD'} {at_1:4.1f} {at_5:4.1f} {q.kind:12} {q.time:8} "
            f"{q.text} -> {row.answer['text']} [{', '.join(q.accept[:1])} {q.number or ''}]"
            f"{'' if row.answer['supported'] else ' (unsupported)'}",
            file=sys.stderr,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, nargs="+", default=[1, 24, 336])
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--budgets", nargs="+", default=["none"])
    parser.add_argument("--family", default="held-out", choices=["train", "held-out", "all"])
    parser.add_argument("--count", type=int, default=4, help="needles of each sort")
    parser.add_argument("--place", default="home")
    parser.add_argument("--busy", type=float, default=1.0, help="how many come, as a factor")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    config: SessionConfig = recipes.laptop()
    mind = Mind(config)
    runs: list[dict[str, Any]] = []
    for hours in options.hours:
        for budget in options.budgets:
            pooled: list[Row] = []
            each: list[dict[str, Any]] = []
            for seed in options.seeds:
                with tempfile.TemporaryDirectory() as folder:
                    store, rows, ingest_s = ingest(
                        Path(folder) / "s", seed, hours, mind, budget, options
                    )
                    for row in rows:
                        if not row.answer:
                            ask(store, row, mind)
                    counts = store.counts()
                    store.close()
                if options.verbose:
                    show(rows, options.family)
                pooled += rows
                ours = figures(rows, options.family)["recall"]["ours"]
                each.append({"seed": seed, **counts, "ingest_s": round(ingest_s, 1),
                             "at 1": ours["at 1, exact"], "at 5": ours["at 5, exact"]})  # fmt: skip
            runs.append({"hours": hours, "budget": budget, "seeds": each,
                         **figures(pooled, options.family)})  # fmt: skip
            print(json.dumps(runs[-1], indent=1), file=sys.stderr)
    settings = {k: v for k, v in vars(options).items() if k != "verbose"}
    report("recall", settings, {"runs": runs})


if __name__ == "__main__":
    main()
