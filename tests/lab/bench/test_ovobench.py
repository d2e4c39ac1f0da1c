"""OVO-Bench against its annotation file's schema, its prompts, its scoring, and its arithmetic."""

from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import Clip, Item, Reply, Setup
from omnilive_lab.bench.ovobench import CATEGORY, OVOBench
from tests.lab.bench.scripts import right, rows_of, run, saying, touch, without, write_json

EPM: dict[str, Any] = {
    "id": 0, "task": "EPM", "video": "Ego4D/clips/ec4a3ba3.mp4", "realtime": 215,
    "question": "Who did I talk to?", "answer": "a person with blue shirt",
    "options": ["brown shirt", "green shirt", "blue shirt", "white shirt"], "gt": 2,
}  # fmt: skip
REC: dict[str, Any] = {
    "id": 1558, "task": "REC", "video": "perception_test/video_4017.mp4",
    "activity": "breaking something", "start_times": [6, 18], "end_times": [17, 30],
    "test_info": [{"realtime": 17, "count": 1}, {"realtime": 32.0, "count": 2}],
}  # fmt: skip
SSR: dict[str, Any] = {
    "id": 1516, "task": "SSR", "video": "COIN/xZec.mp4", "tutorial": "PutOnHairExtensions",
    "all_steps": ["pull up the hair", "put down the hair"], "start_time": [25, 107],
    "end_time": [30, 117],
    "test_info": [
        {"realtime": 27, "step": "pull up the hair", "type": 1},
        {"realtime": 102, "step": "put down the hair", "type": 0},
    ],
}  # fmt: skip
CRR: dict[str, Any] = {
    "id": 1468, "task": "CRR", "video": "MovieNet/tt0048028.mp4", "question": "What does she do?",
    "answer": "She walks past the car.", "ask_time": 297, "clue_time": 308,
    "test_info": [{"realtime": 297, "type": 0}, {"realtime": 310, "type": 1}],
}  # fmt: skip
ALL = (EPM, REC, SSR, CRR)


def folder(tmp_path: Path, *entries: dict[str, Any]) -> Path:
    write_json(tmp_path / "ovo_bench_new.json", list(entries))
    for entry in ALL:
        touch(tmp_path / "src_videos" / entry["video"])
    return tmp_path


def by_id(tmp_path: Path) -> dict[str, Item]:
    return {item.id: item for item in OVOBench().load(folder(tmp_path, *ALL))}


def test_reads_the_official_schema(tmp_path: Path) -> None:
    items = by_id(tmp_path)
    assert list(items) == ["0", "1558_0", "1558_1", "1516_0", "1516_1", "1468_0", "1468_1"]
    first = items["0"]
    assert (first.answer, first.t, first.category) == ("C", 215, "Backward")
    assert first.clip == Clip(path=tmp_path / "src_videos/Ego4D/clips/ec4a3ba3.mp4")
    count = items["1558_1"]
    assert (count.answer, count.t, count.evidence_s) == ("2", 32, ((6, 17), (18, 30)))
    assert items["1558_0"].evidence_s == ((6, 17),)
    assert (items["1516_0"].answer, items["1516_0"].evidence_s) == ("Yes", ((25, 30),))
    assert (items["1516_1"].answer, items["1516_1"].labels) == ("No", ("Yes", "No"))
    assert (items["1468_1"].answer, items["1468_1"].evidence_s) == ("Yes", ((308, 310),))


def test_cut_videos_end_with_the_question(tmp_path: Path) -> None:
    write_json(tmp_path / "ovo_bench_new.json", [EPM, CRR])
    for name in ("0.mp4", "1468_0.mp4", "1468_1.mp4"):
        touch(tmp_path / "chunked_videos" / name)
    items = OVOBench().load(tmp_path)
    assert [item.clip.path.name for item in items] == ["0.mp4", "1468_0.mp4", "1468_1.mp4"]
    assert all(item.t is None for item in items)


