"""MVBench: 20 tasks of 200 questions each on short clips.

K. Li and others, "MVBench", arXiv 2311.17005. Prompt as VLMEvalKit sends it; scored with the
published `check_ans`, which looks at first words only.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

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
from omnilive_lab.bench.choices import plain_question
from omnilive_lab.bench.figures import Which, accuracies, mean, split
from omnilive_lab.bench.films import Scene, picture, write_film
from omnilive_lab.bench.letters import same_option
from omnilive_lab.bench.mcq import answer_index, choice_score, with_letters
from omnilive_lab.bench.reading import Record, records

SYSTEM = (
    "Carefully watch the video and pay attention to the cause and sequence of events, the detail"
    " and movement of objects, and the action and pose of persons. Based on your observations,"
    " select the best option that accurately addresses the question.\n"
)


class Task(NamedTuple):
    """A file of json/, the column of the published table, and where its videos are."""

    code: str
    folder: str
    bounded: bool = False  # only "start" to "end" of the video is shown
    pictures: bool = False  # a folder of pictures, 3 a second


TASKS = {
    "action_sequence": Task("AS", "star/Charades_v1_480", bounded=True),
    "action_prediction": Task("AP", "star/Charades_v1_480", bounded=True),
    "action_antonym": Task("AA", "ssv2_video"),
    "fine_grained_action": Task("FA", "Moments_in_Time_Raw/videos"),
    "unexpected_action": Task("UA", "FunQA_test/test"),
    "object_existence": Task("OE", "clevrer/video_validation"),
    "object_interaction": Task("OI", "star/Charades_v1_480", bounded=True),
    "object_shuffle": Task("OS", "perception/videos"),
    "moving_direction": Task("MD", "clevrer/video_validation"),
    "action_localization": Task("AL", "sta/sta_video", bounded=True),
    "scene_transition": Task("ST", "scene_qa/video"),
    "action_count": Task("AC", "perception/videos"),
    "moving_count": Task("MC", "clevrer/video_validation"),
    "moving_attribute": Task("MA", "clevrer/video_validation"),
    "state_change": Task("SC", "perception/videos"),
    "fine_grained_pose": Task("FP", "nturgbd"),
    "character_order": Task("CO", "perception/videos"),
    "egocentric_navigation": Task("EN", "vlnqa"),
    "episodic_reasoning": Task("ER", "tvqa/frames_fps3_hq", bounded=True, pictures=True),
    "counterfactual_inference": Task("CI", "clevrer/video_validation"),
}
NEED = """MVBench: from https://huggingface.co/datasets/OpenGVLab/MVBench
  DATA/json/action_sequence.json ...    the 20 annotation files
  DATA/video/star/, DATA/video/sta/ ... the zip files of video/, unpacked there; what is in
                                        video/data0613/ goes into the folders of the same names"""


class MVBench(Benchmark):
    """One item a question; of bounded videos only the stated part is shown."""

    name = "mvbench"
    title = "MVBench"
    published = "mvbench"
    need = NEED
    frames = "uniform:32"

    def load(self, data: Path) -> list[Item]:
        """Read the files of json/ in the official order; a missing one is an error."""
        found = []
        for name, task in TASKS.items():
            path = data / "json" / f"{name}.json"
            for i, record in enumerate(records(path, NEED)):
                found.append(self._item(data, record, name, task, i))
        return found

    def _item(self, data: Path, record: Record, name: str, task: Task, index: int) -> Item:
        options = record.texts("candidates")
        right = answer_index(record, options)
        place = data / "video" / task.folder / record.text("video")
        clip = Clip(
            path=place,
            start_s=record.number("start") if task.bounded else 0.0,
            end_s=record.number("end") if task.bounded else None,
            fps=3.0 if task.pictures else None,
        )
        same = [x for x, o in zip(letters(9), options, strict=False) if o == options[right]]
        return Item(
            id=f"{name}-{index}",  # the files have none
            clip=clip,
            question=record.text("question"),
            answer=letters(len(options))[right],
            choices=tuple(options),
            labels=letters(len(options)),
            task=task.code,
            meta={"same": same},
        )

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """Return the prompt of VLMEvalKit; the reply goes on after its bracket."""
        lines = "\n".join(with_letters(item.choices, "({}) {}")).rstrip()
        text = f"Question: {item.question}\nOptions:\n{lines}\nOnly give the best option."
        plain = plain_question(item)
        return Prompt(text=text, system=SYSTEM, prefill="Best option:(", plain=plain)

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Score with `check_ans`; the words of the option play no part in it."""
        truth = f"({item.answer}) {item.choices[item.labels.index(item.answer)]}"
        return choice_score(item, reply, float(same_option(reply.text, truth)))

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return the accuracy of each task, and the mean of those that were run."""
        counts = {task: len(part) for task, part in split(rows, lambda item: item.task).items()}
        return Summary(
            official=_figures(rows, "official"),
            strict=_figures(rows, "strict"),
            counts={**counts, "Avg": len(rows)},
            headline="Avg",
            definition="per cent right of each task; Avg is the mean of the tasks (macro)",
            notes=(
                "official counts an empty reply right: '' is part of every option",
                "official compares first words only: 'Best option: (B)' is wrong where B is right",
                "the paper of IXC2.5-OL shows whole videos also where start and end are given",
            ),
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write one question a task about a film of one colour (pictures for TVQA's)."""
        for i, (name, task) in enumerate(TASKS.items()):
            colour, video = ("red", "green", "blue")[(i + seed) % 3], f"{name}_{seed}"
            folder = out / "video" / task.folder
            scenes = [Scene(0, 2, "white"), Scene(2, 5, colour, "ball")]
            if task.pictures:
                _write_pictures(folder / video, scenes)
            else:
                video += ".mp4"
                write_film(folder / video, scenes)
            entry: dict[str, Any] = {
                "video": video,
                "question": "What is the colour at the end?",
                "candidates": ["red", "green", "blue"],
                "answer": colour,
            }
            if task.bounded:
                entry |= {"start": 2.0, "end": 4.5}
            path = out / "json" / f"{name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps([entry], indent=1))


def _figures(rows: Sequence[Row], which: Which) -> dict[str, float | None]:
    by = accuracies(rows, lambda item: item.task, which)
    return {task.code: by.get(task.code) for task in TASKS.values()} | {"Avg": mean(by.values())}


def _write_pictures(folder: Path, scenes: Sequence[Scene]) -> None:
    """Write pictures from 00001.jpg on, 3 a second."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    for i in range(round(3 * scenes[-1].end_s)):
        now = next(scene for scene in scenes if i / 3 < scene.end_s)
        cv2.imwrite(str(folder / f"{i + 1:05}.jpg"), picture(now, (160, 120))[:, :, ::-1])
