"""Video-MME against its parquet schema, its prompt, and sums worked out by hand."""

from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import Clip, Item, Reply, Setup, letters
from omnilive_lab.bench.videomme import VideoMME, subtitles, write_parquet
from tests.lab.bench.scripts import right, rows_of, run, saying, touch, without

ENTRY: dict[str, Any] = {
    "video_id": "001", "duration": "short", "domain": "Knowledge",
    "sub_category": "Humanity & History", "url": "https://example.org/watch?v=abc",
    "videoID": "abc", "question_id": "001-1", "task_type": "Counting Problem",
    "question": "How many candles are there?",
    "options": ["A. Two.", "B. Three.", "C. Four.", "D. Five."], "answer": "C",
}  # fmt: skip
FRAMES = "\nThese are the frames of a video. "
TEXT = (
    "Select the best answer to the following multiple-choice question based on the video. Respond"
    " with only the letter (A, B, C, or D) of the correct option.\n"
    "Question: How many candles are there?\nA. Two.\nB. Three.\nC. Four.\nD. Five.\nAnswer: "
)


def folder(tmp_path: Path, *entries: dict[str, Any]) -> Path:
    touch(tmp_path / "video" / "abc.mp4")
    write_parquet(tmp_path / "videomme" / "test-00000-of-00001.parquet", list(entries))
    return tmp_path


def test_reads_the_official_schema(tmp_path: Path) -> None:
    (item,) = VideoMME().load(folder(tmp_path, ENTRY))
    assert item.id == "001-1"
    assert item.clip == Clip(path=tmp_path / "video" / "abc.mp4")
    assert item.choices == ("Two.", "Three.", "Four.", "Five.")
    assert (item.answer, item.category, item.task) == ("C", "Short", "Counting Problem")


def test_prompts(tmp_path: Path) -> None:
    (item,) = VideoMME().load(folder(tmp_path, ENTRY))
    assert VideoMME().prompt(item, [], Setup()).text == FRAMES + TEXT
    site = VideoMME({"prompt": "site"}).prompt(item, [], Setup()).text
    assert site.startswith("Select the best answer")
    assert site.endswith("How many candles are there?\nA. Two.\nB. Three.\nC. Four.\nD. Five.\n"
                         "The best answer is:")  # fmt: skip


def test_subtitles_are_those_shown_with_the_pictures(tmp_path: Path) -> None:
    (item,) = VideoMME().load(folder(tmp_path, ENTRY))
    srt = tmp_path / "subtitle" / "abc.srt"
    srt.parent.mkdir()
    srt.write_text(
        "1\n00:00:00,500 --> 00:00:04,000\nGood\nmorning\n\n2\n00:00:05,000 --> 00:00:06,000\nBye\n"
    )
    assert list(subtitles(srt)) == [(0.5, 4.0, "Good morning"), (5.0, 6.0, "Bye")]
    # Two pictures of 6 s are at 2 s and 4 s; nothing is said at 4 s.
    text = VideoMME({"subtitles": "yes"}).prompt(item, [], Setup(frames=2)).text
    assert text == FRAMES + "This video's subtitles are listed below:\nGood morning\n" + TEXT


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (without(ENTRY, "options"), "row 0: field 'options' is missing"),
        (without(ENTRY, "question") | {"Question": "?"}, "renamed to 'Question'"),
        (ENTRY | {"answer": "F"}, "field 'answer' should be one of the letters A to D"),
        (ENTRY | {"duration": "brief"}, "field 'duration' should be short, medium or long"),
    ],
)
def test_errors_name_file_entry_and_field(tmp_path: Path, entry: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"(?s)test-00000-of-00001.parquet.*{said}"):
        VideoMME().load(folder(tmp_path, entry))


def test_refuses_an_id_twice_and_a_missing_or_broken_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="row 1: field 'question_id': '001-1' is there twice"):
        VideoMME().load(folder(tmp_path, ENTRY, ENTRY))
    with pytest.raises(ConfigError, match="(?s)is missing.*huggingface.co/datasets/lmms-lab"):
        VideoMME().load(tmp_path / "elsewhere")
    (tmp_path / "videomme" / "test-00000-of-00001.parquet").write_bytes(b"nonsense")
    with pytest.raises(ConfigError, match="no parquet file"):
        VideoMME().load(tmp_path)


def test_what_chooses_nothing_is_not_counted_officially(tmp_path: Path) -> None:
    (item,) = VideoMME().load(folder(tmp_path, ENTRY))

    def score(text: str) -> tuple[float | None, float | None]:
        scored = VideoMME().score(item, Reply(text=text), [], None)
        return scored.official, scored.strict

    assert score("C") == (1, 1)
    assert score("Answer: C") == (0, 1)
    assert score("c") == (None, 1)
    assert score("") == (None, 0)
    assert score("I cannot see any video.") == (None, 0)
    assert score("Four.") == (None, 1)


def test_summary_by_hand() -> None:
    def item(category: str) -> Item:
        clip = Clip(path=Path("x.mp4"))
        return Item(id="", clip=clip, question="", labels=letters(4), category=category)

    rows = rows_of(
        [(item("Short"), 1, 1), (item("Short"), 0, 1), (item("Short"), None, 0)]
        + [(item("Medium"), 1, 1), (item("Long"), 0, 0)]
    )
    summary = VideoMME().summary(rows)
    # Short 1 of 2 answered, all 2 of 4 answered; strict counts all five.
    assert summary.official == {"Short": 50, "Medium": 100, "Long": 0, "Overall": 50}
    assert summary.strict == {"Short": pytest.approx(200 / 3), "Medium": 100, "Long": 0,
                              "Overall": 60}  # fmt: skip
    assert VideoMME().summary([]).official["Overall"] is None


def test_made_set_round_trip(tmp_path: Path) -> None:
    benchmark = VideoMME()
    benchmark.make(tmp_path)
    items = benchmark.load(tmp_path)
    assert len(items) == 6 and {item.category for item in items} == {"Short", "Medium", "Long"}
    assert benchmark.summary(run(benchmark, items, right)).official["Overall"] == 100
    always_a = benchmark.summary(run(benchmark, items, saying("A"))).official["Overall"]
    assert always_a == pytest.approx(100 * sum(i.answer == "A" for i in items) / 6)
