import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from omnilive.core.events import Percept
from omnilive.memory.compressor.checkpoint import read_card
from omnilive.memory.store import Store
from omnilive_lab.compressor.data import HELD_OUT
from omnilive_lab.compressor.evaluate import (
    METHODS,
    Judged,
    Outcome,
    _judged,
    _nearest,
    chance,
    evaluate,
    held_out_seeds,
)
from omnilive_lab.compressor.reels import Ask
from tests.commands.conftest import Shell
from tests.fakes import FakeEmbedder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "s", create=True)
    embedder = FakeEmbedder()
    for i, text in enumerate(("red car", "green bus", "blue dog")):
        t = 10.0 * i
        id = store.put_fact(
            f"1:{i}",
            Percept(
                t=t, kind="speech", start_s=t + 2, end_s=t + 4, text=text, confidence=1, data={}
            ),
        )
        store.put_vectors("fact", id, t + 2, embedder.embed([text]))
        store.put_moment(t, t + 10, f"said: {text}")
    yield store
    store.close()


def test_chance_by_hand():
    assert chance(10, 1, 1) == pytest.approx(0.1)
    assert chance(10, 2, 5) == pytest.approx(1 - (8 * 7 * 6 * 5 * 4) / (10 * 9 * 8 * 7 * 6))
    assert chance(4, 4, 1) == 1.0


def test_what_is_relevant_and_where_things_began(store: Store):
    judged = Judged.of(store)
    first, second, third = judged.ids
    assert judged.relevant(Ask("?", ((8.0, 12.0),))) == {first, second}
    assert judged.relevant(Ask("?", ((25.0, 25.0),))) == {third}
    assert [judged.holding(t) for t in (-1.0, 0.0, 12.0, 29.9, 30.0)] == [
        None, first, second, third, None,
    ]  # fmt: skip


def test_hits_are_counted(store: Store):
    judged = Judged.of(store)
    a, b, c = judged.ids
    ask = Ask("?", ((0.0, 9.0),), "what")
    found = list(_judged(ask, judged, {"compressor": [b, a], "recall": [c], "nearest": [a]}))
    assert Outcome("compressor", "what", 0.0, 1.0) in found
    assert Outcome("recall", "what", 0.0, 0.0) in found
    assert Outcome("nearest", "what", 1.0, 1.0) in found
    random = [o for o in found if o.method == "random"][0]
    assert random.at_1 == pytest.approx(1 / 3)
    assert not list(_judged(Ask("?", ((90.0, 91.0),)), judged, {}))


def test_the_nearest_clip(store: Store):
    judged = Judged.of(store)
    assert _nearest(store, FakeEmbedder(), "a green bus", judged)[0] == judged.ids[1]


def test_each_run_is_measured_on_streams_of_its_own():
    seeds = [set(held_out_seeds(seed, 20)) for seed in range(3)]
    assert not seeds[0] & seeds[1] and not seeds[1] & seeds[2]
    assert min(map(min, seeds)) >= HELD_OUT


@pytest.mark.models
@pytest.mark.slow
def test_from_one_command_to_figures(omnilive: Shell, tmp_path: Path):
    out = tmp_path / "net"
    small = ["streams=1", "hours=0.05", "needles=1", "clozes=5", "steps=2", "clips=6"]
    sets = [part for setting in small for part in ("--set", setting)]
    done = omnilive("train", "compressor", "--seed", "4", "--out", str(out), *sets)
    assert done.status == 0, done.err
    assert "loss" in done.err and "memory.compressor.checkpoint" in done.err
    assert read_card(out).made["seed"] == 4
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    again = omnilive("train", "compressor", "--seed", "4", "--out", str(out), *sets)
    assert again.status == 2 and "go on with --resume" in again.err

    outcomes = evaluate(out, held_out_seeds(4, 1), hours=0.05, needles=1)
    assert {o.method for o in outcomes} == set(METHODS)
    assert np.mean([o.at_5 for o in outcomes if o.method == "recall"]) > np.mean(
        [o.at_5 for o in outcomes if o.method == "random"]
    )


def test_wrong_settings_are_named(omnilive: Shell):
    done = omnilive("train", "compressor", "--set", "steps=0")
    assert done.status == 2 and "setting steps" in done.err
    done = omnilive("train", "nothing")
    assert done.status == 2


def test_the_help_shows_an_example(omnilive: Shell):
    done = omnilive("train", "compressor", "--help")
    assert done.status == 0 and "omnilive train compressor --seed 1" in done.out
