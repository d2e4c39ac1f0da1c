"""A made benchmark of plain multiple choice: the tool end to end, with nothing to download.

quiz.json   [{"id", "video", "task", "time": s, "question", "options": [...], "answer": "B",
            "seen": [a, b]}]
videos/     films whose colour changes; a word is written on each colour
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path

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
    letters,
)
from omnilive_lab.bench.choices import first_letter, only_letter, plain_question
from omnilive_lab.bench.figures import accuracies, accuracy, split
from omnilive_lab.bench.films import COLOURS, Scene, write_film
from omnilive_lab.bench.options import Number
from omnilive_lab.bench.reading import records

ASK = "Answer with the letter of the right option.\n{question}\n{options}\nThe answer is:"
WORDS = "anchor basket candle dragon engine feather garden hammer island jacket".split()
SCENE_S = 3.0


class Quiz(Benchmark):
    """Which colour, which word, at which moment."""

    name = "quiz"
    title = "Quiz (made)"
    need = "Make it: omnilive eval make quiz --out DIR, then give --data DIR."
    frames = "uniform:4"
    options = {"questions": "24"}
    takes = {"questions": Number(1, whole=True)}

    def load(self, data: Path) -> list[Item]:
        """Read quiz.json."""
        items: list[Item] = []
        for record in records(data / "quiz.json", self.need):
            options, answer = record.texts("options"), record.text("answer")
            labels = letters(len(options))
            if answer not in labels:
                record.refuse("answer", answer, f"one of {', '.join(labels)}")
            seen = record.numbers("seen")
            if len(seen) != 2:
                record.refuse("seen", seen, "two times")
            items.append(
                Item(
                    id=record.text("id"),
                    clip=Clip(path=data / "videos" / record.text("video")),
                    question=record.text("question"),
                    answer=answer,
                    t=record.seconds("time"),
                    choices=tuple(options),
                    labels=labels,
                    task=record.text("task"),
                    evidence_s=((seen[0], seen[1]),),
                )
            )
        return items

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """Question and lettered options."""
        options = "\n".join(f"{a}. {b}" for a, b in zip(item.labels, item.choices, strict=True))
        text = ASK.format(question=item.question, options=options)
        return Prompt(text=text, plain=plain_question(item), t=item.t)

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Official: the first character. Strict: the one letter that the reply picks."""
        return Score(
            official=float(first_letter(reply.text) == item.answer),
            strict=float(only_letter(reply.text, item.labels, item.choices) == item.answer),
        )

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Accuracy of each task and over all items."""
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
            definition="accuracy in per cent; Overall counts each question the same (micro)",
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write films of four scenes and questions about them."""
        dice = random.Random(seed)
        count, rows = int(self.chosen["questions"]), []
        for index in range(count):
            film = index // 8
            if index % 8 == 0:
                scenes = self._scenes(dice)
                write_film(out / "videos" / f"film{film}.mp4", scenes)
            rows.append({"id": f"q{index}", "video": f"film{film}.mp4", **_ask(scenes, dice)})
        (out / "quiz.json").write_text(json.dumps(rows, indent=1))

    def _scenes(self, dice: random.Random) -> list[Scene]:
        colours, words = dice.sample(sorted(COLOURS), 4), dice.sample(WORDS, 4)
        pairs = enumerate(zip(colours, words, strict=True))
        return [Scene(i * SCENE_S, (i + 1) * SCENE_S, c, w.upper()) for i, (c, w) in pairs]


def _ask(scenes: Sequence[Scene], dice: random.Random) -> dict[str, object]:
    scene = dice.choice(scenes)
    task = dice.choice(["colour", "word"])
    if task == "colour":
        question, right = "Which colour is shown right now?", scene.colour
        options = [right, *dice.sample(sorted(set(COLOURS) - {right}), 3)]
    else:
        question, right = "Which word is written on the screen right now?", scene.word
        options = [right, *dice.sample([w.upper() for w in WORDS if w.upper() != right], 3)]
    dice.shuffle(options)
    return {
        "task": task,
        "question": question,
        "time": scene.end_s - 0.5,
        "options": options,
        "answer": letters(4)[options.index(right)],
        "seen": [scene.start_s, scene.end_s],
    }
