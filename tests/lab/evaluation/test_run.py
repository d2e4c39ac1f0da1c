import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from omnilive.core.errors import ConfigError, StoreError
from omnilive_lab.bench.base import Item, Judge, Mark, Reply, Row, Score, Setup, Turn, Verdict
from omnilive_lab.bench.mmbench_video import MMBenchVideo
from omnilive_lab.bench.quiz import Quiz
from omnilive_lab.evaluation import results
from omnilive_lab.evaluation.judge import NO_ANSWER
from omnilive_lab.evaluation.progress import Meter
from omnilive_lab.evaluation.run import Plan, load_items, run, sittings
from omnilive_lab.evaluation.summing import performance, summarise
from omnilive_lab.models.base import Done, Sitting
from omnilive_lab.models.guess import Majority, Random

KILLED = Path(__file__).parent / "killed.py"
KILLS = 10


class Nobody:
    """A watcher that hears nothing."""

    def began(self, total: int, done: int) -> None:
        pass

    def item(self, line: dict[str, Any]) -> None:
        pass


class ByClip(Random):
    """Guesses, all items of a clip in one sitting; counts the sittings."""

    by_clip = True
    sat = 0

    def sit(self, sitting: Sitting, benchmark, setup: Setup, costs) -> Iterator[Done]:
        self.sat += 1
        costs["clip"] = str(sitting.items[0].clip.path)
        for done in super().sit(sitting, benchmark, setup, costs):
            cited = ((1 / 3, 3.0004999), (2 / 3, 1.0))  # longer than what is written down
            yield replace(done, reply=replace(done.reply, evidence=cited))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quiz")
    Quiz({"questions": "200"}).make(folder, seed=5)
    return folder


def plan(data: Path, out: Path, **more: Any) -> Plan:
    given = {"benchmark": Quiz(), "examinee": Random(3), "setup": Setup(), **more}
    return Plan(data=data, out=out, **given)


def finish(p: Plan, items: Sequence[Item]) -> list[Row]:
    rows = run(p, items, Nobody())
    results.write_json(p.out / results.SUMMARY, summarise(p, rows))
    return rows


def test_ten_kills_and_resumes_give_the_very_bytes_of_one_run(data: Path, tmp_path: Path) -> None:
    items = load_items(Quiz(), data)
    assert len(items) == 200
    finish(plan(data, tmp_path / "whole"), items)
    dice, out = random.Random(1), tmp_path / "killed"
    # Two writes an item: some kills tear the results, some the timings.
    writes = [str(dice.randint(1, 36)) for _ in range(KILLS)]
    command = [sys.executable, str(KILLED), str(data), str(out), *writes]
    runs = subprocess.run(command, capture_output=True, text=True, check=True)
    ends = [int(line.split()[0]) for line in runs.stdout.splitlines()]
    assert ends == [-signal.SIGKILL] * KILLS + [0], runs.stderr
    for name in (results.ITEMS, results.SUMMARY):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_clip_in_the_middle_of_which_a_run_was_killed_is_played_again(
    data: Path, tmp_path: Path
) -> None:
    items = load_items(Quiz(), data, 24)  # three clips of eight questions
    finish(plan(data, tmp_path / "whole", examinee=ByClip(3)), items)
    whole = (tmp_path / "whole" / results.ITEMS).read_bytes()
    finish(plan(data, tmp_path / "torn", examinee=ByClip(3)), items)
    torn = tmp_path / "torn" / results.ITEMS
    torn.write_bytes(b"".join(whole.splitlines(keepends=True)[:11]) + b'{"id": "q')
    again = ByClip(3)
    finish(plan(data, tmp_path / "torn", examinee=again, resume=True), items)
    assert torn.read_bytes() == whole
    assert again.sat == 2  # the first clip was done
    summary = (tmp_path / "torn" / results.SUMMARY).read_bytes()
    assert summary == (tmp_path / "whole" / results.SUMMARY).read_bytes()


def test_a_finished_run_is_not_asked_again(data: Path, tmp_path: Path) -> None:
    items = load_items(Quiz(), data, 8)
    finish(plan(data, tmp_path / "o"), items)
    again = ByClip(3)
    rows = finish(plan(data, tmp_path / "o", examinee=Random(3), resume=True), items)
    assert len(rows) == 8 and again.sat == 0


def test_a_run_is_not_mixed_with_another(data: Path, tmp_path: Path) -> None:
    items = load_items(Quiz(), data, 8)
    finish(plan(data, tmp_path), items)
    with pytest.raises(ConfigError, match="--resume"):
        run(plan(data, tmp_path), items, Nobody())
    with pytest.raises(ConfigError, match="another model settings"):
        run(plan(data, tmp_path, resume=True, examinee=Random(4)), items, Nobody())
    with pytest.raises(ConfigError, match="another items"):
        run(plan(data, tmp_path, resume=True), items[:7], Nobody())
    renamed = [replace(items[0], question="What?"), *items[1:]]
    with pytest.raises(ConfigError, match="sha256"):
        run(plan(data, tmp_path, resume=True), renamed, Nobody())


