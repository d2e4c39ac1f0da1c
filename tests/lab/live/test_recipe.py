"""The training commands on the smallest of everything, from pictures to a checkpoint."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from typer.testing import CliRunner

from omnilive.cli import app
from omnilive.core.errors import ConfigError, SourceError
from omnilive.live.checkpoint import load_live
from omnilive.live.tiny import TinyEncoder, TinyNet, TinyShape
from omnilive_lab.live.ablation import run_ablation
from omnilive_lab.live.captions import caption
from omnilive_lab.live.dialogue import Sample, read_samples, write_samples
from omnilive_lab.live.features import all_features
from omnilive_lab.live.footage import frames_at
from omnilive_lab.live.recipe import TinyConfig
from omnilive_lab.live.tokenizer import train_tokenizer
from omnilive_lab.live.world.make import make_world
from omnilive_lab.live.world.settings import WorldConfig
from omnilive_lab.settings import changed
from tests.lab.live.tiny import MARKS

SMALL = [
    "streams=3", "test_streams=3", "layers=1", "width=32", "vocab=300", "caption_every=20",
    "pretrain.steps=3", "pretrain.batch=4", "pretrain.frames=6", "pretrain.shape.width=16",
    "pretrain.shape.channels=[4,4,4]", "captions.steps=2", "captions.batch=4", "train.steps=3",
    "train.batch=2",
]  # fmt: skip


class Quiet:
    def __init__(self):
        self.stages: list[str] = []

    def stage(self, name: str, total: int) -> None:
        self.stages.append(name)

    def advance(self, line: object = None) -> None:
        pass


def invoke(command: list[str]) -> None:
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, 0, "train", 2, config=WorldConfig(side_px=64, min_s=6, max_s=8, fps=4))
    return folder


def test_frame_k_is_what_is_seen_at_k_seconds_over_fps(world: Path):
    video = next((world / "video").glob("*.mp4"))
    every = list(frames_at(video, 4.0, range(20)))
    at_two = list(frames_at(video, 2.0, range(10)))
    np.testing.assert_array_equal(np.stack(at_two), np.stack(every[::2]))
    at_three = list(frames_at(video, 3.0, range(6)))  # 1/3 s: the picture of 1/4 s
    np.testing.assert_array_equal(
        np.stack(at_three), np.stack([every[i] for i in (0, 1, 2, 4, 5, 6)])
    )
    late = list(frames_at(video, 4.0, range(1000, 1002)))
    np.testing.assert_array_equal(late[0], late[1])


def test_what_is_no_video_says_so(tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(SourceError, match=r"a\.mp4: cannot be decoded"):
        list(frames_at(tmp_path / "a.mp4", 2.0, range(2)))


def test_features_are_made_once(world: Path, tmp_path: Path):
    samples = list(read_samples(world / "samples.jsonl"))
    encoder = TinyEncoder(TinyNet(TinyShape(side_px=32, channels=(2, 2, 2), width=8, grid=2)))
    first = all_features(samples, world / "samples.jsonl", 2.0, encoder, tmp_path)
    assert [f.shape for f in first] == [(int(2 * s.duration_s + 0.999), 5, 8) for s in samples]

    def blind(rgb: object) -> np.ndarray:
        raise AssertionError("features were there")

    blind.width, blind.tokens = 8, 5  # type: ignore[attr-defined]
    again = all_features(samples, world / "samples.jsonl", 2.0, blind, tmp_path)  # type: ignore[arg-type]
    np.testing.assert_array_equal(first[0], again[0])


def test_a_missing_video_is_named(tmp_path: Path):
    sample = Sample(id="a", source="x", licence="x", video="gone.mp4", duration_s=3.0, turns=())
    encoder = TinyEncoder(TinyNet(TinyShape(side_px=32, channels=(2, 2, 2), width=8)))
    with pytest.raises(ConfigError, match=r"sample 'a'.*gone\.mp4"):
        all_features([sample], tmp_path / "s.jsonl", 2.0, encoder, tmp_path)


def test_captions_go_from_left_to_right():
    things = [
        {"word": "bus", "box": [0, 9, 1, 9], "shape": "card"},
        {"word": "", "box": [60, 0, 70, 9], "size": 1, "colour": "red", "shape": "star",
         "place": "right"},
        {"word": "", "box": [10, 0, 20, 9], "size": 0, "colour": "blue", "shape": "cross",
         "place": "left"},
    ]  # fmt: skip
    assert caption(things) == "blue cross left, big red star right, card says bus"
    assert caption([]) == "nothing"


@pytest.mark.slow
def test_live_tiny_makes_a_checkpoint(tmp_path: Path):
    sets = [part for text in SMALL for part in ("--set", text)]
    command = ["train", "live-tiny", "--out", str(tmp_path), *sets]
    invoke(command)
    folder = tmp_path / "seed-0" / "streaming"
    live = load_live(folder)
    assert live.model.card.interval == "" and live.encoder.tokens == 1
    assert live.model.card.made["train"]["steps"] == 3
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 3
    with pytest.raises(ConfigError, match="--resume"):
        invoke(command)
    with pytest.raises(ConfigError, match=r"train\.stepz"):
        invoke([*command, "--set", "train.stepz=3"])


@pytest.mark.slow
def test_an_ablation_goes_on_and_ends_in_tables(tmp_path: Path):
    config, first, second = changed(TinyConfig(), SMALL), Quiet(), Quiet()
    text = run_ablation(config, range(1), tmp_path, first, minutes=20)
    for line in ("no training", "interleaved dialogue", "per-frame dialogue", "streaming EOS"):
        assert f"| {line} |" in text
    figures = json.loads((tmp_path / "seed-0" / "per-frame" / "figures.json").read_text())
    rival = json.loads((tmp_path / "seed-0" / "streaming" / "figures.json").read_text())
    assert figures["train_tokens"] > 2 * rival["train_tokens"] > 0
    assert rival["LM-PPL"] > 1 and "f1" in rival
    (tmp_path / "seed-0" / "per-frame" / "figures.json").unlink()
    assert (
        run_ablation(config, range(1), tmp_path, second, minutes=20).split("\n")[0]
        == (text.split("\n")[0])
    )
    assert "training, per-frame" in second.stages and "training, streaming" not in second.stages


@pytest.mark.slow
def test_ones_own_models_and_videos(world: Path, tmp_path: Path):
    language, vision, out = tmp_path / "language", tmp_path / "vision", tmp_path / "out"
    tokenizer = train_tokenizer(["It rains.", "Snow."] * 2, MARKS, vocab=300)
    torch.manual_seed(0)
    transformers.Qwen2ForCausalLM(
        transformers.Qwen2Config(
            vocab_size=320, hidden_size=16, intermediate_size=24, num_hidden_layers=1,
            num_attention_heads=2, num_key_value_heads=1,
        )
    ).save_pretrained(language)  # fmt: skip
    tokenizer.save(str(language / "tokenizer.json"))
    tokens = {"bos_token": None, "eos_token": {"content": "</s>"}}
    (language / "tokenizer_config.json").write_text(json.dumps(tokens))
    transformers.SiglipVisionModel(
        transformers.SiglipVisionConfig(
            hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
            image_size=32, patch_size=8,
        )
    ).save_pretrained(vision)  # fmt: skip
    data = tmp_path / "data" / "own.jsonl"
    samples = read_samples(world / "samples.jsonl")
    write_samples(data, [s.model_copy(update={"video": str(world / s.video)}) for s in samples])
    command = [
        "train", "live", str(data), "--language", str(language), "--vision", str(vision),
        "--out", str(out), "--set", "train.steps=2", "--set", "train.batch=1",
        "--set", "train.lora_rank=2", "--set", "grid=2",
    ]  # fmt: skip
    invoke(command)
    live = load_live(out)
    assert (live.encoder.tokens, live.model.card.eos, live.model.card.bos) == (5, "</s>", "")
    (language / "tokenizer_config.json").unlink()
    config = json.loads((language / "config.json").read_text())
    config["eos_token_id"] = None
    (language / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match="eos_token"):
        invoke([*command, "--resume"])
