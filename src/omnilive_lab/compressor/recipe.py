"""`omnilive train compressor` from the first stream to the checkpoint."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch

from omnilive.catalog import fetch
from omnilive.core.clock import stopwatch
from omnilive.core.errors import ConfigError
from omnilive.memory.compressor.backbone import HubReader
from omnilive.memory.compressor.base import ClipFeatures, Reader
from omnilive.memory.compressor.checkpoint import Card, save_checkpoint
from omnilive.memory.compressor.features import PerceptFeatures, Remembering, SentenceReader
from omnilive.memory.moments import MomentConfig
from omnilive.memory.search.minilm import MiniLM
from omnilive_lab.compressor.annotations import annotated_asks, annotated_clips, read_annotations
from omnilive_lab.compressor.config import TrainConfig
from omnilive_lab.compressor.data import made_reels, stream_seed
from omnilive_lab.compressor.reels import Reel, reel
from omnilive_lab.compressor.train import blended, new_compressor, train
from omnilive_lab.training import refuse_older

ENCODER_MODEL = "minilm-l6-v2-int8"


class Progress(Protocol):
    """Hears how far a run is."""

    def stage(self, name: str, total: int) -> None:
        """Begin something that has `total` steps."""
        ...

    def advance(self, line: dict[str, Any] | None = None) -> None:
        """Count one step, and what is known of it."""
        ...


def make_compressor(
    config: TrainConfig, out: Path, progress: Progress, *, resume: bool, minutes: float
) -> bool:
    """Train a compressor and write it to `out`; return False when the minutes were over first.

    What is made before the first step counts too.
    """
    began = stopwatch()
    if not resume:
        refuse_older(out)
    torch.set_num_threads(1)  # matrices this small gain nothing from more
    if config.shape.features != "percepts":
        raise ConfigError("made-up streams have no pictures: train on features of percepts")
    net = new_compressor(config)
    encoder = MiniLM(fetch.ensure(ENCODER_MODEL))
    features = PerceptFeatures(config.shape, Remembering(encoder))
    reader = HubReader(net.backbone.tokenizer) if config.backbone else SentenceReader(encoder)
    reels = reels_for(config, features, reader, progress)
    left = minutes - (stopwatch() - began) / 60
    progress.stage("training", config.steps)
    done = train(net, reels, config, out, resume=resume, minutes=left, report=progress.advance)
    blended(net, config)
    made = config.model_dump(mode="json", exclude={"shape"}) | {"done": done}
    save_checkpoint(out, net, Card(shape=config.shape, encoder=encoder.name, made=made))
    return done


def reels_for(
    config: TrainConfig, features: ClipFeatures, reader: Reader, progress: Progress
) -> list[Reel]:
    """Return what a run learns from: made-up streams, and annotated videos if there are any."""
    seeds = [stream_seed(config.seed, number) for number in range(config.streams)]
    progress.stage("streams", len(seeds))
    tick: Callable[[], None] = progress.advance
    reels = list(
        made_reels(
            seeds, config.hours, config.needles, features, reader,
            cloze_count=config.clozes, tick=tick,
        )
    )  # fmt: skip
    for name in config.annotations:
        facts = read_annotations(Path(name))
        clips = annotated_clips(facts, MomentConfig())
        reels.append(reel(clips, annotated_asks(facts), features, reader))
    return reels
