"""The file format: strict about its fields, whole or not written at all."""

import json
from pathlib import Path

import pytest

from omnilive.core.errors import ConfigError
from omnilive_lab.live.dialogue import Sample, Turn, parse_sample, read_samples, write_samples


def sample(*turns: Turn, **fields: object) -> Sample:
    base = {"id": "a", "source": "test", "licence": "CC0-1.0", "video": "a.mp4", "duration_s": 10}
    return Sample.model_validate(base | {"turns": turns} | fields)


def line(**fields: object) -> str:
    return json.dumps(json.loads(sample().model_dump_json()) | fields, ensure_ascii=False)


def test_what_is_written_is_read_back(tmp_path: Path):
    said = Turn(
        role="assistant", t=3, text="你切洋葱。\nثم تغسل يديك", learn=False, wait=4, kind="x"
    )
    wanted = [sample(said, made={"seed": 3}), sample(id="b", start_s=2.5)]
    assert write_samples(tmp_path / "a.jsonl", wanted) == 2
    assert list(read_samples(tmp_path / "a.jsonl")) == wanted
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"duration_s": -1}, "duration_s"),
        ({"duration_s": "10"}, "duration_s"),
        ({"fps": 0}, "fps"),
        ({"licence": ""}, "licence"),
        ({"colour": "red"}, "colour"),
        ({"turns": [{"role": "bot", "t": 1, "text": "x"}]}, "turns[0].role"),
        ({"turns": [{"role": "user", "t": 1}]}, "turns[0].text: Field required; add the field"),
        ({"turns": [{"role": "user", "t": 1, "text": "x", "wait": -2}]}, "turns[0].wait"),
        ({"turns": [{"role": "user", "t": -1, "text": "x"}]}, "turns[0].t"),
        ({"turns": [{"role": "user", "t": 11, "text": "x"}]}, "outside 0 to 10 s"),
        ({"turns": [{"role": "user", "t": 1, "text": " "}]}, "turns[0].text: empty"),
        ({"turns": [{"role": "assistant", "t": 1, "text": ""}]}, "turns[0].text: empty"),
        ({"video": ""}, "video: empty"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, object], words: str):
    with pytest.raises(ConfigError) as caught:
        parse_sample(line(**fields))
    assert words in str(caught.value)


def test_unsorted_turns_are_refused():
    turns = [{"role": "user", "t": t, "text": "x"} for t in (4, 2)]
    with pytest.raises(ConfigError, match=r"turns\[1\].t: 2 s comes after 4 s; sort"):
        parse_sample(line(turns=turns))


@pytest.mark.parametrize("text", ['{"id": "a"', "[]", "null", "NaN", "{}", '{"t": NaN}'])
def test_broken_json_is_an_error_with_file_and_line(tmp_path: Path, text: str):
    path = tmp_path / "a.jsonl"
    path.write_text(line() + "\n\n" + text)
    with pytest.raises(ConfigError, match=r"a\.jsonl, line 3: .*data check"):
        list(read_samples(path))


def test_a_sample_with_faults_is_not_written_and_the_old_file_stays(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    write_samples(path, [sample()])
    late = sample(Turn(role="user", t=99, text="x"))
    with pytest.raises(ConfigError, match="sample 'a', turns"):
        write_samples(path, [sample(id="b"), late])
    assert [s.id for s in read_samples(path)] == ["a"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]


def test_an_empty_turn_may_stand_where_nothing_is_learned():
    wrong = Turn(role="assistant", t=1, text="", learn=False)
    assert parse_sample(sample(wrong).model_dump_json()).turns == (wrong,)
