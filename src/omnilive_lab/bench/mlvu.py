"""MLVU (dev): seven tasks with options and two with open answers, on videos of 3 min to 2 h.

J. Zhou and others, "MLVU", arXiv 2406.04264. M-Avg is the mean of the seven accuracies, G-Avg the
mean of the two judged sums (2 to 10). The answers of MLVU-Test are not public.
"""

import json
import math
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
    letters,
)
from omnilive_lab.bench.choices import plain_question
from omnilive_lab.bench.figures import Which, accuracies, accuracy, mean, split
from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.bench.letters import at_bracket
from omnilive_lab.bench.mcq import answer_index, choice_score, media, with_letters
from omnilive_lab.bench.options import Words
from omnilive_lab.bench.reading import Record, records

CHOICE = {
    "7_topic_reasoning": "Topic Rea.",
    "6_anomaly_reco": "Anomaly Recog.",
    "2_needle": "Needle QA",
    "3_ego": "Ego Rea.",
    "1_plotQA": "Plot QA",
    "5_order": "Action Or.",
    "4_count": "Action Co.",
}
OPEN = {"8_sub_scene": "Sub-Scene", "9_summary": "Summary"}
MARKS = {  # what the judge gives, 1 to 5 each
    "Sub-Scene": ("accuracy", "relevance"),
    "Summary": ("completeness", "reliability"),
}
NEED = """MLVU: from https://huggingface.co/datasets/MLVU/MVLU (folder MLVU)
  DATA/json/1_plotQA.json ... 9_summary.json
  DATA/video/1_plotQA/*.mp4 ... DATA/video/9_summary/*.mp4"""
SYSTEM = (
    "Carefully watch this video and pay attention to every detail. Based on your observations, {}"
)
SELECT = SYSTEM.format("select the best option that accurately addresses the question.\n")
ANSWER = SYSTEM.format("answer the given questions.\n")


