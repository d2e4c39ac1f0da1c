"""What `data check` finds: one fault a line, each with its place, and the figures."""

import json
import resource
from pathlib import Path
from typing import Any

import pytest

from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.live.check import Checker, Finding, words
from omnilive_lab.live.dialogue import Turn, write_samples
from tests.lab.live.test_dialogue import sample

GOOD = json.loads(sample().model_dump_json()) | {
    "turns": [
        {"role": "user", "t": 0, "text": "What?"},
        {"role": "assistant", "t": 0, "text": "That."},
    ]
}


def check(tmp_path: Path, *lines: dict[str, Any] | str | bytes) -> tuple[list[Finding], Checker]:
    path = tmp_path / "s.jsonl"
    data = [line if isinstance(line, bytes | str) else json.dumps(line) for line in lines]
    path.write_bytes(b"\n".join(x.encode() if isinstance(x, str) else x for x in data))
    checker = Checker(path, with_videos=(tmp_path / "a.mp4").exists())
    return list(checker.findings()), checker


def turn(t: float, text: str = "x", role: str = "assistant", **more: Any) -> dict[str, Any]:
    return {"role": role, "t": t, "text": text} | more


def test_a_good_file_has_nothing_wrong(tmp_path: Path):
    found, checker = check(tmp_path, GOOD, GOOD | {"id": "b"})
    assert found == [] and checker.figures.errors == 0


@pytest.mark.parametrize(
    ("fields", "level", "field", "what"),
    [
        ({"turns": [turn(5), turn(3)]}, "error", "turns[1].t", "3 s comes after 5 s"),
        ({"turns": [turn(-3)]}, "error", "turns[0].t", "greater than or equal to 0"),
        ({"turns": [turn(10.5)]}, "error", "turns[0].t", "outside 0 to 10 s"),
        ({"start_s": 5, "turns": [turn(3)]}, "error", "turns[0].t", "outside 5 to 15 s"),
        ({"turns": [turn(1, "  ")]}, "error", "turns[0].text", "empty"),
        ({"turns": [turn(1, learn="no")]}, "error", "turns[0].learn", "valid boolean"),
        ({"licence": None}, "error", "licence", "valid string"),
        ({"colour": 1}, "error", "colour", "not permitted"),
        ({"turns": [turn(1, "at 12.5s he cuts")]}, "warning", "turns[0].text", "gives the time"),
        ({"turns": [turn(1.1, "a"), turn(1.4, "b")]}, "warning", "turns[0].t", "same frame"),
        ({"turns": [turn(1, "a"), turn(2, "a")]}, "warning", "turns[1].t", "repeats"),
        ({"turns": [turn(1, "ab " * 99), turn(2, "a")]}, "warning", "turns", "99 words has 1 s"),
        ({"turns": [turn(1, "a?", "user"), turn(3, "b?", "user"), turn(4)]}, "warning", "turns",
         "twice without an answer"),
        ({"turns": [turn(1, "a", "user")]}, "warning", "turns", "never speaks"),
    ],
)  # fmt: skip
def test_each_fault_is_found(
    tmp_path: Path, fields: dict[str, Any], level: str, field: str, what: str
):
    found, _ = check(tmp_path, GOOD, GOOD | {"id": "bad"} | fields)
    assert [(f.line, f.id, f.level, f.field) for f in found] == [(2, "bad", level, field)]
    assert what in found[0].what and found[0].remedy


def test_videos_that_are_missing_broken_or_too_short(tmp_path: Path):
    write_film(tmp_path / "a.mp4", [Scene(0, 11, "red")])
    (tmp_path / "b.mp4").write_bytes(b"no video")
    lines = [
        GOOD, GOOD | {"id": "b", "video": "b.mp4"}, GOOD | {"id": "c", "video": "gone.mp4"},
        GOOD | {"id": "d", "duration_s": 12.5}, GOOD | {"id": "e", "duration_s": 11.5},
    ]  # fmt: skip
    found, _ = check(tmp_path, *lines)
    assert [(f.id, f.field) for f in found] == [
        ("b", "video"), ("c", "video"), ("d", "duration_s")
    ]  # fmt: skip
    assert "cannot be opened" in found[0].what and "no file gone.mp4" in found[1].what
    assert "12.5 s is the end, but the video lasts 11." in found[2].what


