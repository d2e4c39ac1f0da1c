"""Asks every annotated question of the development clips at its moment, through a real session.

    python bench/qa.py [--only CLIP] [--backend embedded] [--verbose]

A reply is right when it holds one of the accepted strings (whole words) or names a time within
tolerance. A citation hits when some evidence overlaps the annotated span. Nothing after
`ask_at_s` is visible to the answer.
"""

import argparse
import asyncio
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import SHARED, report, spread

from omnilive import Session, recipes
from omnilive.config import SessionConfig
from omnilive.memory.library import Library
from omnilive.perception.senses import Senses, load_senses
from omnilive.reasoning.mind import Mind

_TIMES = re.compile(
    r"(?<![\d:])(?:(\d+):)?(\d{1,2}):(\d{2})(?![\d:])|(\d+(?:\.\d+)?)\s*(?:s\b|sec|秒)"
)


def accepts(text: str, wanted: str) -> bool:
    """Tell whether the reply holds the string: whole words, or anywhere for Chinese."""
    text, wanted = text.lower(), wanted.lower()
    if not wanted.isascii():
        return wanted in text
    end = "" if wanted.endswith(("juggl",)) else r"(?![\w]|[.:]\d)"
    return bool(re.search(rf"(?<![\w])(?<!\d[.:]){re.escape(wanted)}{end}", text))


def times_in(text: str) -> list[float]:
    """Return every time that a reply names, in seconds."""
    found = []
    for hours, minutes, seconds, plain in _TIMES.findall(text):
        found.append(
            float(plain) if plain else int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
        )
    return found


def is_right(answer: dict[str, Any], qa: dict[str, Any]) -> bool:
    """Tell whether a reply is right by the annotation's own rules; a refusal never is."""
    reply = answer["text"]
    if not answer["supported"] and qa["kind"] != "exists_no":
        return False
    if any(accepts(reply, wanted) for wanted in qa["accept"]):
        return True
    if "answer_s" not in qa:
        return False
    low, high = qa["answer_s"]
    slack = qa.get("tolerance_s", 2.0)
    return any(low - slack <= t <= high + slack for t in times_in(reply))


def cites(answer: dict[str, Any], qa: dict[str, Any]) -> bool:
    """Tell whether some evidence overlaps the annotated span."""
    low, high = qa["evidence_s"]
    return any(e["start_s"] <= high and e["end_s"] >= low for e in answer["evidence"])


async def ask_clip(
    clip: dict[str, Any], media: Path, config: SessionConfig, senses: Senses, mind: Mind
) -> tuple[list[dict[str, Any]], float]:
    """Watch one clip fast, asking each question at its second; return rows and speed."""
    lines: list[dict[str, Any]] = []
    asks = [(f"{i}|{qa['question']}", float(qa["ask_at_s"])) for i, qa in enumerate(clip["qa"])]
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder))
        async with Session.open("qa", config, library=library, senses=senses, mind=mind) as session:
            session.listeners.append(lines.append)
            plain = [(question.split("|", 1)[1], t) for question, t in asks]
            summary = await session.watch(str(media / clip["video"]), "fast", plain)
    answers = {(a["question"], a["t"]): a for a in lines if a["type"] == "answer"}
    rows = []
    for qa in clip["qa"]:
        answer = answers[(qa["question"], float(qa["ask_at_s"]))]
        right = is_right(answer, qa)
        rows.append(
            {
                "clip": clip["video"],
                "qa": qa,
                "answer": answer,
                "right": right,
                "cited": right and cites(answer, qa),
            }
        )
    return rows, summary["duration_s"] / summary["wall_s"]


def score(rows: list[dict[str, Any]], speeds: list[float]) -> dict[str, Any]:
    """Return the figures of a run."""
    kinds = sorted({row["qa"]["kind"] for row in rows})
    by_kind = {}
    for kind in kinds:
        of_kind = [row["right"] for row in rows if row["qa"]["kind"] == kind]
        by_kind[kind] = f"{sum(of_kind)}/{len(of_kind)}"
    right = [row for row in rows if row["right"]]
    refused = [row["right"] for row in rows if row["qa"]["kind"] == "exists_no"]
    wrong = [r for r in rows if not r["right"]]
    return {
        "questions": len(rows),
        "right": round(len(right) / len(rows), 3),
        "right_by_kind": by_kind,
        "right_with_right_evidence": round(sum(r["cited"] for r in right) / max(1, len(right)), 3),
        "unanswerable_refused": round(sum(refused) / max(1, len(refused)), 3),
        "wrong_but_claimed": sum(r["answer"]["supported"] for r in wrong),
        "wrong_and_admitted": sum(not r["answer"]["supported"] for r in wrong),
        "answer_s": spread([r["answer"]["timing"]["total_s"] for r in rows]),
        "watch_speed_x": spread(speeds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--annotations", type=Path, default=SHARED / "annotations.json")
    parser.add_argument("--only", default="")
    parser.add_argument("--backend", default="embedded")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    if not options.annotations.exists():
        sys.exit(f"no annotations at {options.annotations}: give --annotations FILE")
    base = recipes.laptop()
    reasoning = base.reasoning.model_copy(update={"backend": options.backend})
    config = base.model_copy(update={"reasoning": reasoning})
    senses, mind = load_senses(config.perception), Mind(config)
    rows: list[dict[str, Any]] = []
    speeds: list[float] = []
    clips = json.loads(options.annotations.read_text())["videos"]
    for clip in clips:
        if options.only in clip["video"]:
            found, speed = asyncio.run(
                ask_clip(clip, options.annotations.parent, config, senses, mind)
            )
            rows += found
            speeds.append(speed)
    if options.verbose:
        for row in rows:
            mark = "ok " if row["right"] else "BAD"
            cite = "cited" if row["cited"] else "     "
            qa, text = row["qa"], row["answer"]["text"]
            print(
                f"{mark} {cite} {qa['kind']:12} {qa['question']} -> {text} [{qa['answer']}]",
                file=sys.stderr,
            )
    report("qa", {"backend": options.backend, "pace": "fast"}, score(rows, speeds))


if __name__ == "__main__":
    main()