def test_a_damaged_line_is_told_and_not_skipped(data: Path, tmp_path: Path) -> None:
    items = load_items(Quiz(), data, 8)
    finish(plan(data, tmp_path), items)
    path = tmp_path / results.ITEMS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"{]\n", *lines[2:]]))
    with pytest.raises(StoreError, match="line 2 is damaged"):
        run(plan(data, tmp_path, resume=True), items, Nobody())


def test_ids_that_come_twice_are_told_apart(data: Path, tmp_path: Path) -> None:
    class Twice(Quiz):
        def load(self, data: Path) -> list[Item]:
            items = super().load(data)[:2]
            return [*items, *items, items[0]]

    items = load_items(Twice(), data)
    assert [item.id for item in items] == ["q0", "q1", "q0#2", "q1#2", "q0#3"]
    p = plan(data, tmp_path, benchmark=Twice())
    rows = finish(p, items)
    assert summarise(p, rows)["repeated_ids"] == ["q0#2", "q1#2", "q0#3"]
    assert summarise(p, rows)["counts"]["Overall"] == 5


def test_no_clip_at_all_says_what_to_download(data: Path, tmp_path: Path) -> None:
    (tmp_path / "quiz.json").write_text((data / "quiz.json").read_text())
    with pytest.raises(ConfigError, match="omnilive eval make quiz"):
        load_items(Quiz(), tmp_path)
    with pytest.raises(ConfigError, match=r"quiz\.json is missing"):
        load_items(Quiz(), tmp_path / "elsewhere")


class Judged(Quiz):
    """Half of the items are marked by a judge."""

    def load(self, data: Path) -> list[Item]:
        items = super().load(data)[:4]
        return [replace(item, judged=index % 2 == 1) for index, item in enumerate(items)]

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        assert not item.judged or judge is not None
        return super().score(item, reply, before, judge)


def test_without_a_judge_what_needs_one_is_skipped_and_told(data: Path, tmp_path: Path) -> None:
    p = plan(data, tmp_path, benchmark=Judged())
    rows = finish(p, load_items(Judged(), data))
    summary = summarise(p, rows)
    assert summary["status"] == {"scored": 2, "skipped": 2, "unscored": 0, "failed": 0}
    assert list(summary["skipped"].values()) == [2] and "--judge" in next(iter(summary["skipped"]))


class Broken:
    """A judge that cannot be reached."""

    name = "broken"

    def grade(self, text: str, marks: Sequence[Mark], system: str = "") -> Verdict:
        return Verdict(None, f"{NO_ANSWER}connection refused)")


def test_why_a_judge_failed_is_told(tmp_path: Path) -> None:
    benchmark, data = MMBenchVideo(), tmp_path / "set"
    benchmark.make(data)
    p = plan(data, tmp_path, benchmark=benchmark, judge=Broken())
    summary = summarise(p, finish(p, load_items(benchmark, data, 1)))
    assert summary["unscored"] == [{"id": "0", "why": "the judge failed: connection refused"}]
    assert (summary["official"]["Overall"], summary["strict"]["Overall"]) == (0, None)


class Dialogue(Random):
    """Replies with how many turns came before."""

    def sit(self, sitting: Sitting, benchmark, setup: Setup, costs) -> Iterator[Done]:
        before = list(sitting.before)
        for item in sitting.items:
            prompt = benchmark.prompt(item, before, setup)
            done = Done(item, (prompt,), Reply(text=str(len(before))))
            before.append(Turn(item, done.reply))
            yield done


class Grouped(Quiz):
    """Four questions are one dialogue; a score says how many turns came before."""

    def load(self, data: Path) -> list[Item]:
        items = super().load(data)[:6]
        return [replace(item, group="g" if i < 4 else "") for i, item in enumerate(items)]

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        assert [turn.reply.text for turn in before] == [str(i) for i in range(len(before))]
        return Score(official=float(len(before)))


def test_a_dialogue_goes_on_after_a_kill_with_what_was_said_before(
    data: Path, tmp_path: Path
) -> None:
    items = load_items(Grouped(), data)
    p = plan(data, tmp_path, benchmark=Grouped(), examinee=Dialogue(3))
    rows = run(p, items, Nobody())
    assert [row.reply.text for row in rows] == ["0", "1", "2", "3", "0", "0"]
    assert [row.score.official for row in rows] == [0, 1, 2, 3, 0, 0]
    path = tmp_path / results.ITEMS
    whole = path.read_bytes()
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    run(replace(p, resume=True), items, Nobody())
    assert path.read_bytes() == whole


