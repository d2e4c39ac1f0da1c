"""The development clips: open questions, each asked while the clip runs, with where to look.

annotations.json   {"videos": [{"video", "qa": [{"ask_at_s", "question", "answer",
                   "accept": [...], "evidence_s": [a, b], "kind",
                   "answer_s": [a, b], "tolerance_s"}]}]}
videos/            the clips
"""

import json
import random
import re
from collections.abc import Sequence
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
from omnilive_lab.bench.figures import accuracies, accuracy, split
from omnilive_lab.bench.films import COLOURS, Scene, write_film
from omnilive_lab.bench.reading import Record, read_json

_TIMES = re.compile(
    r"(?<![\d:])(?:(\d+):)?(\d{1,2}):(\d{2})(?![\d:])|(\d+(?:\.\d+)?)\s*(?:s\b|sec|秒)"
)
_STEMS = ("juggl",)  # accepted as the beginning of a word
REFUSED = "exists_no"  # questions about what never happened: saying so is the right answer


class DevClips(Benchmark):
    """What happened, when, how often, what was said and written."""

    name = "dev-clips"
    title = "Development clips"
    need = (
        "It needs a folder with annotations.json and the clips that it names (videos/*.mp4). "
        "Give the folder with --data, or make a small set: omnilive eval make dev-clips --out DIR."
    )
    frames = "uniform:16"

    def load(self, data: Path) -> list[Item]:
        """Read annotations.json."""
        path = data / "annotations.json"
        found = read_json(path, self.need)
        if not isinstance(found, dict):
            raise ConfigError(f"{path}: should be an object with a field 'videos'")
        items: list[Item] = []
        for video in Record(str(path), found).each("videos"):
            clip = Clip(path=data / video.text("video"))
            for index, qa in enumerate(video.each("qa")):
                items.append(_item(f"{clip.path.stem}-{index}", clip, qa))
        return items

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """The bare question: there is no official prompt."""
        return Prompt(text=item.question, t=item.t)

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Official: the annotation's own rules. Strict: its evidence must be right as well."""
        right = is_right(reply, item)
        return Score(official=float(right), strict=float(right and cites(reply, item)))

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Accuracy of each kind of question and over all."""
        counts = {name: len(part) for name, part in split(rows, lambda i: i.task).items()}
        return Summary(
            official={
                **accuracies(rows, lambda i: i.task, "official"),
                "Overall": accuracy(rows, "official"),
            },
            strict={
                **accuracies(rows, lambda i: i.task, "strict"),
                "Overall": accuracy(rows, "strict"),
            },
            counts={**counts, "Overall": len(rows)},
            headline="Overall",
            definition=(
                "accuracy in per cent, each question counts the same (micro). Official: an "
                "accepted string or a time within tolerance; a refusal is right only for what "
                "never happened. Strict: some evidence must overlap the annotated span as well"
            ),
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write two films with words on them, and questions about the words."""
        dice, videos = random.Random(seed), []
        for number in range(2):
            colours = dice.sample(sorted(COLOURS), 3)
            words = dice.sample("EXIT LUNCH MUSIC PARIS RIVER TRAIN".split(), 3)
            pairs = enumerate(zip(colours, words, strict=True))
            scenes = [Scene(i * 4.0, i * 4.0 + 4.0, colour, word) for i, (colour, word) in pairs]
            name = f"videos/made{number}.mp4"
            write_film(out / name, scenes, size=(320, 240))
            videos.append({"video": name, "qa": _made_questions(scenes)})
        (out / "annotations.json").write_text(
            json.dumps({"set": "MADE", "videos": videos}, indent=1)
        )


def is_right(reply: Reply, item: Item) -> bool:
    """Tell whether a reply is right by the annotation's own rules; a refusal never is."""
    if reply.supported is False and item.task != REFUSED:
        return False
    if any(accepts(reply.text, wanted) for wanted in item.meta["accept"]):
        return True
    if "answer_s" not in item.meta:
        return False
    low, high = item.meta["answer_s"]
    slack = item.meta["tolerance_s"]
    return any(low - slack <= t <= high + slack for t in times_in(reply.text))


def cites(reply: Reply, item: Item) -> bool:
    """Tell whether some evidence overlaps the annotated span."""
    return any(
        start <= high and end >= low
        for low, high in item.evidence_s
        for start, end in reply.evidence
    )


def accepts(text: str, wanted: str) -> bool:
    """Tell whether the reply holds the string: whole words, or anywhere for Chinese."""
    text, wanted = text.lower(), wanted.lower()
    if not wanted.isascii():
        return wanted in text
    end = "" if wanted.endswith(_STEMS) else r"(?![\w]|[.:]\d)"
    return bool(re.search(rf"(?<![\w])(?<!\d[.:]){re.escape(wanted)}{end}", text))


def times_in(text: str) -> list[float]:
    """Return every time that a reply names, in seconds."""
    return [
        float(plain) if plain else int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
        for hours, minutes, seconds, plain in _TIMES.findall(text)
    ]


def _item(id: str, clip: Clip, qa: Record) -> Item:
    low, high = qa.numbers("evidence_s")
    meta: dict[str, Any] = {"accept": qa.texts("accept")}
    if "answer_s" in qa:
        meta["answer_s"] = qa.numbers("answer_s")
        meta["tolerance_s"] = float(qa.get("tolerance_s", 2.0))
    return Item(
        id=id,
        clip=clip,
        question=qa.text("question"),
        answer=qa.text("answer"),
        t=qa.seconds("ask_at_s"),
        task=qa.text("kind"),
        evidence_s=((low, high),),
        meta=meta,
    )


def _made_questions(scenes: Sequence[Scene]) -> list[dict[str, Any]]:
    first, second = scenes[0], scenes[1]
    return [
        {
            "ask_at_s": scene.end_s - 0.5,
            "question": "What is written on the screen right now?",
            "answer": scene.word,
            "accept": [scene.word.lower()],
            "evidence_s": [scene.start_s, scene.end_s],
            "kind": "text",
        }
        for scene in scenes
    ] + [
        {
            "ask_at_s": scenes[-1].end_s - 0.2,
            "question": f"When did {second.word} appear on the screen?",
            "answer": f"At {second.start_s:.0f} seconds",
            "accept": [],
            "answer_s": [second.start_s, second.start_s + 1],
            "tolerance_s": 2.0,
            "evidence_s": [second.start_s, second.end_s],
            "kind": "when",
        },
        {
            "ask_at_s": first.end_s - 0.5,
            "question": "Has a zebra been seen?",
            "answer": "No",
            "accept": ["no", "not"],
            "evidence_s": [0, first.end_s],
            "kind": REFUSED,
        },
    ]
