"""From the rows of a run to its summary, and from its timings to what it cost."""

import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from omnilive_lab.bench.base import Row
from omnilive_lab.bench.figures import chance, guess_interval, mean, rounded, values, wilson
from omnilive_lab.evaluation import results
from omnilive_lab.evaluation.run import Plan

Json = dict[str, Any]
SHOWN_FAILURES = 20


def summarise(plan: Plan, rows: Sequence[Row]) -> Json:
    """Return summary.json: the same bytes for the same rows."""
    # What failed or was skipped is in no figure, nor in the number of items behind one.
    marked = [row for row in rows if row.score.status in ("scored", "unscored")]
    summary = plan.benchmark.summary(marked)
    status = Counter(row.score.status for row in rows)
    return {
        "benchmark": plan.benchmark.name,
        "title": plan.benchmark.title,
        "model": plan.examinee.name,
        "mode": plan.setup.mode,
        "frames": plan.frames,
        "judge": plan.judge.name if plan.judge else None,
        "items": len(rows),
        "status": {name: status[name] for name in ("scored", "skipped", "unscored", "failed")},
        "headline": summary.headline,
        "definition": summary.definition,
        "official": rounded(summary.official),
        "strict": rounded(summary.strict),
        "counts": dict(summary.counts),
        "interval": _interval(rows),
        "guessing": _guessing(rows),
        "evidence": _evidence(rows),
        "notes": list(summary.notes),
        "repeated_ids": [row.item.id for row in rows if "#" in row.item.id],
        "skipped": dict(Counter(r.score.detail for r in rows if r.score.status == "skipped")),
        "unscored": _told(rows, "unscored"),
        "failed": _told(rows, "failed"),
    }


def performance(out: Path) -> Json:
    """Return performance.json: what the items and the clips took, from timings.jsonl."""
    items, clips = _timings(out)
    figures: Json = {
        "first_token_s": spread(items, "first_token_s"),
        "total_s": spread(items, "total_s"),
        "catch_up_s": spread(items, "lag_s"),
        "clips": len(clips),
    }
    if clips:
        figures |= {
            "clip_s": spread(clips, "clip_s"),
            "speed_x": spread(clips, "speed_x"),
            "picture_lag_s": spread(clips, "picture_lag_s"),
            "speech_lag_s": spread(clips, "speech_lag_s"),
            "peak_rss_bytes": spread(clips, "peak_rss_bytes"),
            "store_bytes": spread(clips, "store_bytes"),
            "store_bytes_per_minute": spread(
                [
                    {"v": clip["store_bytes"] / clip["clip_s"] * 60}
                    for clip in clips
                    if clip.get("clip_s") and clip.get("store_bytes")
                ],
                "v",
            ),
        }
    return figures


def _timings(out: Path) -> tuple[list[Json], list[Json]]:
    """Return (items, clips); of what was done twice (after a kill) the last."""
    items: dict[str, Json] = {}
    clips: dict[str, Json] = {}
    for line in results.read_lines(out / results.TIMINGS):
        items[line["id"]] = line
        if "clip" in line:
            clips[line["id"]] = line
    return list(items.values()), list(clips.values())


def spread(lines: Sequence[Mapping[str, Any]], name: str) -> Json:
    """Return n, median, p95 (nearest rank), least and most of a field, where it is known."""
    known = sorted(line[name] for line in lines if line.get(name) is not None)
    if not known:
        return {"n": 0}
    return {
        "n": len(known),
        "median": _short(statistics.median(known)),
        "p95": _short(known[max(0, -(-95 * len(known) // 100) - 1)]),
        "min": _short(known[0]),
        "max": _short(known[-1]),
    }


def published(key: str) -> Json | None:
    """Return the published table of this key, if there is one."""
    if not key:
        return None
    text = files("omnilive_lab.evaluation").joinpath("published.json").read_text(encoding="utf-8")
    return json.loads(text).get(key)


def _interval(rows: Sequence[Row]) -> Json | None:
    """Return the interval of the share of right items, where each is right or wrong.

    An error rate of 1 or a judge's mark of 1 is neither.
    """
    if any(row.item.transcribe or row.item.narrate for row in rows):
        return None
    found = values([row for row in rows if not row.item.judged], "official")
    if not found or any(value not in (0.0, 1.0) for value in found):
        return None
    low, high = wilson(sum(found), len(found))
    share = sum(found) / len(found)
    figures = {"right": 100 * share, "low": 100 * low, "high": 100 * high}
    return {**rounded(figures, 2), "n": len(found), "confidence": 0.95, "method": "Wilson score"}


def _guessing(rows: Sequence[Row]) -> Json | None:
    """Return what blind guessing gives on the items that have options."""
    scored = [row for row in rows if row.score.status == "scored" and row.item.labels]
    shares = chance(row.item for row in scored)
    if not shares:
        return None
    expected, low, high = (100 * share for share in guess_interval(shares))
    return {
        **rounded({"expected": expected, "low": low, "high": high}, 2),
        "got": rounded({"official": _percent(scored)}, 2)["official"],
        "n": len(shares),
        "confidence": 0.99,
        "method": "normal approximation of a sum of independent guesses",
    }


def _percent(rows: Sequence[Row]) -> float | None:
    share = mean(values(rows, "official"))
    return None if share is None else 100 * share


def _evidence(rows: Sequence[Row]) -> Json | None:
    """Return how often the answers cite where the annotation says that it is to be seen."""
    told = [r for r in rows if r.item.evidence_s and r.score.status == "scored"]
    if not told or not any(row.reply.evidence for row in told):
        return None
    right = [row for row in told if row.score.official]
    hit = [row for row in told if _cites(row)]
    return {
        "annotated": len(told),
        "citing": sum(bool(row.reply.evidence) for row in told),
        "citing_right_span": len(hit),
        "right_answers": len(right),
        "right_answers_citing_right_span": sum(_cites(row) for row in right),
    }


def _cites(row: Row) -> bool:
    return any(
        start <= high and end >= low
        for low, high in row.item.evidence_s
        for start, end in row.reply.evidence
    )


def _told(rows: Sequence[Row], status: str) -> list[Json]:
    found = [row for row in rows if row.score.status == status]
    return [{"id": row.item.id, "why": row.score.detail} for row in found[:SHOWN_FAILURES]]


def _short(value: float) -> float:
    return round(value, 4) if abs(value) < 1e4 else round(value)
