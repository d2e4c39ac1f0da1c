"""COIN, as VideoLLM-online evaluates: steps, tasks and what comes next, and a narrated stream.

Y. Tang and others, "COIN", arXiv 1903.02874; J. Chen and others, arXiv 2406.11816. A reply counts
as the category that is nearest to it by edit distance, however far that is.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import (
    Benchmark,
    Clip,
    Item,
    Judge,
    Prompt,
    Reply,
    Row,
    Score,
    Setup,
    Summary,
    Turn,
)
from omnilive_lab.bench.figures import Which, percent
from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.bench.narration import frame_time, narration_score, narration_summary
from omnilive_lab.bench.options import Number, Words
from omnilive_lab.bench.reading import Record, read_json
from omnilive_lab.metrics.normalise import plain_words
from omnilive_lab.metrics.words import edit_distance

FPS, MOST_NEXT = 2.0, 5
SHORT = "Format your answer concisely. No extra text output."
LISTED = (
    "Format your answer concisely, listing each action on a new line with a number prefix. No"
    " extra text output."
)
ASK = {
    "step": f"What is the action in the video? {SHORT}",
    "task": f"What is the overall activity in the video? {SHORT}",
    "next": f"What is the next action for the video? {SHORT}",
}
STREAM = (
    "The video is about to {}. Please remind me when the related action starts, summarizes when it"
    " ends, as well as forecasts the next action."
)
COLUMNS = {
    "step": "Step", "task": "Task", "next": "Next", "procedure": "Proc.",
    "procedure+": "Proc.+", "stream": "Stream",
}  # fmt: skip
NEED = """COIN: from https://coin-dataset.github.io
  DATA/COIN.json              {"database": {VIDEO: {"class", "subset", "start", "end",
                              "annotation": [{"segment": [s, s], "label", "id"}]}}}
  DATA/videos/VIDEO.mp4       those of the subset "testing" """


class Coin(Benchmark):
    """One item a step, or a video; `--option tasks=step,task,next,procedure,procedure+,stream`."""

    name = "coin"
    title = "COIN"
    need = NEED
    frames = "fps:2"
    options = {"tasks": "step,task,next,procedure,procedure+", "within_s": "2"}
    takes = {"tasks": Words(tuple(COLUMNS), several=True), "within_s": Number()}

    def load(self, data: Path) -> list[Item]:
        """Read COIN.json: categories of all videos, items of those for testing."""
        tasks = self.chosen["tasks"].split(",")
        path = data / "COIN.json"
        found = read_json(path, NEED)
        if not isinstance(found, dict):
            raise ConfigError(f"{path}: should be an object with a field 'database'")
        base = Record(str(path), found).record("database")
        videos = [(name, base.record(name)) for name in base.data]
        steps = [step for _, video in videos for step in _steps(video)]
        self.steps = tuple(sorted({_sentence(step["text"]) for step in steps}))
        self.tasks = tuple(sorted({_sentence(_task(video)) for _, video in videos}))
        items = []
        for name, video in videos:
            if "test" in video.text("subset").lower():
                place = data / "videos" / f"{name}.mp4"
                for task in tasks:
                    items += self._items(task, name, place, video)
        return items

    def _items(self, task: str, name: str, path: Path, video: Record) -> Iterator[Item]:
        """Yield the items of one kind about one video."""
        steps, about = _steps(video), _task(video)
        whole = _clip(path, video.seconds("start"), video.seconds("end"))
        common: dict[str, Any] = {"task": task, "category": COLUMNS[task]}
        if task == "stream":
            yield _stream(name, Clip(path=path), about, steps)
        elif task == "task":
            yield Item(
                id=f"{name}-task", clip=whole, question=ASK[task], answer=_sentence(about), **common
            )
        else:
            for i in range(len(steps) if task == "step" else len(steps) - 1):
                clip = _clip(path, steps[i]["start"], steps[i]["end"])
                question, answers = _asked(task, about, steps, i)
                id, answer = f"{name}-{task}-{i}", "\n".join(answers)
                yield Item(id=id, clip=clip, question=question, answer=answer, **common)

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """Return the published question."""
        return Prompt(text=item.question, t=0.0 if item.narrate else None)

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Match line by line with the categories; strictly, the very words."""
        if item.narrate:
            return narration_score(item, reply, float(self.chosen["within_s"]))
        known = self.tasks if item.task == "task" else self.steps
        wanted = item.answer.split("\n")
        # Only the procedures are split into lines; one answer is matched as a whole.
        several = item.task.startswith("procedure")
        said = reply.text.split("\n") if several else [reply.text]
        pairs = list(zip(said, wanted, strict=False))
        right = sum(nearest(line, known) == truth for line, truth in pairs)
        same = sum(_bare(line) == _bare(truth) for line, truth in pairs)
        return Score(
            official=right / len(wanted),
            strict=same / len(wanted),
            parts={"right": right, "same": same, "wanted": len(wanted)},
        )

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return the share of steps (or videos) that are right, for each kind."""
        chosen = [row for row in rows if not row.item.narrate]
        counts = {c: sum(r.item.category == c for r in rows) for c in COLUMNS.values()}
        official, strict = _figures(chosen, "official"), _figures(chosen, "strict")
        notes: tuple[str, ...] = (
            "official takes the nearest category by edit distance: an empty reply is the shortest",
        )
        if len(chosen) < len(rows):
            live = narration_summary(rows, float(self.chosen["within_s"]))
            official = {**official, **live.official}
            strict = {**strict, **live.strict}
            notes += tuple(live.notes)
        return Summary(
            official=official,
            strict=strict,
            counts={name: count for name, count in counts.items() if count},
            headline="Step",
            definition="per cent of answers right; of procedures, of all steps that were wanted",
            notes=notes,
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write two videos of three steps each, one of them for testing."""
        steps = [("red", "paint it red"), ("green", "paint it green"), ("blue", "paint it blue")]
        scenes = [Scene(3 * i, 3 * i + 3, colour) for i, (colour, _) in enumerate(steps)]
        annotation = [
            {"segment": [s.start_s, s.end_s - 0.5], "label": label, "id": str(i)}
            for i, (s, (_, label)) in enumerate(zip(scenes, steps, strict=True))
        ]
        base = {}
        for subset, kind in (("testing", "PaintWall"), ("training", "MakeTea")):
            name = f"{subset}{seed}"
            write_film(out / "videos" / f"{name}.mp4", scenes)
            base[name] = {
                "class": kind, "subset": subset, "start": 0.0, "end": 8.5, "duration": 9.0,
                "recipe_type": 1, "video_url": "https://example.org", "annotation": annotation,
            }  # fmt: skip
        (out / "COIN.json").write_text(json.dumps({"database": base}, indent=1))