def test_prompts(tmp_path: Path) -> None:
    items, pad, end = by_id(tmp_path), " " * 16, " " * 12
    short = f"{pad}Do not include any additional text or explanation in your response.\n{end}"
    assert OVOBench().prompt(items["0"], [], Setup()).text == (
        f"\n{pad}Question: Who did I talk to?\n{pad}Options:\n"
        f"{pad}A. brown shirt; B. green shirt; C. blue shirt; D. white shirt;\n"
        f"{pad}Respond only with the letter corresponding to your chosen option (e.g., A, B, C). \n"
        + short
    )
    count = OVOBench().prompt(items["1558_0"], [], Setup()).text
    assert count.startswith(" \n" + pad + "You're watching a video in which people may perform")
    assert "How many times did they breaking something?\n" in count
    assert "as a single number (e.g., 0, 1, 2, 3…) indicating the total count.\n" in count
    step = OVOBench().prompt(items["1516_0"], [], Setup()).text
    assert f"\n{pad}pull up the hair\n" in step and "Answer only with “Yes” or “No”.\n" in step
    clue = OVOBench().prompt(items["1468_0"], [], Setup())
    assert f"\n{pad}What does she do?\n{pad}Decide whether existing visual content" in clue.text
    assert (clue.t, clue.since_s) == (297, 0)
    assert OVOBench({"crr_from": "ask"}).prompt(items["1468_1"], [], Setup()).since_s == 297


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (without(EPM, "realtime"), "field 'realtime' is missing"),
        (EPM | {"gt": 4}, "field 'gt' should be the index of one of 4 options"),
        (EPM | {"gt": "C"}, "field 'gt' should be a number"),
        (EPM | {"task": "XYZ"}, "field 'task' should be one of EPM"),
        (CRR | {"test_info": [{"realtime": 1}]}, r"test_info\[0\]: field 'type' is missing"),
        (CRR | {"test_info": [{"realtime": 1, "type": 2}]}, "field 'type' should be 0 or 1"),
        (without(REC, "activity") | {"action": "x"}, "'activity' is missing .renamed to 'action'"),
    ],
)
def test_errors_name_file_entry_and_field(tmp_path: Path, entry: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"ovo_bench_new.json, line 1.*{said}"):
        OVOBench().load(folder(tmp_path, entry))


def test_refuses_an_id_twice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="field 'id': '0' is there twice"):
        OVOBench().load(folder(tmp_path, EPM, EPM))


@pytest.mark.parametrize(
    ("id", "reply", "official", "strict"),
    [
        ("0", "C", 1, 1),
        ("0", "(C)", 1, 1),
        ("0", "c", 0, 1),
        ("0", "ABCD", 1, 0),
        ("0", "Could be A", 1, 0),  # the C of "Could"
        ("0", "", 0, 0),
        ("1558_1", "2", 1, 1),
        ("1558_1", "2 times in 10 s", 0, 0),
        ("1558_1", "two", 0, 1),
        ("1558_1", "They did it 2 times.", 1, 1),
        ("1516_0", "Yes", 1, 1),
        ("1516_0", "Y", 1, 1),
        ("1516_0", "yes", 0, 1),
        ("1516_0", "No", 0, 0),
        ("1516_1", "No", 1, 1),
        ("1516_1", "N", 1, 1),
        ("1516_1", "None of them", 1, 0),
        ("1516_1", "Not sure", 1, 0),  # "No" is in "Not"
        ("1468_1", "Yes, enough.", 1, 1),
        ("1468_1", "", 0, 0),
    ],
)
def test_substrings_and_joined_digits(
    tmp_path: Path, id: str, reply: str, official: float, strict: float
) -> None:
    score = OVOBench().score(by_id(tmp_path)[id], Reply(text=reply), [], None)
    assert (score.official, score.strict) == (official, strict)


def test_totals_by_hand() -> None:
    def item(task: str) -> Item:
        clip = Clip(path=Path("x"))
        return Item(id="", clip=clip, question="", task=task, category=CATEGORY[task])

    scores = [("EPM", 1), ("EPM", 1), ("EPM", 1), ("EPM", 0), ("ASI", 0), ("OCR", 1)]
    scores += [("REC", 1), ("SSR", 0), ("SSR", 0)]
    summary = OVOBench().summary(rows_of([(item(task), s, s) for task, s in scores]))
    # Backward: the mean of 75 and 0, not 3 of 5. Total: the mean of 37.5, 100 and 50.
    assert summary.official["Backward"] == 37.5
    assert summary.official["Forward"] == 50
    assert summary.official["Total"] == 62.5
    assert summary.official["Mean of tasks"] == pytest.approx((75 + 0 + 100 + 100 + 0) / 5)


def test_the_published_total_is_the_mean_of_categories() -> None:
    # Gemini 1.5 Pro in the paper: 62.54, 69.32 and 57.15 make 63.00.
    assert round((62.54 + 69.32 + 57.15) / 3, 2) == 63.0


def test_made_set_round_trip(tmp_path: Path) -> None:
    benchmark = OVOBench()
    benchmark.make(tmp_path)
    items = benchmark.load(tmp_path)
    assert {item.task for item in items} == set(CATEGORY)
    figures = benchmark.summary(run(benchmark, items, right))
    assert (figures.official["Total"], figures.strict["Total"]) == (100, 100)
    shrug = benchmark.summary(run(benchmark, items, saying("I am not sure"))).strict
    assert shrug["Total"] == 0
