"""MVBench against the schema of its 20 files, its prompt, and sums worked out by hand."""

from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import Clip, Item, Reply, Row, Score, Setup
from omnilive_lab.bench.mvbench import SYSTEM, TASKS, MVBench
from tests.lab.bench.scripts import right, run, saying, touch, without, write_json

STAR: dict[str, Any] = {
    "video": "ZS9XR.mp4",
    "question": "What happened after the person took the food?",
    "candidates": ["Ate the medicine.", "Tidied up the blanket.", "Put down the cup/glass/bottle."],
    "answer": "Ate the medicine.",
    "question_id": "Sequence_T1_1", "start": 11.1, "end": 17.2,
    "accurate_start": 12.0, "accurate_end": 16.0,
}  # fmt: skip
TVQA: dict[str, Any] = {
    "video": "friends_s01e01", "subtitle": "00:01 hello", "start": 1.0, "end": 3.0,
    "question": "Where is Joey?", "candidates": ["At home", "In the cafe", "Outside"],
    "answer": "In the cafe",
}  # fmt: skip
PLAIN: dict[str, Any] = {
    "video": "1.mp4", "question": "How many?", "candidates": ["1", "2", "3"], "answer": "2",
}  # fmt: skip


def folder(tmp_path: Path, **files: list[dict[str, Any]]) -> Path:
    for name, task in TASKS.items():
        entries = files.get(name, [PLAIN | {"start": 0, "end": 1} if task.bounded else PLAIN])
        write_json(tmp_path / "json" / f"{name}.json", entries)
        for video in ("1.mp4", "ZS9XR.mp4", "friends_s01e01/00001.jpg"):
            touch(tmp_path / "video" / task.folder / video)
    return tmp_path


def items_of(tmp_path: Path, task: str, **files: list[dict[str, Any]]) -> list[Item]:
    return [item for item in MVBench().load(folder(tmp_path, **files)) if item.task == task]


def test_reads_the_official_schema_and_shows_only_the_stated_part(tmp_path: Path) -> None:
    (item,) = items_of(tmp_path, "AS", action_sequence=[STAR])
    path = tmp_path / "video/star/Charades_v1_480/ZS9XR.mp4"
    assert item.clip == Clip(path=path, start_s=11.1, end_s=17.2)
    assert (item.id, item.answer, item.labels) == ("action_sequence-0", "A", ("A", "B", "C"))


def test_tvqa_is_a_folder_of_pictures(tmp_path: Path) -> None:
    (item,) = items_of(tmp_path, "ER", episodic_reasoning=[TVQA])
    path = tmp_path / "video/tvqa/frames_fps3_hq/friends_s01e01"
    assert item.clip == Clip(path=path, start_s=1, end_s=3, fps=3)


def test_prompt(tmp_path: Path) -> None:
    (item,) = items_of(tmp_path, "AC", action_count=[PLAIN])
    prompt = MVBench().prompt(item, [], Setup())
    assert prompt.text == (
        "Question: How many?\nOptions:\n(A) 1\n(B) 2\n(C) 3\nOnly give the best option."
    )
    assert prompt.prefill == "Best option:("
    assert prompt.system == SYSTEM and SYSTEM.startswith("Carefully watch the video and pay")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (without(STAR, "end"), "field 'end' is missing"),
        (without(STAR, "candidates") | {"options": []}, "field 'candidates' is missing"),
        (STAR | {"answer": "Ran."}, "field 'answer' should be one of the candidates"),
        (STAR | {"start": "soon"}, "field 'start' should be a number"),
    ],
)
def test_errors_name_file_entry_and_field(tmp_path: Path, entry: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"(?s)action_sequence.json, line 1: {said}"):
        MVBench().load(folder(tmp_path, action_sequence=[entry]))


def test_a_missing_file_says_what_to_download(tmp_path: Path) -> None:
    (folder(tmp_path) / "json" / "moving_count.json").unlink()
    with pytest.raises(ConfigError, match="(?s)moving_count.json is missing.*OpenGVLab/MVBench"):
        MVBench().load(tmp_path)


def test_the_last_of_equal_candidates_is_official_and_each_is_right(tmp_path: Path) -> None:
    twice = PLAIN | {"candidates": ["2", "1", "2"]}
    (item,) = items_of(tmp_path, "AC", action_count=[twice])
    assert item.answer == "C"
    first = MVBench().score(item, Reply(text="A"), [], None)
    assert (first.official, first.strict) == (0, 1)


def test_silence_is_officially_right(tmp_path: Path) -> None:
    (item,) = items_of(tmp_path, "AC", action_count=[PLAIN])
    silence = MVBench().score(item, Reply(text=""), [], None)
    assert (silence.official, silence.strict) == (1, 0)
    worded = MVBench().score(item, Reply(text="Best option: (B)"), [], None)
    assert (worded.official, worded.strict) == (0, 1)


def test_average_is_the_mean_of_tasks() -> None:
    clip = Clip(path=Path("x"))
    scores = [("AS", 1), ("AS", 0), ("AS", 0), ("AS", 0), ("CI", 1)]
    rows = [
        Row(Item(id="", clip=clip, question="", task=task), Reply(), Score(official=s, strict=s))
        for task, s in scores
    ]
    summary = MVBench().summary(rows)
    assert (summary.official["AS"], summary.official["CI"]) == (25, 100)
    assert summary.official["Avg"] == 62.5  # not 40, the share of all five
    assert summary.official["ER"] is None
    assert list(summary.official) == [task.code for task in TASKS.values()] + ["Avg"]


def test_made_set_round_trip(tmp_path: Path) -> None:
    benchmark = MVBench()
    benchmark.make(tmp_path)
    items = benchmark.load(tmp_path)
    assert len(items) == 20
    assert benchmark.summary(run(benchmark, items, right)).strict["Avg"] == 100
    wrong = benchmark.summary(run(benchmark, items, saying("I do not know"))).strict["Avg"]
    assert wrong == 0
