"""The published annotation formats, small files written by hand, good rows and bad."""

import json
from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.live.converters import coin, ego4d_narration
from omnilive_lab.live.converters.base import Notes, Source, Span, Timeline
from omnilive_lab.live.converters.choose import CONVERTERS, converter


def read(
    kind: str, tmp_path: Path, found: Any, subset: str = ""
) -> tuple[list[Timeline], dict[str, int]]:
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    notes = Notes()
    lines = list(CONVERTERS[kind].read(Source(path, subset=subset), notes))
    return lines, dict(notes.counts)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("#C C picks up a knife #unsure", "C picks up a knife."),
        ("#O A man X hands  over, the TV.\n", "A man X hands over, the TV."),
        ("@c #c C looks around", "C looks around."),
        ("#C C drops the #Unsure", "C drops the."),
        ("#C C touches the #cap", "C touches the cap."),
        ("#unsure", ""),
        (" ., ", ""),
    ],
)
def test_ego4d_text_is_cleaned(text: str, wanted: str):
    assert ego4d_narration.clean(text) == wanted


def test_ego4d_passes_of_two_annotators_are_two_timelines(tmp_path: Path):
    one = {"timestamp_sec": 2.5, "timestamp_frame": 75, "narration_text": "#C C cuts bread"}
    rows = [one | {"timestamp_sec": 7}, one, one | {"narration_text": "#unsure"},
            one | {"narration_text": "#C walks"}, one | {"timestamp_sec": None}]  # fmt: skip
    found = {"v1": {"status": "complete", "narration_pass_1": {"narrations": rows},
                    "narration_pass_2": {"narrations": [one]}},
             "v2": {"status": "redacted"}}  # fmt: skip
    lines, notes = read("ego4d-narration", tmp_path, found)
    assert [(line.video, line.part) for line in lines] == [
        ("v1", "narration_pass_1"), ("v1", "narration_pass_2")
    ]  # fmt: skip
    assert lines[0].spans == (Span(2.5, 2.5, "C cuts bread."), Span(7, 7, "C cuts bread."))
    assert notes == {
        "less than two words: left out": 1, "no text: left out": 1,
        "a time is no number: left out": 1, "times are not in order: sorted": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "found",
    [
        {
            "videos": {
                "v": {"narrations": [{"time": 1, "text": "#C C cuts", "_annotation_uid": "a"}]}
            }
        },
        {"v": {"a": [{"time": 1, "text": "C cuts."}]}},
    ],
)
def test_ego4d_in_its_other_forms(tmp_path: Path, found: Any):
    lines, notes = read("ego4d-narration", tmp_path, found)
    assert lines == [Timeline("v", (Span(1, 1, "C cuts."),), part="a")] and not notes


def test_goalstep_steps_and_substeps(tmp_path: Path):
    def segment(start: float, end: float, text: str, *inner: dict[str, Any]) -> dict[str, Any]:
        return {"start_time": start, "end_time": end, "step_description": text, "segments": inner,
                "step_category": "General: x", "is_relevant": "essential"}  # fmt: skip

    toast = segment(0, 57, "Toast bread ", segment(0, 13, "preheat"), segment(20, 57.5, "toast"))
    found = {"videos": [
        {"video_uid": "u", "start_time": 0.02, "end_time": 510.2,
         "goal_description": "Make omelette",
         "segments": [toast, segment(60, 50, "backwards"), segment(60, 90, "Serve")]},
        {"video_uid": "test", "start_time": 0, "end_time": 5, "segments": None},
        {"segments": []},
    ]}  # fmt: skip
    lines, notes = read("ego4d-goalstep", tmp_path, found)
    assert lines == [
        Timeline("u", (Span(0, 57, "Toast bread"), Span(60, 90, "Serve")), goal="Make omelette"),
        Timeline("u", (Span(0, 13, "preheat"), Span(20, 57.5, "toast")), part="1",
                 goal="Toast bread", stretch=(0, 57.5)),
    ]  # fmt: skip
    assert notes == {"ends before it starts: left out": 1, "no video_uid: left out": 1}


def test_coin_by_subset(tmp_path: Path):
    def video(subset: str, *steps: tuple[Any, str]) -> dict[str, Any]:
        annotation = [{"segment": segment, "label": label, "id": "1"} for segment, label in steps]
        return {"class": "ReplaceTVBattery", "subset": subset, "duration": 30.0,
                "annotation": annotation}  # fmt: skip

    found = {"database": {
        "a": video("training", ([3.0, 9], "open it"), (["10", "45"], "换电池"), ([1], "broken")),
        "b": video("testing", ([3.0, 9.0], "open it")),
    }}  # fmt: skip
    lines, notes = read("coin", tmp_path, found, subset="train")
    wanted = (Span(3, 9, "open it"), Span(10, 30, "换电池"))
    assert lines == [Timeline("a", wanted, goal="replace TV battery", duration_s=30)]
    assert notes == {"goes beyond the video: cut": 1, "a time is no number: left out": 1}
    assert len(read("coin", tmp_path, found)[0]) == 2


def test_names_of_tasks():
    assert coin.task("PutOnHairExtensions") == "put on hair extensions"
    assert coin.task("MakeRJ45Cable") == "make RJ45 cable"


def test_activitynet(tmp_path: Path):
    found = {"v_1": {"duration": 20.5, "timestamps": [[5, 21], [-1, 3], [0, 2]],
                     "sentences": [" He jumps. ", "她跑步。", "", "one more"]}}  # fmt: skip
    lines, notes = read("activitynet", tmp_path, found)
    wanted = (Span(0, 3, "她跑步。"), Span(5, 20.5, "He jumps."))
    assert lines == [Timeline("v_1", wanted, duration_s=20.5)]
    assert set(notes) == {
        "not as many timestamps as sentences: the rest left out", "no text: left out",
        "negative start: set to 0", "goes beyond the video: cut", "times are not in order: sorted",
    }  # fmt: skip


def test_youcook2_with_names_of_recipes(tmp_path: Path):
    (tmp_path / "label_foodtype.csv").write_text("101,eggs_benedict\n")
    step = {"segment": [1, 4], "id": 0, "sentence": "boil water"}
    found = {"database": {"x": {"duration": 9, "subset": "training", "recipe_type": "101",
                                "annotations": [step]}, "no_steps": {"duration": 9}}}  # fmt: skip
    lines, _ = read("youcook2", tmp_path, found)
    wanted = (Span(1, 4, "boil water"),)
    assert lines == [Timeline("x", wanted, goal="make eggs benedict", duration_s=9)]


@pytest.mark.parametrize("kind", [k for k in CONVERTERS if k not in ("subtitles", "table")])
@pytest.mark.parametrize("found", [[], 3, "x", {"v": 3}, {"v": {"annotation": [3]}}])
def test_what_is_of_another_form_yields_nothing_or_says_so(tmp_path: Path, kind: str, found: Any):
    try:
        lines, _ = read(kind, tmp_path, found)
    except ConfigError as error:
        assert "annotations.json" in str(error)
    else:
        assert lines == []


def test_truncated_json_names_its_line(tmp_path: Path):
    path = tmp_path / "COIN.json"
    path.write_text('{"database":\n {"a": {"cla')
    with pytest.raises(ConfigError, match="line 2, column .*is the download whole"):
        list(CONVERTERS["coin"].read(Source(path), Notes()))


def test_an_unknown_format_lists_the_known():
    with pytest.raises(ConfigError, match="ego4d-narration"):
        converter("kinetics")
