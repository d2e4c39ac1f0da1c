"""Every made set through the real runner: shown as pictures, guessed, and played to a session."""

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omnilive.core.errors import ConfigError
from omnilive.reasoning.mind import Mind
from omnilive_lab.bench.base import (
    BENCHMARKS,
    Benchmark,
    Clip,
    Item,
    Judge,
    Prompt,
    Reply,
    Row,
    Setup,
    by_name,
    letters,
)
from omnilive_lab.bench.figures import guess_interval
from omnilive_lab.bench.films import COLOURS, write_sound
from omnilive_lab.evaluation import results
from omnilive_lab.evaluation.run import Plan, load_items
from omnilive_lab.evaluation.run import run as run_plan
from omnilive_lab.evaluation.sampling import Picture, Policy
from omnilive_lab.evaluation.summing import summarise
from omnilive_lab.models.guess import Majority, Random
from omnilive_lab.models.session import SessionExaminee
from omnilive_lab.models.shown import Shown
from tests.fakes import FAKE_CONFIG, fake_senses
from tests.lab.bench.scripts import FakeJudge, write_json
from tests.story import Line, speak, write_long

OURS = [
    "coin", "ego4d_narration", "librispeech", "mlvu", "mmbench_video", "mvbench", "ovobench",
    "streamingbench", "svbench", "videomme", "wenetspeech",
]  # fmt: skip
JUDGED = ("mlvu", "mmbench_video", "svbench")
SOUND = ("ego4d_narration", "librispeech", "wenetspeech")  # for sessions only


class Nobody:
    """A watcher that hears nothing."""

    def began(self, total: int, done: int) -> None:
        pass

    def item(self, line: dict[str, Any]) -> None:
        pass


class Eyes:
    """A viewer that sees the colour of the last picture, and nothing else."""

    name = "eyes"
    settings: Mapping[str, Any] = {}

    def reply(self, prompt: Prompt, pictures: Sequence[Picture]) -> Reply:
        mean = np.median(pictures[-1].rgb.reshape(-1, 3), axis=0)
        colour = min(COLOURS, key=lambda name: float(np.abs(mean - COLOURS[name]).sum()))
        if "Is it the right time" in prompt.text:
            return Reply(text="Yes" if colour == "blue" else "No")
        options = re.findall(r"\b([A-E])[.)] (\w+)", prompt.text)
        chosen = [letter for letter, word in options if word.lower() == colour]
        return Reply(text=chosen[0] if chosen else colour)

    def close(self) -> None:
        pass


def go(
    benchmark: Benchmark, data: Path, out: Path, examinee: Any, *, judge: Judge | None = None,
    mode: Any = "offline",
) -> tuple[list[Row], dict[str, Any]]:  # fmt: skip
    items = load_items(benchmark, data)
    setup = Setup(mode=mode, frames=4)
    plan = Plan(
        benchmark=benchmark, data=data, examinee=examinee, setup=setup, out=out, judge=judge
    )
    try:
        rows = run_plan(plan, items, Nobody())
    finally:
        examinee.close()
    return rows, summarise(plan, rows)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for name in OURS:
        if name != "librispeech":  # its voice is tried elsewhere
            by_name(name).make(folder / name)
    return folder


def test_all_are_registered() -> None:
    assert set(OURS) <= set(BENCHMARKS.names())
    for name in OURS:
        benchmark = by_name(name)
        assert benchmark.name == name and benchmark.need and benchmark.title
        Policy.parse(benchmark.frames)


@pytest.mark.parametrize("name", [name for name in OURS if name != "librispeech"])
def test_guessing_round_trip(made: Path, tmp_path: Path, name: str) -> None:
    benchmark, judge = by_name(name), FakeJudge("No mark at all.")
    rows, summary = go(benchmark, made / name, tmp_path / "a", Random(1), judge=judge)
    assert summary["status"]["failed"] == 0 and summary["items"] == len(rows)
    assert summary["headline"] in summary["official"]
    again = go(by_name(name), made / name, tmp_path / "b", Random(1), judge=judge)[1]
    assert again == summary
    first, second = (tmp_path / x / results.ITEMS for x in "ab")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", [name for name in OURS if name not in SOUND])
def test_nothing_to_say_is_never_an_error(made: Path, tmp_path: Path, name: str) -> None:
    sayings = itertools.cycle(["", "😀", "A B C D", "I'm sorry, I can't.", "是" * 500])

    class Mumbles(Eyes):
        def reply(self, prompt: Prompt, pictures: Sequence[Picture]) -> Reply:
            return Reply(text=next(sayings))

    examinee = Shown(Mumbles(), Policy("none"))
    judge = FakeJudge("", "10", "Score: none", "-1 of 0")
    summary = go(by_name(name), made / name, tmp_path, examinee, judge=judge)[1]
    assert summary["status"]["failed"] == 0