def nearest(text: str, categories: Sequence[str]) -> str:
    """Return the category with the smallest edit distance, the first of several."""
    return min(categories, key=lambda category: edit_distance(text, category))


def _steps(video: Record) -> list[dict[str, Any]]:
    found = []
    for step in video.each("annotation"):
        segment = step.numbers("segment")
        if len(segment) != 2:
            step.refuse("segment", segment, "two times")
        found.append({"start": segment[0], "end": segment[1], "text": _step(step.text("label"))})
    return found


def _step(label: str) -> str:
    """Return a step's label, two of them in the published new wording."""
    return {
        "process (crop, fold) paper": "crop and fold paper",
        "try to press gun head, spray residual old grease":
            "try to press gun head to spray residual old grease",
    }.get(label, label)  # fmt: skip


def _task(video: Record) -> str:
    """Return "PutOnHairExtensions" as words, short forms in capitals."""
    words = re.sub(r"([A-Z])", lambda m: " " + m[1].lower(), video.text("class"))
    for spaced, short in ((" t v", " TV"), (" c d", " CD"), ("s i m", "SIM"), ("n b a", "NBA"),
                          ("s s d", "SSD"), ("r j45", "RJ45")):  # fmt: skip
        words = words.replace(spaced, short)
    return words.strip()


def _sentence(text: str) -> str:
    # Capitals inside are lost ("TV" becomes "tv"), as published.
    return text.capitalize() + "."


def _clip(path: Path, start_s: float, end_s: float) -> Clip:
    return Clip(path=path, start_s=frame_time(start_s, FPS), end_s=frame_time(end_s, FPS) + 1 / FPS)


def _asked(task: str, about: str, steps: Sequence[dict[str, Any]], i: int) -> tuple[str, list[str]]:
    """Return the question about step `i`, and the right answers."""
    if task == "step":
        return ASK["step"], [_sentence(steps[i]["text"])]
    coming = [_sentence(step["text"]) for step in steps[i + 1 : i + 1 + MOST_NEXT]]
    if task == "next":
        return ASK["next"], coming[:1]
    which = "the next action" if len(coming) == 1 else f"the next {len(coming)} actions"
    how = SHORT if len(coming) == 1 else LISTED
    if task == "procedure":
        return f"What is {which} for the video? {how}", coming
    return f"To {about}, what is {which} for the video? {how}", coming


def _stream(name: str, clip: Clip, about: str, steps: Sequence[dict[str, Any]]) -> Item:
    """Return the narrated item: a remark is due at each start and each end of a step."""
    due = [(step["start"], f"The action of {step['text']} starts.") for step in steps]
    due += [(step["end"], f"The action of {step['text']} ends.") for step in steps]
    remarks = [{"time": t, "text": text} for t, text in sorted(due)]
    return Item(
        id=f"{name}-stream", clip=clip, question=STREAM.format(about), narrate=True,
        task="stream", category=COLUMNS["stream"], meta={"remarks": remarks},
    )  # fmt: skip


def _bare(line: str) -> list[str]:
    """Return the words of a line without its number."""
    return plain_words(re.sub(r"^\s*\d+[.)]\s*", "", line))


def _figures(rows: Sequence[Row], which: Which) -> dict[str, float | None]:
    name = "right" if which == "official" else "same"
    figures: dict[str, float | None] = {}
    for task, column in COLUMNS.items():
        parts = [r.score.parts for r in rows if r.item.task == task and r.score.status == "scored"]
        wanted = sum(part["wanted"] or 0 for part in parts)
        right = sum(part[name] or 0 for part in parts)
        figures |= {column: percent(right / wanted) if wanted else None} if task != "stream" else {}
    return figures
