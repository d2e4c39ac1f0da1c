import json
from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.timing.comparing import cautions, compare, flat
from omnilive_lab.timing.scripts import read_result
from omnilive_lab.timing.trends import at_commit, history, page, sparkline, trends


def result(figures: Any, commit: str = "abc1234", **machine: Any) -> dict[str, Any]:
    return {
        "bench": "b", "machine": {"cores": 2, "commit": commit, **machine},
        "settings": {"k": 1}, "figures": figures,
    }  # fmt: skip


def spread(median: float, n: int = 100, deviation: float = 1.0) -> dict[str, float]:
    return {
        "n": n,
        "median": median,
        "p95": median + 2,
        "min": 0,
        "max": 99,
        "deviation": deviation,
    }


def verdicts(old: Any, new: Any) -> dict[str, str]:
    return {change.name: change.verdict for change in compare(result(old), result(new))}


def test_what_is_within_the_noise_is_the_same() -> None:
    # Standard errors 1.2533 * 1 / 10 each: noise is 2 * sqrt(2) * .12533 = .3545, or 5 % of 10.
    assert verdicts({"x_s": spread(10)}, {"x_s": spread(10.5)}) == {"x_s": "same"}
    assert verdicts({"x_s": spread(10)}, {"x_s": spread(10.51)}) == {"x_s": "worse"}
    assert verdicts({"x_s": spread(10)}, {"x_s": spread(9.4)}) == {"x_s": "better"}
    wide = verdicts({"x_s": spread(10, 4, 3)}, {"x_s": spread(14, 4, 3)})
    assert wide == {"x_s": "same"}  # noise is 2 * sqrt(2) * 1.2533 * 3 / 2 = 5.32
    old = {"n": 100, "median": 10.0, "p95": 11.645, "min": 0, "max": 99}  # of an older format
    assert compare(result({"x": old}), result({"x": old}))[0].noise == pytest.approx(0.5)
    older = dict(flat({"x": old}))["x"]
    assert older.deviation == pytest.approx(1.0)


def test_single_figures_count_from_a_tenth_on() -> None:
    assert verdicts({"right": 0.5}, {"right": 0.54}) == {"right": "same"}
    assert verdicts({"right": 0.5}, {"right": 0.56}) == {"right": "better"}
    assert verdicts({"wer": 0.5}, {"wer": 0.56}) == {"wer": "worse"}
    assert verdicts({"items": 5}, {"items": 9}) == {"items": "changed"}
    assert verdicts({"a": 1}, {"b": 1}) == {"b": "new", "a": "gone"}
    assert verdicts({"a": 0}, {"a": 0}) == {"a": "same"}


def test_nested_figures_have_paths_and_words_are_left_out() -> None:
    figures = {"en": {"wer": 0.1, "text": "x"}, "list": [1, {"y": 2}], "ok": True, "none": None}
    assert [name for name, _ in flat(figures)] == ["en.wer", "list[0]", "list[1].y"]


def test_other_machines_and_settings_are_told() -> None:
    told = cautions(result({}, cores=2), {**result({}, cores=8), "settings": {"k": 2}})
    assert told == ["machine: cores was 2, is 8", "settings: k was 1, is 2"]
    assert cautions(result({}, "a"), result({}, "b")) == []


def test_the_history_is_every_run_and_what_is_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    runs = [result({"x": value}, commit) for value, commit in ((1, "aaa"), (2, "bbb"), (4, "bbb+"))]
    lines = [json.dumps(run) for run in runs[:2]]
    path.with_suffix(".history.jsonl").write_text("\n".join([*lines, '{"torn']) + "\n")
    path.write_text(json.dumps(runs[2]))
    found = history(path)
    assert [run["figures"]["x"] for run in found] == [1, 2, 4]
    assert trends(found) == {"x": [("aaa", 1), ("bbb", 2), ("bbb+", 4)]}
    assert trends(found, "y") == {}
    assert at_commit(path, "aaa")["figures"] == {"x": 1}
    assert at_commit(path, "bbb")["figures"] == {"x": 4}
    with pytest.raises(ConfigError, match="there are: aaa, bbb"):
        at_commit(path, "ccc")
    assert sparkline([1, 2, 4]) == "▁▃█" and sparkline([3, 3]) == "▁▁"
    html = page("b", trends(found), found)
    assert "<polyline" in html and "bbb+: 4" in html


def test_a_file_that_is_no_result_is_refused(tmp_path: Path) -> None:
    for content, told in (
        ("[]", "holds no object"),
        ('{"bench": "b"}', "no 'machine'"),
        ("{", "is no result"),
    ):
        (tmp_path / "x.json").write_text(content)
        with pytest.raises(ConfigError, match=told):
            read_result(tmp_path / "x.json")
    with pytest.raises(ConfigError, match="run the benchmark first"):
        read_result(tmp_path / "none.json")
