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

from omnilive.catalog.tensors import read_tensors
from omnilive.core.errors import BackendError, ConfigError
from omnilive_lab.live.config import TrainConfig
from omnilive_lab.live.lora import LoRALinear, add_lora, merge_lora
from omnilive_lab.live.train import collated, train, with_noise
from omnilive_lab.training import METRICS, STATE
from tests.lab.live.tiny import LESSONS, lessons, model

CONFIG = TrainConfig(steps=12, batch=4, batch_tok=100, learning_rate=5e-3, save_every=3)
KILLED = """
import sys, time
from pathlib import Path
import torch
from omnilive_lab.live.train import train
from tests.lab.live.test_train import CONFIG, LESSONS, model
torch.set_num_threads(1)
train(model(), LESSONS, CONFIG, Path(sys.argv[1]), resume=True,
      report=lambda line: time.sleep(0.1))
"""


def run(out: Path, config: TrainConfig = CONFIG, **options: object) -> list[dict[str, float]]:
    torch.set_num_threads(1)
    train(model(), LESSONS, config, out, **options)  # type: ignore[arg-type]
    return lines(out)


def lines(out: Path) -> list[dict[str, float]]:
    found = [json.loads(line) for line in (out / METRICS).read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "s"} for line in found]


def test_it_learns(tmp_path: Path):
    losses = [line["loss"] for line in run(tmp_path, CONFIG.model_copy(update={"steps": 150}))]
    assert np.mean(losses[-5:]) < 0.3 * np.mean(losses[:5])


def test_a_seed_decides_everything(tmp_path: Path):
    assert run(tmp_path / "a") == run(tmp_path / "b")
    other = run(tmp_path / "c", CONFIG.model_copy(update={"seed": 1}))
    assert other[0]["loss"] != lines(tmp_path / "a")[0]["loss"]


def test_accumulating_changes_nothing(tmp_path: Path):
    at_once = run(tmp_path / "a", CONFIG.model_copy(update={"batch_tok": 10_000}))
    one_by_one = run(tmp_path / "b", CONFIG.model_copy(update={"batch_tok": 1}))
    for a, b in zip(at_once, one_by_one, strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-3)


@pytest.mark.slow
def test_killed_at_any_step_it_goes_on_to_the_same_numbers(tmp_path: Path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    expected = run(whole)
    for steps in (2, 5, 8):
        command = [sys.executable, "-c", KILLED, str(cut)]
        with subprocess.Popen(command, cwd=Path(__file__).parents[3]) as process:
            deadline = time.monotonic() + 120
            while not (cut / METRICS).exists() or len(lines(cut)) < steps:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.02)
            os.kill(process.pid, signal.SIGKILL)
    assert run(cut, resume=True) == expected
    first, second = (read_tensors(out / STATE)[0] for out in (whole, cut))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_minutes_end_a_run_that_can_go_on(tmp_path: Path):
    assert not train(model(), LESSONS, CONFIG, tmp_path, minutes=0.0)
    assert run(tmp_path, resume=True) == run(tmp_path / "whole")


def test_a_run_is_not_overwritten(tmp_path: Path):
    run(tmp_path)
    with pytest.raises(ConfigError, match="--resume"):
        run(tmp_path)
    with pytest.raises(ConfigError, match="learning_rate"):
        run(tmp_path, CONFIG.model_copy(update={"learning_rate": 1.0}), resume=True)


def test_what_diverges_says_so(tmp_path: Path):
    net = model()
    with torch.no_grad():
        net.connector.second.weight.fill_(float("nan"))
    with pytest.raises(BackendError, match="learning rate"):
        train(net, LESSONS, CONFIG, tmp_path)


@pytest.mark.parametrize("objective", ["interleaved", "per-frame"])
def test_the_rivals_learn_too(tmp_path: Path, objective):
    config = CONFIG.model_copy(update={"objective": objective, "steps": 40})
    train(model(), lessons(12, objective), config, tmp_path)
    losses = [line["loss"] for line in lines(tmp_path)]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])


def test_low_rank_additions_start_as_nothing_and_merge_into_the_same():
    net, plain = model(), model()
    ids, labels, frames = collated(LESSONS[:3])
    add_lora(net.decoder, rank=2, alpha=0.0, dropout=0.5)
    x = torch.randn(1, 5, 16)
    net.eval()
    torch.testing.assert_close(net.decoder(x), plain.decoder(x))
    trained = [n for n, p in net.decoder.named_parameters() if p.requires_grad]
    assert trained and all(n.endswith((".a", ".b")) for n in trained)
    with torch.no_grad():
        for module in net.decoder.modules():
            if isinstance(module, LoRALinear):
                module.b.normal_()
    expected = net.decoder(x)
    assert not torch.allclose(expected, plain.decoder(x))
    merge_lora(net.decoder)
    torch.testing.assert_close(net.decoder(x), expected)
    assert net.state_dict().keys() == plain.state_dict().keys()


def test_training_with_additions_leaves_the_rest_alone(tmp_path: Path):
    net, before = model(), model().state_dict()
    config = CONFIG.model_copy(update={"lora_rank": 2})
    train(net, LESSONS, config, tmp_path)
    weight = net.decoder.layers[0].self_attn.q_proj  # type: ignore[union-attr]
    assert isinstance(weight, LoRALinear) and weight.b.abs().sum() > 0
    torch.testing.assert_close(
        weight.inner.weight, before["decoder.layers.0.self_attn.q_proj.weight"]
    )
    assert not torch.equal(net.connector.first.weight, before["connector.first.weight"])


def test_less_memory_gives_the_same_numbers(tmp_path: Path):
    kept = run(tmp_path / "a")
    again = run(tmp_path / "b", CONFIG.model_copy(update={"checkpointing": True}))
    assert [line["loss"] for line in kept] == pytest.approx([line["loss"] for line in again])


def test_bfloat16_stays_close(tmp_path: Path):
    exact = run(tmp_path / "a")[0]["loss"]
    rough = run(tmp_path / "b", CONFIG.model_copy(update={"precision": "bf16"}))[0]["loss"]
    assert rough == pytest.approx(exact, rel=0.02) and rough != exact


def test_noise_exchanges_words_of_replies_and_nothing_else():
    ids, labels, _ = collated(LESSONS[:8])
    template = model().template
    torch.manual_seed(0)
    noisy = with_noise(ids, labels, template, 0.5)
    words = {i for text in ("It rains.", "Snow.") for i in template.words(text)}
    changed = noisy != ids
    assert 0 < changed.sum() < sum(int(i) in words for i in ids.flatten())
    assert {int(i) for i in ids[changed]} | {int(i) for i in noisy[changed]} <= words
    torch.testing.assert_close(with_noise(ids, labels, template, 0.0), ids)
