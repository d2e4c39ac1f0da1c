"""MLVU against the schema of its files, its prompts, its judged sums, and hand-made arithmetic."""

from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import Clip, Item, Reply, Row, Score, Setup
from omnilive_lab.bench.mlvu import CHOICE, MLVU, OPEN, published_sum
from tests.lab.bench.scripts import FakeJudge, right, run, saying, touch, without, write_json

PLOT: dict[str, Any] = {
    "video": "movie101_66.mp4", "duration": 246,
    "question": "What color is the main male character in the video?",
    "candidates": ["Yellow", "Red", "Green", "Blue"], "answer": "Yellow", "question_type": "plotQA",
}  # fmt: skip
SCENE: dict[str, Any] = {
    "video": "subPlot_1.mp4", "duration": 500, "question": "What does she do in the garden?",
    "answer": "She reads a book under a tree.", "question_type": "subPlot",
    "scoring_points": ["She reads.", "She sits under a tree."],
}  # fmt: skip
SUMMARY: dict[str, Any] = {
    "video": "217.mp4", "duration": 500, "question": "Please summarize the video.",
    "answer": "A day at the sea.", "question_type": "summary",
}  # fmt: skip


def folder(tmp_path: Path, plot: dict[str, Any] = PLOT, scene: dict[str, Any] = SCENE) -> Path:
    special = {"1_plotQA": plot, "8_sub_scene": scene, "9_summary": SUMMARY}
    for name in [*CHOICE, *OPEN]:
        entry = special.get(name, PLOT)
        write_json(tmp_path / "json" / f"{name}.json", [entry])
        for video in (PLOT["video"], SCENE["video"], SUMMARY["video"]):
            touch(tmp_path / "video" / name / video)
    return tmp_path


def by_task(tmp_path: Path) -> dict[str, Item]:
    return {item.task: item for item in MLVU().load(folder(tmp_path))}


def test_reads_the_official_schema(tmp_path: Path) -> None:
    items = by_task(tmp_path)
    assert set(items) == {*CHOICE.values(), *OPEN.values()}
    plot = items["Plot QA"]
    assert (plot.id, plot.answer, plot.choices[3]) == ("plotQA-0", "A", "Blue")
    assert plot.clip == Clip(path=tmp_path / "video/1_plotQA/movie101_66.mp4")
    assert items["Sub-Scene"].meta["points"] == ["She reads.", "She sits under a tree."]
    assert items["Summary"].judged


def test_videos_may_be_in_the_folders_of_an_earlier_release(tmp_path: Path) -> None:
    folder(tmp_path)
    for old, new in (("8_sub_scene", "subPlot"), ("1_plotQA", "plotQA")):
        (tmp_path / "video" / old).rename(tmp_path / "video" / new)
    items = {item.task: item for item in MLVU().load(tmp_path)}
    assert items["Sub-Scene"].clip.path == tmp_path / "video/subPlot/subPlot_1.mp4"
    assert items["Plot QA"].clip.path == tmp_path / "video/plotQA/movie101_66.mp4"


def test_prompts(tmp_path: Path) -> None:
    items = by_task(tmp_path)
    prompt = MLVU().prompt(items["Plot QA"], [], Setup())
    assert prompt.text == (
        "Question: What color is the main male character in the video?\nOptions:\n(A) Yellow\n"
        "(B) Red\n(C) Green\n(D) Blue\nOnly give the best option."
    )
    assert prompt.prefill == "Best Option: ("
    assert prompt.system == (
        "Carefully watch this video and pay attention to every detail. Based on your observations,"
        " select the best option that accurately addresses the question.\n"
    )
    ixc = MLVU({"prompt": "ixc"}).prompt(items["Plot QA"], [], Setup())
    assert ixc.text.startswith("Here are some frames of a video. What color")
    assert ixc.prefill == "The answer is"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (without(PLOT, "candidates"), "field 'candidates' is missing"),
        (PLOT | {"answer": "Pink"}, "field 'answer' should be one of the candidates"),
    ],
)
def test_errors_name_file_entry_and_field(tmp_path: Path, entry: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"(?s)1_plotQA.json, line 1: {said}"):
        MLVU().load(folder(tmp_path, plot=entry))


def test_scoring_points_are_needed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="8_sub_scene.json, line 1: field 'scoring_points'"):
        MLVU().load(folder(tmp_path, scene=without(SCENE, "scoring_points")))