@pytest.mark.parametrize(
    ("name", "figure"),
    [("videomme", "Overall"), ("mvbench", "Avg"), ("mlvu", "M-Avg"), ("streamingbench", "Total")],
)
def test_who_sees_the_right_pictures_is_right(
    made: Path, tmp_path: Path, name: str, figure: str
) -> None:
    # Each item's answer is the colour at its own time: a picture too late or too early is wrong.
    benchmark, examinee = by_name(name), Shown(Eyes(), Policy.parse("fps:4"))
    _, summary = go(benchmark, made / name, tmp_path, examinee, judge=FakeJudge("3"))
    assert summary["official"][figure] == 100


def test_ovobench_shows_what_was_before_the_question(made: Path, tmp_path: Path) -> None:
    examinee = Shown(Eyes(), Policy.parse("fps:4"))
    _, summary = go(by_name("ovobench"), made / "ovobench", tmp_path, examinee)
    assert summary["strict"]["Real-time"] == 100  # green at 6 s, blue would be later
    assert summary["strict"]["Backward"] == 0  # the first colour is not the last


@pytest.mark.parametrize("name", ["mmbench_video", "svbench"])
def test_without_a_judge_open_answers_are_not_even_asked(
    made: Path, tmp_path: Path, name: str
) -> None:
    rows, summary = go(by_name(name), made / name, tmp_path, Shown(Eyes(), Policy("none")))
    assert summary["status"]["skipped"] == len(rows) == summary["items"]
    assert "judge" in next(iter(summary["skipped"]))


def big_set(name: str, count: int) -> list[Item]:
    """Items as this benchmark makes them, without their media."""
    clip, dice = Clip(path=Path("none.mp4")), np.random.default_rng(7)
    items = []
    for i in range(count):
        size = 4 if name == "videomme" else int(dice.integers(2, 6))
        options = tuple(f"option {j}" for j in range(size))
        answer = letters(size)[int(dice.integers(size) * dice.random())]  # A is commoner
        items.append(
            Item(id=str(i), clip=clip, question="?", answer=answer, choices=options,
                 labels=letters(size), task="AS", category="Short")
        )  # fmt: skip
    return items


@pytest.mark.parametrize("name", ["videomme", "mvbench"])
def test_baselines_land_where_theory_says(name: str) -> None:
    benchmark, items = by_name(name), big_set(name, 2700)

    def strict(guesser: Random | Majority) -> float:
        rows = []
        for item in items:
            reply = Reply(text=guesser.guess(item))
            rows.append(Row(item, reply, benchmark.score(item, reply, [], None)))
        summary = benchmark.summary(rows)
        # A bare letter is read alike by every official script.
        assert (
            summary.official["Overall" if name == "videomme" else "AS"]
            == (summary.strict["Overall" if name == "videomme" else "AS"])
        )
        return (summary.strict["Overall" if name == "videomme" else "AS"] or 0.0) / 100

    expected, low, high = guess_interval([1 / len(item.labels) for item in items])
    assert low <= strict(Random(0)) <= high and high - low < 0.05
    by_labels: dict[tuple[str, ...], list[str]] = {}
    for item in items:
        by_labels.setdefault(item.labels, []).append(item.answer)
    most = sum(max(map(answers.count, set(answers))) for answers in by_labels.values())
    assert strict(Majority(items)) == pytest.approx(most / len(items))
    assert most / len(items) > expected


# Played to a session, with fake senses: real perception, memory, watches and answers around them.


def session(**more: Any) -> SessionExaminee:
    return SessionExaminee(
        "fake", FAKE_CONFIG, senses=fake_senses(), mind=Mind(FAKE_CONFIG), **more
    )


def asked(kind: str, question: str, stamp: str, **more: Any) -> dict[str, Any]:
    entry = {"task_type": kind, "question": question, "time_stamp": stamp, **more}
    return {
        "time": "[0:00:00 - 0:00:10]", "questions": [entry | {"required_ability": "memory"}],
        "video_categories": "made", "video_path": "./videos/long.mkv",
    }  # fmt: skip


