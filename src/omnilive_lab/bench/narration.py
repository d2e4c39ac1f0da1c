"""What the benchmarks of LIVE share: timed references, and scores by logits or by times alone.

A model that shows its logits computes `live_figures` and `fair_turns` (metrics/live.py) on the
dialogue of `conversation`, and puts them into `reply.data` as "live" (the fields of Figures) and
"turns" (a list of the fields of Turn), with "fps". Any other is judged by when it spoke.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from omnilive_lab.bench.base import Item, Reply, Row, Score, Summary
from omnilive_lab.metrics.live import Figures, Turn, fair_figures, published_means
from omnilive_lab.metrics.remarks import Timing, match_remarks

NO_LOGITS = (
    "LM-PPL, TimeDiff, Fluency and LM-Correctness need a model that shows its logits and reports"
    " them (bench/narration.py); a session's narration is judged by its times alone"
)
FAIR = {  # name of a column -> (figure, factor)
    "Corpus PPL": ("corpus_ppl", 1.0),
    "Token accuracy": ("token_accuracy", 100.0),
    "Speak error (s)": ("speak_error_s", 1.0),
    "Missed": ("missed_share", 100.0),
    "Run": ("run_share", 100.0),
}


def frame_time(t: float, fps: float) -> float:
    """Return the time of the first frame that is not before `t`."""
    return math.ceil(round(t * fps, 6)) / fps


def conversation(remarks: Sequence[Mapping[str, Any]], fps: float) -> list[dict[str, Any]]:
    """Return VideoLLM-online's dialogue of timed remarks ({"time", "text"}), in time order.

    Times go up to the next frame; of remarks at one frame the last one stays; a remark that
    repeats the one before is dropped. The first frame comes alone, before the instruction.
    """
    made: list[dict[str, Any]] = []
    last_s, said = frame_time(float(remarks[0]["time"]), fps) - 1 / fps, None
    for remark in remarks:
        t, text = frame_time(float(remark["time"]), fps), str(remark["text"])
        if text == said:
            continue
        if made and t == last_s:
            made[-1]["content"] = text
        else:
            count = round((t - last_s) * fps)
            made.append({"role": "stream", "num_frames": count, "learn": True})
            made.append({"role": "assistant", "content": text, "learn": True})
        last_s, said = t, text
    made[0]["learn"] = False
    return made


def narration_score(item: Item, reply: Reply, within_s: float) -> Score:
    """Score by logits (official: Fluency) where there are any, and strictly by times (F1)."""
    wanted = [remark["time"] - item.clip.start_s for remark in item.meta["remarks"]]
    timing = match_remarks(sorted(alert.t for alert in reply.alerts), wanted, within_s)
    parts: dict[str, float | None] = {
        "said": timing.said, "wanted": timing.wanted, "pairs": len(timing.pairs),
        "apart_s": (timing.error_s or 0.0) * len(timing.pairs),
    }  # fmt: skip
    live = reply.data.get("live")
    fluency = float(live["fluency"]) if live else None
    return Score(official=fluency, strict=timing.f1, parts=parts)


def narration_summary(rows: Sequence[Row], within_s: float) -> Summary:
    """Return the four published figures, and the fair ones with those of the times."""
    rows = [row for row in rows if row.item.narrate and row.score.status == "scored"]
    shown = [row.reply.data for row in rows if "live" in row.reply.data]
    names = ("LM-PPL", "TimeDiff", "Fluency", "LM-Correctness")
    official: dict[str, float | None] = dict.fromkeys(names)
    fair: dict[str, float | None] = dict.fromkeys(FAIR)
    if shown:
        fps = float(shown[0]["fps"])
        official |= published_means([Figures(**data["live"]) for data in shown], fps)
        turns = [Turn(**turn) for data in shown for turn in data["turns"]]
        found = fair_figures(turns, fps)
        for column, (figure, factor) in FAIR.items():
            value = found[figure]
            fair[column] = None if value is None else factor * value
    return Summary(
        official=official,
        strict=fair | _timings(rows),
        counts={"Fluency": len(shown), "F1": len(rows)},
        headline="Fluency",
        definition=(
            "official: means over dialogues as VideoLLM-online's code computes them (TimeDiff in"
            " seconds, Fluency and LM-Correctness in per cent). strict: over all turns, silence"
            f" decided as it is live; F1 of remarks within {within_s:g} s of the reference"
        ),
        notes=(
            *(() if shown else (NO_LOGITS,)),
            "official looks for a late reply in no more frames than its own turn has, and does"
            " not mind one that is missing at the end",
        ),
    )


def _timings(rows: Sequence[Row]) -> dict[str, float | None]:
    def total(name: str) -> float:
        return math.fsum(row.score.parts.get(name) or 0.0 for row in rows)

    count = int(total("pairs"))
    apart_s = total("apart_s") / count if count else None
    timing = Timing(((0, 0),) * count, int(total("said")), int(total("wanted")), apart_s)
    shares = {"Recall": timing.recall, "Precision": timing.precision, "F1": timing.f1}
    percents = {name: None if s is None else 100 * s for name, s in shares.items()}
    return percents | {"Remark error (s)": timing.error_s}