class MLVU(Benchmark):
    """One item a question, on the whole video."""

    name = "mlvu"
    title = "MLVU"
    published = "mlvu"
    need = NEED
    frames = "uniform:64"
    options = {"prompt": "mlvu"}
    takes = {"prompt": Words(("mlvu", "ixc"))}

    def load(self, data: Path) -> list[Item]:
        """Read the nine files of json/."""
        found = []
        for name in sorted([*CHOICE, *OPEN]):
            for i, record in enumerate(records(data / "json" / f"{name}.json", NEED)):
                clip = Clip(path=_video(data, record, name))
                make = _choice if name in CHOICE else _open
                found.append(make(record, name, clip, f"{name[2:]}-{i}"))
        return found

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """Return the official prompt, or with `prompt=ixc` that of IXC2.5-OL's script."""
        if item.judged:
            return Prompt(text=item.question, system=ANSWER, plain=item.question)
        plain = plain_question(item)
        if self.chosen["prompt"] == "ixc":
            lines = "\n".join(with_letters(item.choices))
            text = f"Here are some frames of a video. {item.question}\nOptions: {lines}"
            return Prompt(text=text, prefill="The answer is", plain=plain)
        lines = "\n".join(with_letters(item.choices, "({}) {}")).rstrip()
        text = f"Question: {item.question}\nOptions:\n{lines}\nOnly give the best option."
        return Prompt(text=text, system=SELECT, prefill="Best Option: (", plain=plain)

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Score an option by the sign before the first ")"; ask the judge for the others."""
        if item.judged:
            return _judged(item, reply, judge)
        if self.chosen["prompt"] == "ixc":
            said = reply.text.strip()[:1]
        else:
            said = at_bracket(reply.text)
        return choice_score(item, reply, float(said == item.answer))

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return the accuracies with M-Avg, and the judged sums with G-Avg."""
        counts = {task: len(part) for task, part in split(rows, lambda item: item.task).items()}
        chosen = [row for row in rows if not row.item.judged]
        return Summary(
            official=_figures(rows, "official") | {"micro": accuracy(chosen, "official")},
            strict=_figures(rows, "strict") | {"micro": accuracy(chosen, "strict")},
            counts={**counts, "M-Avg": len(chosen), "micro": len(chosen)},
            headline="M-Avg",
            definition=(
                "per cent right of each task; M-Avg is the mean of the seven tasks (macro), G-Avg"
                " the mean of the two judged sums, each 2 to 10"
            ),
            notes=(
                "official compares the sign before the first ')', or all of a reply without one:"
                " 'B.' is wrong",
                "the first release of the script prints the micro average as 'Avg'; M-Avg is the"
                " macro one, which the later release prints",
                "official adds the marks that the script finds, 0 where it finds none; strict"
                " leaves out what cannot be read",
                "the judge's instructions are ours, on the published scales",
            ),
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write two questions a task about films of one colour."""
        for name in sorted([*CHOICE, *OPEN]):
            entries = []
            for i, colour in enumerate(("red", "blue")):
                video = f"{name[2:]}_{seed}_{i}.mp4"
                write_film(out / "video" / name / video, [Scene(0, 4, colour, "ball")])
                entry = {"video": video, "duration": 4.0, "question_type": name[2:]}
                if name in CHOICE:
                    entry |= {"question": "What is the colour of the picture?"}
                    entry |= {"candidates": ["Green", "Red", "Yellow", "Blue"]}
                    entry |= {"answer": colour.capitalize()}
                else:
                    entry |= {"question": "Please describe the video."}
                    entry |= {"answer": f"The picture is {colour}, with a word on it."}
                if name == "8_sub_scene":
                    entry |= {"scoring_points": [f"The picture is {colour}."]}
                entries.append(entry)
            path = out / "json" / f"{name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(entries, indent=1))


def _video(data: Path, record: Record, name: str) -> Path:
    """Return where a video is: folders were renamed between releases."""
    folders = (name, name[2:], "subPlot" if name == "8_sub_scene" else name)
    return media(*(data / "video" / folder / record.text("video") for folder in folders))


def _choice(record: Record, name: str, clip: Clip, id: str) -> Item:
    options = record.texts("candidates")
    right = answer_index(record, options)
    same = [x for x, o in zip(letters(26), options, strict=False) if o == options[right]]
    return Item(
        id=id,
        clip=clip,
        question=record.text("question"),
        answer=letters(len(options))[right],
        choices=tuple(options),
        labels=letters(len(options)),
        task=CHOICE[name],
        meta={"same": same},
    )


def _open(record: Record, name: str, clip: Clip, id: str) -> Item:
    points = record.texts("scoring_points") if name == "8_sub_scene" else []
    return Item(
        id=id,
        clip=clip,
        question=record.text("question"),
        answer=record.text("answer"),
        task=OPEN[name],
        judged=True,
        meta={"points": points},
    )


def _judged(item: Item, reply: Reply, judge: Judge | None) -> Score:
    """Let the judge give two marks; the score is their sum."""
    if judge is None:
        return Score(status="skipped", detail="open answers need a judge (--judge)")
    first, second = MARKS[item.task]
    if item.task == "Sub-Scene":
        truth = "\n".join(["Points that the answer should make:", *item.meta["points"]])
    else:
        truth = f"Standard answer: {item.answer}"
    text = (
        f"Question: {item.question}\n{truth}\nAnswer to mark: {reply.text}\n\n"
        f"Mark its {first} and its {second}, each from 1 (worst) to 5 (best; halves are allowed)."
        f" End with a JSON object: "
        f'{{"score_{first}": mark, "score_{second}": mark, "total_score": their sum}}'
    )
    wanted = [Mark(m, rf"score_{m}\W+(\d(?:\.\d+)?)", 1, 5) for m in (first, second)]
    verdict = judge.grade(text, wanted, "You mark answers to questions about a video.")
    official = published_sum(verdict.said, (f"score_{first}", f"score_{second}"))
    if verdict.marks is None:
        detail = "the judge gave no marks that can be read"
        return Score(official=official, status="unscored", detail=detail, judge=verdict.said)
    total = verdict.marks[first] + verdict.marks[second]
    return Score(official=official, strict=total, parts=verdict.marks, judge=verdict.said)


def published_sum(said: str, keys: Sequence[str]) -> float:
    """Add the marks as `calculate.py` finds them; a mark whose name is missing adds nothing.

    Trap: a mark begins two signs after the colon and goes on to the next comma, so that
    `"score_accuracy":3,` without a blank holds none. There the script stops with an error; here
    the sum is 0.
    """
    marks = []
    for key in keys:
        if key not in said:
            continue
        start = said.find(":", said.find(key)) + 2
        try:
            marks.append(float(said[start : said.find(",", start)]))
        except ValueError:
            return 0.0
    return math.fsum(marks)


def _figures(rows: Sequence[Row], which: Which) -> dict[str, float | None]:
    chosen = [row for row in rows if not row.item.judged]
    by = accuracies(chosen, lambda item: item.task, which)
    figures = {name: by.get(name) for name in CHOICE.values()}
    marks = {name: _mark(rows, name, which) for name in OPEN.values()}
    return figures | {"M-Avg": mean(by.values())} | marks | {"G-Avg": mean(marks.values())}


def _mark(rows: Sequence[Row], task: str, which: Which) -> float | None:
    """Return the mean sum of a judged task; officially also of what the judge failed on."""
    return mean(getattr(row.score, which) for row in rows if row.item.task == task)
