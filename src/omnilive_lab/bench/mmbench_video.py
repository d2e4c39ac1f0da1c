"""MMBench-Video: 1998 open questions on 609 videos, marked 0 to 3 by a judge.

X. Fang and others, "MMBench-Video", arXiv 2406.14515. Prompt as VLMEvalKit sends it.
"""

import ast
import csv
from collections.abc import Sequence
from pathlib import Path

from omnilive_lab.bench.base import (
    Benchmark,
    Clip,
    Item,
    Judge,
    Mark,
    Prompt,
    Reply,
    Row,
    Score,
    Setup,
    Summary,
    Turn,
)
from omnilive_lab.bench.figures import Which, mean
from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.bench.mcq import Ids
from omnilive_lab.bench.reading import Record, table

DIMENSIONS = {
    "CP": ("Video Topic", "Video Emotion", "Video Scene", "Video Style"),
    "FP-S": (
        "OCR", "Object Recognition", "Attribute Recognition", "Event Recognition", "Human Motion",
        "Counting",
    ),
    "FP-C": ("Spatial Relationship", "Human-object Interaction", "Human Interaction"),
    "HL": ("Hallucination",),
    "LR": ("Structuralized Image-Text Understanding", "Mathematical Calculation"),
    "AR": ("Physical Property", "Function Reasoning", "Identity Reasoning"),
    "RR": ("Natural Relation", "Physical Relation", "Social Relation"),
    "CSR": ("Common Sense Reasoning",),
    "TP": ("Counterfactual Reasoning", "Causal Reasoning", "Future Prediction"),
}  # fmt: skip
COARSE = {fine: coarse for coarse, fines in DIMENSIONS.items() for fine in fines}
PERCEPTION, REASONING = ("CP", "FP-S", "FP-C", "HL"), ("LR", "AR", "RR", "CSR", "TP")
NEED = """MMBench-Video: from https://huggingface.co/datasets/opencompass/MMBench-Video
  DATA/MMBench-Video.tsv
  DATA/video/*.mp4      out of the pickles in video_pkl/ (dictionaries: name to contents)"""
ASK = (
    "\nYou will be provided with {} separate frames uniformly sampled from a video, the frames are"
    " provided in chronological order of the video.\nPlease analyze these images and provide the"
    " answer to the question about the video content.\nPlease directly reply with your response to"
    " the only question.\nQuestion: {}\nAnswer: "
)
JUDGE = (
    "You compare a candidate answer with the true one, based solely on the semantic similarity and"
    " whatever the grammar. 0: not similar, entirely wrong. 1: hardly similar, mostly wrong."
    " 2: very similar, mostly right. 3: the same, entirely right. Reply with a single integer from"
    " 0 to 3."
)


class MMBenchVideo(Benchmark):
    """One item a question; all need a judge."""

    name = "mmbench_video"
    title = "MMBench-Video"
    published = "mmbench_video"
    need = NEED
    frames = "uniform:64"

    def load(self, data: Path) -> list[Item]:
        """Read MMBench-Video.tsv."""
        ids, found = Ids(), []
        for record in table(data / "MMBench-Video.tsv", NEED):
            place = data / "video" / Path(record.text("video_path")).name
            found.append(
                Item(
                    id=ids.new(record, "index", record.text("index")),
                    clip=Clip(path=place),
                    question=record.text("question"),
                    answer=record.text("answer"),
                    judged=True,
                    meta={"dimensions": _dimensions(record)},
                )
            )
        return found

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """Return the prompt of VLMEvalKit for one question at a time."""
        return Prompt(text=ASK.format(setup.frames or 64, item.question), plain=item.question)

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Let the judge mark; officially only a reply that is one integer is a mark."""
        if judge is None:
            return Score(status="skipped", detail="open answers need a judge (--judge)")
        text = (
            f"Question: {item.question}\nGroundtruth answer: {item.answer}\n"
            f"Candidate answer: {reply.text}\nYour response: "
        )
        verdict = judge.grade(text, [Mark("mark", r"(?<![\d.])(\d)(?![\d.]\d|\d)", 0, 3)], JUDGE)
        if verdict.marks is None:
            detail = "the judge gave no mark that can be read"
            return Score(status="unscored", detail=detail, judge=verdict.said)
        mark = verdict.marks["mark"]
        bare = verdict.said.strip() in ("0", "1", "2", "3")
        return Score(official=mark if bare else None, strict=mark, judge=verdict.said)

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return the mean mark of each dimension and of all questions."""
        asked = [row for row in rows if row.score.status in ("scored", "unscored")]
        return Summary(
            official=_figures(asked, "official"),
            strict=_figures(asked, "strict"),
            counts={"Overall": len(asked)},
            headline="Overall",
            definition=(
                "mean mark, 0 to 3. A question counts in every dimension that it is of; the two"
                " means and Overall are over questions, not over dimensions"
            ),
            notes=(
                "official is the 'ALL' rating: what the judge did not mark with a bare integer is"
                " 0; strict is 'VALID': it is left out, and '2.' or 'Rating: 2' are read",
                "the judge's instructions are ours, on the published scale",
            ),
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write three questions about a film, one of them of two dimensions."""
        write_film(
            out / "video" / f"made{seed}.mp4", [Scene(0, 3, "red", "ONE"), Scene(3, 6, "blue")]
        )
        asked = [
            ("What is written on the picture?", "ONE", ["OCR"]),
            ("Which colour comes second?", "Blue", ["Attribute Recognition", "Causal Reasoning"]),
            ("What does the cat do?", "There is no cat.", ["Hallucination"]),
        ]
        with (out / "MMBench-Video.tsv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter="\t")
            names = ("index", "video", "video_type", "question", "answer", "dimensions")
            writer.writerow([*names, "video_path"])
            for i, (question, answer, dimensions) in enumerate(asked):
                path = f"./video/made{seed}.mp4"
                writer.writerow([i, f"made{seed}", "made", question, answer, dimensions, path])


def _dimensions(record: Record) -> list[str]:
    """Read a list in Python's notation."""
    text = record.text("dimensions")
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        found = None
    known = isinstance(found, list) and all(name in COARSE for name in found)
    if not isinstance(found, list) or not found or not known:
        record.refuse("dimensions", text, "a list of the 26 fine dimensions")
    return found


def _figures(rows: Sequence[Row], which: Which) -> dict[str, float | None]:
    def marked(dimensions: Sequence[str]) -> float | None:
        parts = [
            row.score
            for row in rows
            if any(COARSE[fine] in dimensions for fine in row.item.meta["dimensions"])
        ]
        if which == "official":
            return mean(score.official or 0.0 for score in parts)
        return mean(score.strict for score in parts)

    figures = {name: marked([name]) for name in PERCEPTION}
    figures["Perception mean"] = marked(PERCEPTION)
    figures |= {name: marked([name]) for name in REASONING}
    return figures | {
        "Reasoning mean": marked(REASONING),
        "Overall": marked([*PERCEPTION, *REASONING]),
    }
