"""MMBench-Video against its .tsv, its prompt, its marks, and means worked out by hand."""

from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import Clip, Item, Reply, Row, Score, Setup
from omnilive_lab.bench.mmbench_video import DIMENSIONS, MMBenchVideo
from tests.lab.bench.scripts import FakeJudge, right, run, touch, without

ROW = {
    "index": "0", "video": "06FZqcIyxYE", "video_type": "Science",
    "question": "Which quarter of 2016?", "answer": "The first quarter.",
    "dimensions": "['OCR', 'Causal Reasoning']", "video_path": "./video/06FZqcIyxYE.mp4",
}  # fmt: skip


def folder(tmp_path: Path, *rows: dict[str, str]) -> Path:
    touch(tmp_path / "video" / "06FZqcIyxYE.mp4")
    lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]
    (tmp_path / "MMBench-Video.tsv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_reads_the_official_schema(tmp_path: Path) -> None:
    (item,) = MMBenchVideo().load(folder(tmp_path, ROW))
    assert (item.id, item.answer, item.judged) == ("0", "The first quarter.", True)
    assert item.meta["dimensions"] == ["OCR", "Causal Reasoning"]
    assert item.clip == Clip(path=tmp_path / "video" / "06FZqcIyxYE.mp4")


def test_there_are_26_dimensions() -> None:
    assert sum(len(fine) for fine in DIMENSIONS.values()) == 26


def test_prompt(tmp_path: Path) -> None:
    (item,) = MMBenchVideo().load(folder(tmp_path, ROW))
    text = MMBenchVideo().prompt(item, [], Setup(frames=8)).text
    assert text.startswith("\nYou will be provided with 8 separate frames uniformly sampled from")
    assert text.endswith(
        "\nPlease directly reply with your response to the only question.\n"
        "Question: Which quarter of 2016?\nAnswer: "
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (without(ROW, "dimensions"), "field 'dimensions' is missing"),
        (ROW | {"dimensions": "['Dancing']"}, "'dimensions' should be a list of the 26 fine"),
        (ROW | {"dimensions": "OCR"}, "'dimensions' should be a list of the 26 fine"),
    ],
)
def test_errors_name_file_line_and_field(tmp_path: Path, row: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=rf"MMBench-Video.tsv, line 2: .*{said}"):
        MMBenchVideo().load(folder(tmp_path, row))


def test_refuses_an_index_twice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 3: field 'index': '0' is there twice"):
        MMBenchVideo().load(folder(tmp_path, ROW, ROW))


@pytest.mark.parametrize(
    ("said", "official", "strict", "status"),
    [
        ("2", 2, 2, "scored"),
        (" 3\n", 3, 3, "scored"),
        ("Rating: 2", None, 2, "scored"),
        ("2.", None, 2, "scored"),
        ("5", None, None, "unscored"),
        ("2.5", None, None, "unscored"),
        ("I cannot rate this.", None, None, "unscored"),
    ],
)
def test_marks(
    tmp_path: Path, said: str, official: float | None, strict: float | None, status: str
) -> None:
    (item,) = MMBenchVideo().load(folder(tmp_path, ROW))
    judge = FakeJudge(said)
    score = MMBenchVideo().score(item, Reply(text="Early 2016"), [], judge)
    assert (score.official, score.strict, score.status) == (official, strict, status)
    assert judge.asked[0] == (
        "Question: Which quarter of 2016?\nGroundtruth answer: The first quarter.\n"
        "Candidate answer: Early 2016\nYour response: "
    )


def test_without_a_judge_it_is_skipped(tmp_path: Path) -> None:
    (item,) = MMBenchVideo().load(folder(tmp_path, ROW))
    assert MMBenchVideo().score(item, Reply(), [], None).status == "skipped"


def test_means_are_over_questions() -> None:
    def row(dimensions: list[str], mark: float | None, status: Any = "scored") -> Row:
        meta = {"dimensions": dimensions}
        item = Item(id="", clip=Clip(path=Path("x")), question="", meta=meta)
        return Row(item, Reply(), Score(official=mark, strict=mark, status=status))

    rows = [row(["OCR"], 3), row(["OCR", "Counting"], 1), row(["Video Topic"], 2)]
    rows += [row(["OCR", "Causal Reasoning"], None, "unscored"), row(["Hallucination"], 0)]
    rows += [row(["Video Style"], None, "skipped")]
    summary = MMBenchVideo().summary(rows)
    assert summary.official["FP-S"] == pytest.approx((3 + 1 + 0) / 3)  # unmarked counts 0
    assert summary.strict["FP-S"] == 2
    assert (summary.official["CP"], summary.official["LR"]) == (2, None)
    # Over questions: (3 + 1 + 2 + 0 + 0) / 5, and not the mean of CP, FP-S and HL.
    assert summary.official["Perception mean"] == 1.2
    assert (summary.official["TP"], summary.strict["TP"]) == (0, None)
    assert (summary.official["Overall"], summary.strict["Overall"]) == (1.2, 1.5)


def test_made_set_round_trip(tmp_path: Path) -> None:
    benchmark = MMBenchVideo()
    benchmark.make(tmp_path)
    items = benchmark.load(tmp_path)
    summary = benchmark.summary(run(benchmark, items, right, FakeJudge("3", "3", "0")))
    assert summary.official["Overall"] == 2 and summary.official["HL"] == 0
