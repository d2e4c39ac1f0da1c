import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from omnilive.core.errors import BackendError, ConfigError
from omnilive_lab.compressor.config import TrainConfig
from omnilive_lab.compressor.train import (
    blended,
    loss_of,
    new_compressor,
    part_of,
    train,
)
from omnilive_lab.training import METRICS
from tests.lab.compressor.made import CONFIG, reels

KILLED = """
import sys, time
from pathlib import Path
import torch
from omnilive_lab.compressor.train import new_compressor, train
from omnilive_lab.training import METRICS
from tests.lab.compressor.made import CONFIG, reels
torch.set_num_threads(1)
train(new_compressor(CONFIG), reels(), CONFIG, Path(sys.argv[1]),
      report=lambda line: time.sleep(0.2))
"""


def run(out: Path, config: TrainConfig = CONFIG, **options: object) -> list[dict[str, float]]:
    train(new_compressor(config), reels(), config, out, **options)  # type: ignore[arg-type]
    return [json.loads(line) for line in (out / METRICS).read_text().splitlines()]


def test_it_learns(tmp_path: Path):
    lines = run(tmp_path, CONFIG.model_copy(update={"steps": 30, "gradient": "full"}))
    losses = [line["loss"] for line in lines]
    assert np.mean(losses[-8:]) < 0.9 * np.mean(losses[:8])


def test_a_seed_decides_everything(tmp_path: Path):
    first, again = run(tmp_path / "a"), run(tmp_path / "b")
    assert first == again
    other = run(tmp_path / "c", CONFIG.model_copy(update={"seed": 1}))
    assert first[0]["loss"] != other[0]["loss"]


def test_after_kill_it_goes_on_to_the_same_numbers(tmp_path: Path):
    steps = 5
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    command = [sys.executable, "-c", KILLED, str(cut)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3]) as process:
        metrics, deadline = cut / METRICS, time.monotonic() + 120
        while not metrics.exists() or len(metrics.read_text().splitlines()) < steps:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    done = len(metrics.read_text().splitlines())
    assert steps <= done < CONFIG.steps
    assert run(cut, resume=True) == run(whole)
    a, b = (folder / "state.safetensors" for folder in (cut, whole))
    from safetensors.torch import load_file

    assert all(torch.equal(t, load_file(b)[name]) for name, t in load_file(a).items())


def test_a_line_cut_off_by_the_kill_comes_again(tmp_path: Path):
    whole = run(tmp_path / "whole")
    short = CONFIG.model_copy(update={"save_every": 3})
    out = tmp_path / "cut"

    class Stop(Exception): ...

    def stop(line: dict[str, float]) -> None:
        if line["step"] == 5:
            raise Stop

    with pytest.raises(Stop):
        run(out, short, report=stop)
    with open(out / METRICS, "a") as file:
        file.write('{"step": 6, "lo')
    (out / "state.safetensors.part").write_bytes(b"half")
    assert run(out, short, resume=True) == whole


def test_without_minutes_it_stops_and_goes_on_later(tmp_path: Path):
    net = new_compressor(CONFIG)
    assert not train(net, reels(), CONFIG, tmp_path, minutes=0)
    assert run(tmp_path, resume=True) == run(tmp_path / "whole")


def test_an_older_run_is_not_overwritten(tmp_path: Path):
    run(tmp_path)
    with pytest.raises(ConfigError, match="holds a training run: go on with --resume"):
        run(tmp_path)
    with pytest.raises(ConfigError, match=r"other settings \(batch\)"):
        run(tmp_path, CONFIG.model_copy(update={"batch": 1}), resume=True)


def test_a_state_that_was_tampered_with_is_refused(tmp_path: Path):
    run(tmp_path)
    (tmp_path / "state.safetensors").write_bytes(b"nonsense")
    with pytest.raises(BackendError, match=r"state\.safetensors is no safetensors file"):
        run(tmp_path, resume=True)


def test_as_published_compression_learns_only_through_the_joint_pass():
    """With one block of projected features, the projector gets no gradient; with "full" it does."""
    for gradient, learns in (("joint", False), ("full", True)):
        config = CONFIG.model_copy(update={"gradient": gradient})
        net = new_compressor(config)
        loss, _, asked = loss_of(net, reels(), config, 0)
        loss.backward()
        grads = [p.grad for p in net.projector.parameters()]
        assert any(g is not None and bool(g.any()) for g in grads) == learns
        assert asked == 2 * CONFIG.questions


def test_blending_goes_back_towards_the_first_weights(tmp_path: Path):
    net, first = new_compressor(CONFIG), new_compressor(CONFIG).state_dict()
    train(net, reels(), CONFIG, tmp_path)
    last = {name: weight.clone() for name, weight in net.state_dict().items()}
    blended(net, CONFIG.model_copy(update={"blend": 0.25}))
    for name, weight in net.state_dict().items():
        torch.testing.assert_close(weight, 0.75 * first[name] + 0.25 * last[name])


def test_every_question_of_a_part_has_its_answer_in_it():
    rng = np.random.default_rng(0)
    for _ in range(20):
        part = part_of(reels(clips=20), CONFIG, rng)
        assert len(part.spans_K2) == CONFIG.clips and 1 <= len(part.questions) <= 4
        assert (part.shared_QK.sum(axis=1) > 0).all()
