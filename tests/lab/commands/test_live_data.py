"""`omnilive train data` from the command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omnilive.cli import app
from omnilive.core.errors import BackendError, ConfigError
from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.live.dialogue import read_samples
from tests.lab.live.endpoint_server import KEY, Server, running


def run(*words: str | Path) -> int:
    status = app(["train", "data", *map(str, words)], standalone_mode=False)
    return status if isinstance(status, int) else 0


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def coin(tmp_path: Path) -> Path:
    write_film(tmp_path / "videos" / "v.mp4", [Scene(0, 12, "red"), Scene(12, 20, "blue")])
    steps = [([2, 8], "cut the bread"), ([8.2, 15], "fry the egg"), ([16, 19], "eat")]
    annotation = [{"segment": s, "label": label, "id": "1"} for s, label in steps]
    video = {"class": "MakeLunch", "subset": "training", "duration": 20, "annotation": annotation}
    path = tmp_path / "COIN.json"
    path.write_text(json.dumps({"database": {"v": video}}))
    return path


def test_convert_check_preview(tmp_path: Path, coin: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "made" / "coin.jsonl"
    how = ["--videos", tmp_path / "videos", "--licence", "research only", "--out", out]
    assert run("convert", "coin", coin, *how, "--dialogues", "2", "--augment") == 0
    found = list(read_samples(out))
    assert [s.id for s in found] == [
        f"coin/v/0.{i}{end}" for i in (0, 1) for end in ("", "/augmented")
    ]  # fmt: skip
    assert {s.licence for s in found} == {"research only"} and found[0].source.startswith("COIN")
    first = out.read_bytes()
    assert run("convert", "coin", coin, *how, "--dialogues", "2", "--augment") == 0
    assert out.read_bytes() == first
    capsys.readouterr()
    assert run("check", out) == 0
    shown = capsys.readouterr().out
    assert "research only 4" in shown and "0 errors, 0 doubts" in shown
    assert run("preview", out, "--out", tmp_path / "page.html") == 0
    assert "1 videos in the page" in capsys.readouterr().err


def test_an_unknown_licence_must_be_given(tmp_path: Path, coin: Path):
    with pytest.raises(ConfigError, match="--licence"):
        run("convert", "coin", coin, "--out", tmp_path / "a.jsonl")
    narration = tmp_path / "n.json"
    narration.write_text('{"v": {"a": [{"time": 1, "text": "C cuts bread."}]}}')
    assert run("convert", "ego4d-narration", narration, "--out", tmp_path / "a.jsonl") == 0
    assert next(read_samples(tmp_path / "a.jsonl")).licence == "Ego4D License Agreement"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--style", "sing"], "narrate, guide, dialogue"),
        (["--told", "never"], "start, middle, end"),
        (["--base-url", "http://127.0.0.1:9/v1"], "--model"),
        (["--sorry"], "--augment"),
        (["--subset", "testing"], "nothing to make a sample of"),
        (["--min-s", "60"], "nothing to make a sample of"),
    ],
)
def test_wrong_usage(tmp_path: Path, coin: Path, words: list[str], message: str):
    with pytest.raises(ConfigError, match=message):
        run("convert", "coin", coin, "--licence", "x", "--out", tmp_path / "a.jsonl", *words)
    assert not list(tmp_path.glob("a.jsonl*"))


def test_splits_by_the_names_in_other_files(tmp_path: Path):
    rows = {name: {"a": [{"time": 1, "text": "C cuts bread."}]} for name in ("u", "v", "w")}
    files = {
        "n.json": rows, "val.json": {"videos": [{"video_uid": "v", "clips": []}]},
        "clips.json": {"clips": [{"x": {"video_uid": "w"}}]}, "list.json": ["u", "v"],
        "none.json": {"videos": []},
    }  # fmt: skip
    for name, found in files.items():
        (tmp_path / name).write_text(json.dumps(found))
    (tmp_path / "lines.txt").write_text("w\n\n u \n")

    def kept(*words: str) -> set[str]:
        given = [tmp_path / w if "." in w else w for w in words]
        out = tmp_path / "out.jsonl"
        run("convert", "ego4d-narration", tmp_path / "n.json", "--out", out, *given)
        return {sample.video for sample in read_samples(out)}

    assert kept("--without", "val.json", "--without", "clips.json") == {"u.mp4"}
    assert kept("--only", "list.json") == {"u.mp4", "v.mp4"}
    assert kept("--only", "lines.txt", "--without", "clips.json") == {"u.mp4"}
    with pytest.raises(ConfigError, match="names no video"):
        kept("--only", "none.json")


def test_bad_rows_are_listed_and_strict_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    rows = tmp_path / "r.csv"
    rows.write_text("start,end,text\n1,2,cut\nx,3,fry\n9,4,eat\n5,6,\n")
    how = ["--licence", "MIT", "--out", tmp_path / "a.jsonl"]
    assert run("convert", "table", rows, *how) == 0
    shown = capsys.readouterr().err
    assert "r.csv, line 3: start is no time: left out ('x')" in shown
    assert "1 samples in" in shown
    (tmp_path / "a.jsonl").unlink()
    with pytest.raises(ConfigError, match="3 rows have faults"):
        run("convert", "table", rows, *how, "--strict")
    assert not (tmp_path / "a.jsonl").exists()


def test_check_exits_with_2_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "s.jsonl"
    turn: dict[str, Any] = {"role": "assistant", "t": 3, "text": "a"}
    fields = {"id": "a", "source": "s", "licence": "MIT", "video": "", "duration_s": 0}
    lines = [fields | {"turns": []}, fields | {"turns": [turn]}]
    path.write_text("\n".join(json.dumps(line) for line in lines) + '\n{"id"')
    assert run("check", path) == 2
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith(f"{path}:1: warning: turns: the assistant never speaks")
    assert shown[1].startswith(f"{path}:2: error: turns[0].t: 3 s is outside 0 to 0 s; ")
    assert run("check", path, "--json", "--most", "1") == 2
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert found[0]["line"] == 1 and found[1]["figures"]["errors"] == 3
    assert run("check", tmp_path / "s.jsonl", "--most", "0") == 2
    assert "... and 4 more" in capsys.readouterr().out
    path.write_text(json.dumps(lines[0]))
    assert run("check", path) == 0 and run("check", path, "--strict") == 2


def test_robustness(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run("convert", "robustness", "--out", tmp_path / "r.jsonl") == 0
    assert run("check", tmp_path / "r.jsonl") == 0


def test_an_endpoint_words_dialogues_and_a_second_run_asks_nothing(
    tmp_path: Path,
    coin: Path,
    server: Server,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("MY_KEY", KEY)
    out = tmp_path / "a.jsonl"
    how: list[str | Path] = ["convert", "coin", coin, "--licence", "x", "--out", out]
    how += ["--dialogues", "6", "--base-url", server.url, "--model", "tiny"]
    how += ["--api-key-env", "MY_KEY"]
    server.script = [200, "nothing of use", 200, "at 12.5s: no"]
    assert run(*how) == 0
    shown = capsys.readouterr()
    assert "6 requests, 0 answers from the cache; failed: 2 no line of the dialogue" in shown.err
    found = list(read_samples(out))
    assert len(found) == 4 and found[0].made["model"] == "tiny"
    assert server.keys == [f"Bearer {KEY}"] * 6
    first = out.read_bytes()
    assert run(*how) == 0
    more = capsys.readouterr()
    assert "0 requests, 6 answers from the cache" in more.err and out.read_bytes() == first
    kept = (tmp_path / "a.jsonl.cache.jsonl").read_text()
    assert KEY not in kept + first.decode() + shown.err + shown.out + more.err


def test_an_endpoint_that_lets_nobody_in_leaves_no_file(tmp_path: Path, coin: Path, server: Server):
    server.script = [403] * 20
    how = [
        "--licence",
        "x",
        "--base-url",
        server.url,
        "--model",
        "m",
        "--out",
        tmp_path / "a.jsonl",
    ]
    with pytest.raises(BackendError, match="403"):
        run("convert", "coin", coin, *how)
    assert not (tmp_path / "a.jsonl").exists()


def test_tokens_are_counted_with_a_tokenizer(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"[U]": 0, "a": 1}, unk_token="[U]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")  # pyright: ignore
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    path = tmp_path / "s.jsonl"
    turn = {"role": "assistant", "t": 0, "text": "abca"}
    fields = {"id": "a", "source": "s", "licence": "MIT", "video": "", "duration_s": 0}
    path.write_text(json.dumps(fields | {"turns": [turn]}))
    for given in (tmp_path, tmp_path / "tokenizer.json"):
        assert run("check", path, "--tokenizer", given, "--json") == 0
        found = json.loads(capsys.readouterr().out)["figures"]
        assert found["tokens"] == {"assistant": 4}
    with pytest.raises(ConfigError, match="no tokenizer.json"):
        run("check", path, "--tokenizer", path)
