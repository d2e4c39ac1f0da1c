"""Options of benchmarks: a value that means nothing is refused before anything is read."""

import json
from pathlib import Path

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import BENCHMARKS, by_name
from omnilive_lab.bench.options import Number, Words
from omnilive_lab.bench.quiz import Quiz


def test_words_and_numbers() -> None:
    assert Words(("no", "yes")).holds("yes") and not Words(("no", "yes")).holds("no,yes")
    some = Words(("real", "omni"), several=True)
    assert some.holds("real") and some.holds("omni,real")
    assert not some.holds("") and not some.holds("real, omni")
    assert Number(-1).holds("-1") and Number(-1).holds("60") and not Number(-1).holds("-2")
    assert not Number(above=True).holds("0") and Number(above=True).holds("0.5")
    assert Number(1, whole=True).holds("1") and not Number(1, whole=True).holds("1.5")
    assert not any(Number().holds(text) for text in ("x", "", "nan", "inf"))


@pytest.mark.parametrize(
    ("name", "option", "value", "wanted"),
    [
        ("quiz", "questions", "0", "a whole number from 1 on"),
        ("mlvu", "prompt", "IXC", "one of mlvu, ixc"),
        ("videomme", "subtitles", "true", "one of no, yes"),
        ("videomme", "prompt", "paper", "one of vlmevalkit, site"),
        ("ovobench", "crr_from", "now", "one of start, ask"),
        ("streamingbench", "parts", "real,sound", "some of real, omni, sqa, proactive"),
        ("streamingbench", "context_s", "a minute", "a number from -1 on"),
        ("librispeech", "sets", "train", "some of dev-clean"),
        ("ego4d_narration", "fps", "0", "a number above 0"),
        ("ego4d_narration", "texts", "coarse", "one of narration, refined"),
        ("coin", "within_s", "-1", "a number from 0 on"),
        ("coin", "tasks", "dance", "some of step, task"),
    ],
)
def test_refuses_what_means_nothing(name: str, option: str, value: str, wanted: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}: option {option} should be {wanted}.*{value!r}"):
        by_name(name, {option: value})


@pytest.mark.parametrize("name", BENCHMARKS.names())
def test_every_default_is_allowed_and_every_limit_is_of_an_option(name: str) -> None:
    benchmark = by_name(name)
    assert benchmark.takes.keys() == benchmark.options.keys()
    assert all(takes.holds(benchmark.options[n]) for n, takes in benchmark.takes.items())


def test_a_quiz_names_the_field_that_is_no_pair_of_times(tmp_path: Path) -> None:
    entry = {
        "id": "q0", "video": "a.mp4", "task": "word", "time": 1, "question": "Which?",
        "options": ["a", "b"], "answer": "A", "seen": [1],
    }  # fmt: skip
    (tmp_path / "quiz.json").write_text(json.dumps([entry]))
    with pytest.raises(ConfigError, match="quiz.json, line 1: field 'seen' should be two times"):
        Quiz().load(tmp_path)