def test_all_faults_of_a_line_are_found(tmp_path: Path):
    turns = [turn(5, ""), turn(3), turn(99)]
    write_film(tmp_path / "a.mp4", [Scene(0, 5, "red")])
    found, checker = check(tmp_path, GOOD | {"turns": turns})
    assert [f.field for f in found] == ["turns[0].text", "turns[1].t", "turns[2].t", "duration_s"]
    assert checker.figures.errors == 4


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (json.dumps(GOOD)[:-20], "EOF"),
        ("[1, 2]", "an object"),
        ("{}", "required"),
        ("garbage", "Invalid JSON"),
        ('{"id": "a", "duration_s": NaN}', "finite number"),
        ('{"id": "' + "[" * 5000, "Invalid JSON"),
        ("[" * 5000, "recursion"),
    ],
)
def test_lines_that_are_no_samples(tmp_path: Path, line: str, what: str):
    found, checker = check(tmp_path, GOOD | {"id": "z"}, line, GOOD | {"id": "y"})
    assert found and {f.line for f in found} == {2}
    assert any(what in f.what for f in found)
    assert checker.figures.samples == 2


def test_bytes_that_are_no_utf8(tmp_path: Path):
    broken = json.dumps(GOOD).encode().replace(b"That", b"Th\xe4t")
    found, _ = check(tmp_path, broken)
    assert [f.what for f in found] == ["bytes that are no UTF-8"]


def test_other_scripts_are_fine(tmp_path: Path):
    turns = [
        turn(0, "ماذا يحدث؟", "user"),
        turn(0, "你切洋葱。"),
        turn(5, "Режет лук"),
        turn(8, "🧅"),
    ]
    found, checker = check(tmp_path, GOOD | {"turns": turns})
    assert found == []
    assert checker.figures.tokens == {"user": 2, "assistant": 5 + 2 + 1}
    assert words("cut 洋葱 now") == 4


def test_an_id_that_comes_twice(tmp_path: Path):
    found, _ = check(tmp_path, GOOD, GOOD | {"id": "b"}, GOOD, GOOD)
    assert [(f.line, f.field, f.what) for f in found] == [
        (3, "id", "the same as in line 1"), (4, "id", "the same as in line 3")
    ]  # fmt: skip


def test_an_order_wants_no_answer(tmp_path: Path):
    order = turn(0, "Narrate.", "user", kind="instruction")
    found, _ = check(tmp_path, GOOD | {"turns": [order, turn(3, "b?", "user"), turn(3, "c")]})
    assert found == []


def test_an_empty_file_is_an_error(tmp_path: Path):
    assert [f.what for f in check(tmp_path)[0]] == ["no sample in it"]


def test_figures(tmp_path: Path):
    turns = [
        turn(0, "What is it?", "user", kind="present"),
        turn(0, "A cup."),
        turn(5, "Gone now."),
    ]
    one = GOOD | {"turns": turns, "duration_s": 30}
    two = GOOD | {"id": "b", "licence": "MIT", "duration_s": 30}
    _, checker = check(tmp_path, one, two)
    found = checker.figures.as_dict()
    assert found["samples"] == 2 and found["videos"] == 1 and found["frames"] == 120
    assert found["silent_share"] == round(117 / 120, 4)
    assert found["turns_per_minute"] == {"user": 2, "assistant": 3}
    assert found["tokens"] == {"user": 4, "assistant": 5}
    assert found["licences"] == {"CC0-1.0": 1, "MIT": 1}
    assert found["kinds"] == {"(none)": 4, "present": 1}


def test_tokens_are_those_of_a_tokenizer_that_is_given(tmp_path: Path):
    path = tmp_path / "s.jsonl"
    write_samples(path, [sample(Turn(role="assistant", t=1, text="abcd"))])
    checker = Checker(path, with_videos=False, count=len)
    assert list(checker.findings()) == [] and checker.figures.tokens == {"assistant": 4}


@pytest.mark.slow
def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path: Path):
    path = tmp_path / "long.jsonl"
    text = json.dumps(GOOD | {"turns": [turn(t, f"step {t}") for t in range(10)]})
    with path.open("w") as file:
        for i in range(5_000):
            file.write(text.replace('"a"', f'"{i}"', 1) + "\n")
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    checker = Checker(path, with_videos=False)
    assert list(checker.findings()) == [] and checker.figures.samples == 5_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 10_000