def test_sittings_keep_clips_or_dialogues_together(data: Path) -> None:
    items = load_items(Quiz(), data, 16)
    assert [len(part) for part in sittings(items, by_clip=True)] == [8, 8]
    assert [len(part) for part in sittings(items, by_clip=False)] == [1] * 16
    grouped = load_items(Grouped(), data)
    assert [len(part) for part in sittings(grouped, by_clip=False)] == [4, 1, 1]


def test_failed_items_are_in_no_figure(data: Path, tmp_path: Path) -> None:
    class Fails(Random):
        def sit(self, sitting: Sitting, benchmark, setup: Setup, costs) -> Iterator[Done]:
            for done in super().sit(sitting, benchmark, setup, costs):
                broken = done.item.id in ("q0", "q3")
                yield replace(done, reply=Reply(error="no such file")) if broken else done

    items = load_items(Quiz(), data, 8)
    p = plan(data, tmp_path, examinee=Fails(3))
    summary = summarise(p, finish(p, items))
    assert summary["status"]["failed"] == 2
    assert summary["failed"][0] == {"id": "q0", "why": "no such file"}
    assert summary["interval"]["n"] == 6


def test_a_full_disk_loses_nothing(data: Path, tmp_path: Path) -> None:
    items = load_items(Quiz(), data, 40)
    finish(plan(data, tmp_path / "whole"), items)
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)); "
        "sys.argv = ['omnilive', *sys.argv[1:]]; from omnilive.cli import main; sys.exit(main())"
    )
    words = ["eval", "quiz", "--data", str(data), "--model", "random", "--seed", "3"]
    words += ["--limit", "40", "--out", str(tmp_path / "full"), "--resume"]
    full = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True)
    assert full.returncode == 1 and "the disk is full" in full.stderr, full.stderr
    kept = (tmp_path / "full" / results.ITEMS).read_bytes()
    whole = (tmp_path / "whole" / results.ITEMS).read_bytes()
    assert kept and kept.endswith(b"\n") and whole.startswith(kept)
    again = script.replace("(6000, 6000)", "(1 << 30, 1 << 30)")
    done = subprocess.run([sys.executable, "-c", again, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "full" / results.ITEMS).read_bytes() == whole


def test_guessing_lands_where_theory_says(data: Path, tmp_path: Path) -> None:
    items = load_items(Quiz(), data)
    p = plan(data, tmp_path / "random")
    guess = summarise(p, finish(p, items))["guessing"]
    assert guess["expected"] == 25.0 and guess["n"] == 200
    # 200 guesses of 1/4: 25 % plus or minus 2.5758 * sqrt(.25 * .75 / 200) = 7.887 points.
    assert (guess["low"], guess["high"]) == (17.11, 32.89)
    assert guess["low"] <= guess["got"] <= guess["high"]
    commonest = max("ABCD", key=lambda letter: sum(item.answer == letter for item in items))
    p = plan(data, tmp_path / "majority", examinee=Majority(items))
    share = sum(item.answer == commonest for item in items) / 200
    assert summarise(p, finish(p, items))["official"]["Overall"] == pytest.approx(100 * share)


def test_timings_are_kept_apart_and_summed(data: Path, tmp_path: Path) -> None:
    items = load_items(Quiz(), data, 16)
    finish(plan(data, tmp_path, examinee=ByClip(3)), items)
    path = tmp_path / results.TIMINGS
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [("clip" in line) for line in lines] == [i % 8 == 0 for i in range(16)]
    costs = [
        {"id": f"q{i}", "first_token_s": None, "total_s": i + 1.0, "lag_s": 0.5} for i in range(20)
    ]
    costs[0] |= {"clip": "a", "clip_s": 30.0, "store_bytes": 1000, "speed_x": 2.0}
    costs.append({**costs[0], "total_s": 100.0})  # asked again after a kill: the last one counts
    path.write_text("".join(json.dumps(line) + "\n" for line in costs))
    figures = performance(tmp_path)
    total = figures["total_s"]
    # 2..20 and 100: median of 20 values is (11 + 12) / 2, the 19th is 20.
    assert total == {"n": 20, "median": 11.5, "p95": 20.0, "min": 2.0, "max": 100.0}
    assert figures["clips"] == 1 and figures["store_bytes_per_minute"]["median"] == 2000.0
    assert figures["first_token_s"] == {"n": 0}


def test_the_meter_tells_how_much_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    meter = Meter(json=True)
    meter.began(10, 4)
    meter.item({"id": "q"})
    meter.close()
    told = capsys.readouterr()
    assert json.loads(told.out) == {"type": "item", "id": "q"}
    assert "4 of 10 items are done already" in told.err