def test_streamingbench_online(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    write_long(tmp_path / "videos" / "long.mkv")  # a bus appears at 9 s
    options = {"options": ["A. No, never.", "B. Yes.", "C. Two.", "D. Three."]}
    bus = "Has a bus been seen?"
    real = [
        asked("Object Recognition", bus, "00:00:05", answer="A", **options),
        asked("Object Recognition", bus, "00:00:11", answer="B", **options),
    ]
    sqa = [[asked("Sequential Question Answering", bus, "00:00:11", answer="B", **options)]]
    push = asked(
        "Proactive Output", "Tell me when a bus appears", "00:00:01",
        ground_truth_time_stamp="00:00:10", ground_truth_output="bus",
    )  # fmt: skip
    for part, entries in (("real", real), ("sqa", sqa), ("proactive", [push])):
        write_json(tmp_path / f"questions_{part}.json", entries)
    benchmark = by_name("streamingbench")
    rows, summary = go(benchmark, tmp_path, tmp_path / "out", session(), mode="online")
    assert [row.reply.text for row in rows[:3]] == ["A", "B", "B"]
    assert max(end for _, end in rows[0].reply.evidence or [(0, 0)]) <= 5
    assert (summary["official"]["Total"], summary["strict"]["PO"]) == (100, 100)
    assert 9 <= (rows[3].score.parts["spoke_s"] or 0) <= 12
    lines = list(results.read_lines(tmp_path / "out" / results.ITEMS))
    shown = " ".join(str(line["prompts"]) for line in lines)
    assert "right time" not in shown  # no poll, and no time
    assert "00:00:10" not in shown


def test_ovobench_online(tmp_path: Path) -> None:
    (tmp_path / "src_videos").mkdir()
    write_long(tmp_path / "src_videos" / "long.mkv")
    base = {"video": "long.mkv", "question": "Has a bus been seen?", "answer": "x"}
    mcq = base | {"options": ["No, never.", "Yes."]}
    entries = [
        mcq | {"id": 0, "task": "EPM", "realtime": 5, "gt": 0},
        mcq | {"id": 1, "task": "OJR", "realtime": 11.5, "gt": 1},
        {"id": 2, "task": "REC", "video": "long.mkv", "activity": "show a bus",
         "start_times": [9], "end_times": [12], "test_info": [{"realtime": 11, "count": 1}]},
        base | {"id": 3, "task": "CRR", "ask_time": 2, "clue_time": 9,
                "test_info": [{"realtime": 3, "type": 0}, {"realtime": 11, "type": 1}]},
    ]  # fmt: skip
    write_json(tmp_path / "ovo_bench_new.json", entries)
    benchmark = by_name("ovobench")
    rows, summary = go(benchmark, tmp_path, tmp_path / "out", session(), mode="online")
    assert summary["status"]["scored"] == len(rows) == 5
    assert (summary["strict"]["EPM"], summary["strict"]["OJR"]) == (100, 100)
    assert all(row.reply.text in ("", "Yes", "No") for row in rows[3:])


def test_librispeech_online(tmp_path: Path) -> None:
    folder = tmp_path / "LibriSpeech" / "test-clean" / "1" / "2"
    said = {"1-2-0000": "alpha bravo charlie", "1-2-0001": "golf hotel"}
    for id, words in said.items():
        write_sound(folder / f"{id}.flac", speak([Line(0.5, words)], 3.0))
    wrong = said | {"1-2-0001": "golf hotel india juliet"}  # the reference has two words more
    text = "".join(f"{id} {words.upper()}\n" for id, words in wrong.items())
    (folder / "1-2.trans.txt").write_text(text)
    rows, summary = go(by_name("librispeech"), tmp_path, tmp_path / "out", session(), mode="online")
    assert [row.reply.text for row in rows] == list(said.values())
    assert summary["official"]["LibriSpeech test-clean"] == round(100 * 2 / 7, 4)


def test_narration_online(made: Path, tmp_path: Path) -> None:
    benchmark = by_name("ego4d_narration")
    rows, summary = go(benchmark, made / "ego4d_narration", tmp_path, session(), mode="online")
    assert summary["status"]["scored"] == 1
    assert rows[0].score.parts["wanted"] == 4
    assert summary["official"]["TimeDiff"] is None
    assert any("logits" in note for note in summary["notes"])


@pytest.mark.parametrize("damage", ["missing", "nonsense"])
@pytest.mark.parametrize("name", ["videomme", "streamingbench", "ovobench"])
def test_a_bad_video_fails_its_own_items_and_no_others(
    tmp_path: Path, name: str, damage: str
) -> None:
    benchmark = by_name(name)
    benchmark.make(tmp_path, seed=3)
    items = load_items(benchmark, tmp_path)
    bad = items[0].clip.path
    hit = {item.id for item in items if item.clip.path == bad}
    if damage == "missing" and len(hit) == len(items):
        bad.unlink()
        with pytest.raises(ConfigError, match="(?s)not one clip is there.*https://"):
            load_items(benchmark, tmp_path)
        return
    bad.write_bytes(b"no film")
    if damage == "missing":
        bad.unlink()
    examinee = Shown(Eyes(), Policy.parse("uniform:2"))
    rows, summary = go(benchmark, tmp_path, tmp_path / "out", examinee)
    assert summary["status"]["failed"] == len(hit)
    assert all(bad.name in row.score.detail for row in rows if row.item.id in hit)
    assert summary["status"]["scored"] == len(items) - len(hit)
