"""`omnilive train live-tiny`: a LIVE model of a few million weights, from nothing, on a CPU.

It makes a synthetic world, pre-trains a small encoder on single frames of it, and trains a decoder
on its dialogues, which first learned to say what is in a frame. World, encoder, features and that
first decoder are made once; seeds and objectives begin from the same, as from a published model.
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from pydantic import Field
from tokenizers import Tokenizer

from omnilive.catalog.tensors import read_tensors, write_tensors
from omnilive.core.clock import stopwatch
from omnilive.core.config import Config
from omnilive.live.checkpoint import save_live
from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.model import LiveModel
from omnilive.live.template import Marks
from omnilive.live.tiny import TinyEncoder, TinyNet
from omnilive_lab.live.captions import caption_lessons
from omnilive_lab.live.captions import texts as caption_texts
from omnilive_lab.live.config import TrainConfig
from omnilive_lab.live.dialogue import Sample, read_samples
from omnilive_lab.live.features import all_features
from omnilive_lab.live.grid import frames
from omnilive_lab.live.pretrain import PretrainConfig, pretrain
from omnilive_lab.live.sequences import Layout
from omnilive_lab.live.tokenizer import BOS, EOS, train_tokenizer
from omnilive_lab.live.train import Lesson, train
from omnilive_lab.live.world.make import SAMPLES, make_world
from omnilive_lab.live.world.settings import PRESETS, Difficulty, Split
from omnilive_lab.training import refuse_older

FPS = 2.0
MARKS = Marks(bos=BOS, eos=EOS, interval="", system="You watch a video and talk about it.")
FIRST, ENCODER, BASE = "first", "encoder.safetensors", "base.safetensors"
INSTRUCTION = "Narrate in full sentences."


class TinyConfig(Config):
    """The tiny setting: its world, its encoder, its decoder and its training."""

    difficulty: Difficulty = "easy"
    streams: int = Field(default=2000, ge=1)
    """Of the world that is learned from."""

    test_streams: int = Field(default=150, ge=1)
    """Held out: they show combinations that no other stream does."""

    test_quiet: float = Field(default=0.4, ge=0, le=1)
    """Share of them in which nothing happens."""

    world_seed: int = 0
    """Of the worlds, the encoder and the first decoder: `train.seed` is that of a run alone."""

    pretrain: PretrainConfig = PretrainConfig()
    width: int = Field(default=128, ge=32, multiple_of=32)
    """C: of the decoder, whose heads are 32 wide."""

    layers: int = Field(default=4, ge=1)
    vocab: int = Field(default=1024, ge=300)
    """Tokens, at most."""

    captions: TrainConfig = TrainConfig(steps=1500, batch=64, learning_rate=2e-3, word_noise=0.2)
    """First training of the decoder: single frames in words."""

    caption_every: int = Field(default=4, ge=1)
    """Every so many frames of a stream is one of them."""

    train: TrainConfig = TrainConfig(steps=800, batch=8, learning_rate=2e-3, word_noise=0.2)


class Progress(Protocol):
    """Hears how far a run is."""

    def stage(self, name: str, total: int) -> None:
        """Begin something that has `total` steps."""
        ...

    def advance(self, line: dict[str, Any] | None = None) -> None:
        """Count one step, and what is known of it."""
        ...


def make_tiny(
    config: TinyConfig, out: Path, shared: Path, progress: Progress, *,
    resume: bool, minutes: float,
) -> bool:  # fmt: skip
    """Train into `out`; return False when the minutes were over first.

    World, encoder and features are taken from `shared` where they are there already.
    """
    began = stopwatch()
    if not resume:
        refuse_older(out)
    samples = samples_of("train", config, shared, progress)
    encoder = encoder_of(config, shared, progress)
    features = features_of("train", samples, config, encoder, shared, progress)
    model = base_of(config, features, shared, progress)
    lessons = lessons_of(model, samples, features, config.train)
    progress.stage(f"training, {config.train.objective}", config.train.steps)
    left = minutes - (stopwatch() - began) / 60
    done = train(
        model, lessons, config.train, out, resume=resume, minutes=left, report=progress.advance
    )
    save_live(out, model, encoder)
    return done


def lessons_of(
    model: LiveModel, samples: Sequence[Sample], features: Sequence[np.ndarray], config: TrainConfig
) -> list[Lesson]:
    """Return dialogues laid out for the objective, each with the features of its frames."""
    layout = Layout(model.template, config.objective, model.card.frame.tokens)
    return [
        Lesson(layout.lay(frames(sample, model.card.fps), config.max_frames), frames_TND)
        for sample, frames_TND in zip(samples, features, strict=True)
    ]


def base_of(
    config: TinyConfig, features: Sequence[np.ndarray], shared: Path, progress: Progress
) -> LiveModel:
    """Return a model that can say what is in a frame, trained unless it is there."""
    folder, world = shared / FIRST, _world("train", shared)
    samples = list(read_samples(world / SAMPLES))
    texts = [turn.text for sample in samples for turn in sample.turns]
    tokenizer = train_tokenizer([*texts, *caption_texts(world)], MARKS, config.vocab)
    model = new_model(config, tokenizer)
    place = folder / BASE
    if not place.exists():
        progress.stage("training, single frames", config.captions.steps)
        layout = Layout(model.template, "streaming", model.card.frame.tokens)
        lessons = caption_lessons(world, features, layout, config.caption_every)
        train(model, lessons, config.captions, folder, resume=True, report=progress.advance)
        write_tensors(place, model.state_dict(), {})
    model.load_state_dict(read_tensors(place)[0])
    return model


def new_model(config: TinyConfig, tokenizer: Tokenizer) -> LiveModel:
    """Return a model of random weights."""
    shape = config.pretrain.shape
    heads = config.width // 32
    card = Card(
        decoder=DecoderShape(
            vocab=tokenizer.get_vocab_size(), width=config.width, layers=config.layers,
            heads=heads, kv_heads=heads, head_size=32, inner=config.width * 5 // 2, tied=True,
        ),
        frame=FrameShape(
            side_px=shape.side_px, width=shape.width, pooled=shape.pooled, grid=shape.grid
        ),
        bos=MARKS.bos, eos=MARKS.eos, interval=MARKS.interval, system=MARKS.system, fps=FPS,
        instruction=INSTRUCTION, made=config.model_dump(mode="json"),
    )  # fmt: skip
    torch.manual_seed(config.world_seed)
    return LiveModel(card, tokenizer)


def samples_of(split: Split, config: TinyConfig, shared: Path, progress: Progress) -> list[Sample]:
    """Return the dialogues of a split, whose videos are made unless they are there."""
    folder, count, world = _world(split, shared), config.streams, PRESETS[config.difficulty]
    if split != "train":
        count = config.test_streams
        world = world.model_copy(update={"quiet_share": config.test_quiet})
    file = folder / SAMPLES
    if not file.exists():  # written when all videos are there
        make_world(folder, config.world_seed, split, count, report=progress, config=world)
    return list(islice(read_samples(file), count))


def features_of(
    split: Split, samples: Sequence[Sample], config: TinyConfig, encoder: TinyEncoder,
    shared: Path, progress: Progress,
) -> list[np.ndarray]:  # fmt: skip
    """Return the features of each dialogue's frames, made unless they are there."""
    progress.stage(f"{split} features", len(samples))
    file = _world(split, shared) / SAMPLES
    out = shared / FIRST / "features"
    return all_features(samples, file, FPS, encoder, out, progress.advance)


def encoder_of(config: TinyConfig, shared: Path, progress: Progress) -> TinyEncoder:
    """Return the encoder, pre-trained unless it is there."""
    place = shared / FIRST / ENCODER
    if not place.exists():
        progress.stage("pre-training the encoder", config.pretrain.steps)
        net = pretrain(
            config.pretrain, config.world_seed, _world("train", shared), progress.advance
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(place, net.state_dict(), {})
    net = TinyNet(config.pretrain.shape)
    net.load_state_dict(read_tensors(place)[0])
    return TinyEncoder(net)


def _world(split: str, shared: Path) -> Path:
    return shared / "world" / split