def test_the_sign_before_the_bracket_is_scored(tmp_path: Path) -> None:
    item = by_task(tmp_path)["Plot QA"]

    def score(text: str) -> tuple[float | None, float | None]:
        scored = MLVU().score(item, Reply(text=text), [], None)
        return scored.official, scored.strict

    assert score("A) Yellow") == (1, 1)
    assert score("A") == (1, 1)
    assert score("(A) Yellow") == (1, 1)
    assert score("A.") == (0, 1)
    assert score("") == (0, 0)


def test_the_judge_gives_two_marks(tmp_path: Path) -> None:
    item, reply = by_task(tmp_path)["Sub-Scene"], Reply(text="She reads.")
    judge = FakeJudge("Fine. {'score_accuracy': 3, 'score_relevance': 4.5, 'total_score': 7.5}")
    score = MLVU().score(item, reply, [], judge)
    assert (score.official, score.strict) == (7.5, 7.5)
    assert score.parts == {"accuracy": 3, "relevance": 4.5}
    assert (
        "She sits under a tree." in judge.asked[0]
        and "Answer to mark: She reads." in judge.asked[0]
    )


@pytest.mark.parametrize(
    ("said", "total"),
    [
        ("{'score_accuracy': 3, 'score_relevance': 4.5, 'total_score': 7.5}", 7.5),
        ("{'score_accuracy': 3, 'score_relevance': 4}", 7),  # the last sign is cut off
        ('{"score_accuracy":3,"score_relevance":4,"total_score":7}', 0),
        ("{'score_accuracy': 3, 'score_relevance': 4}\nThat is all.", 0),
        ("score_accuracy: three, score_relevance: 4,", 0),
        ("{'score_accuracy': 3, 'total_score': 7}", 3),  # the other mark adds nothing
        ("{'score_relevance': 4, 'total_score': 7}", 4),
        ("", 0),
    ],
)
def test_marks_as_the_published_script_finds_them(said: str, total: float) -> None:
    assert published_sum(said, ("score_accuracy", "score_relevance")) == total


def test_without_a_judge_open_answers_are_skipped(tmp_path: Path) -> None:
    item = by_task(tmp_path)["Summary"]
    assert MLVU().score(item, Reply(text="A day."), [], None).status == "skipped"
    nonsense = MLVU().score(item, Reply(text="A day."), [], FakeJudge("Lovely!"))
    assert (nonsense.status, nonsense.official, nonsense.strict) == ("unscored", 0, None)
    half = FakeJudge("{'score_completeness': 3, 'total_score': 3}")
    assert MLVU().score(item, Reply(text="A day."), [], half).official == 3


def test_averages_by_hand() -> None:
    clip = Clip(path=Path("x"))

    def row(task: str, value: float | None) -> Row:
        item = Item(id="", clip=clip, question="", task=task, judged=task in OPEN.values())
        return Row(item, Reply(), Score(official=value, strict=value))

    # The published script adds nothing for marks that it cannot read, and divides by all.
    nothing = Score(official=0.0, status="unscored")
    unreadable = Row(row("Sub-Scene", None).item, Reply(), nothing)
    rows = [row("Plot QA", s) for s in (1, 1, 1, 0)] + [row("Needle QA", 0), row("Ego Rea.", 1)]
    rows += [row("Sub-Scene", 8.0), unreadable, row("Summary", 5.0)]
    summary = MLVU().summary(rows)
    assert summary.official["M-Avg"] == pytest.approx((75 + 0 + 100) / 3)
    assert summary.official["micro"] == pytest.approx(400 / 6)
    assert (summary.official["Sub-Scene"], summary.strict["Sub-Scene"]) == (4.0, 8.0)
    assert (summary.official["G-Avg"], summary.strict["G-Avg"]) == (4.5, 6.5)


def test_made_set_round_trip(tmp_path: Path) -> None:
    benchmark, judge = MLVU(), FakeJudge(
        "{'score_accuracy': 5, 'score_relevance': 5, 'score_completeness': 4,"
        " 'score_reliability': 4, 'total_score': 10}"
    )  # fmt: skip
    benchmark.make(tmp_path)
    items = benchmark.load(tmp_path)
    assert len(items) == 18
    summary = benchmark.summary(run(benchmark, items, right, judge))
    assert (summary.official["M-Avg"], summary.official["G-Avg"]) == (100, 9)
    always_b = benchmark.summary(run(benchmark, items, saying("B"), judge))
    assert always_b.official["M-Avg"] == 50  # red is B, blue is D
