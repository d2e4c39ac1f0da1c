"""`omnilive train live`: a language model and an image encoder from folders, on dialogues of one's
own.
"""

from pathlib import Path

from pydantic import Field

from omnilive.core.config import Config
from omnilive.core.errors import ConfigError
from omnilive.live.checkpoint import save_live
from omnilive.live.config import SYSTEM, Card
from omnilive.live.huggingface import load_decoder, read_json
from omnilive.live.model import LiveModel
from omnilive.live.tokens import read_tokenizer, special_token
from omnilive.live.vision import open_encoder
from omnilive_lab.live.config import TrainConfig
from omnilive_lab.live.dialogue import read_samples
from omnilive_lab.live.features import all_features
from omnilive_lab.live.lora import merge_lora
from omnilive_lab.live.recipe import Progress, lessons_of
from omnilive_lab.live.train import train
from omnilive_lab.training import refuse_older


class FinetuneConfig(Config):
    """What a LIVE model is made of, and how it is trained; as published but for the objective."""

    pooled: bool = True
    """Whether the frame as a whole is a token."""

    grid: int = Field(default=3, ge=0)
    """p: further p x p tokens of parts of it."""

    interval: str = ","
    """What stands between frames and means silence; "" for the end of sequence in its place."""

    fps: float = Field(default=2.0, gt=0)
    system: str = SYSTEM
    train: TrainConfig = TrainConfig(
        steps=1000, batch=8, batch_tok=4096, learning_rate=2e-4, lora_rank=128, checkpointing=True
    )


def finetune(
    data: Path, language: Path, vision: Path, config: FinetuneConfig, out: Path,
    progress: Progress, *, resume: bool, minutes: float,
) -> bool:  # fmt: skip
    """Train into `out`; return False when the minutes were over first.

    Features are kept in OUT/features. Raises ConfigError for a file without samples and folders
    that are no models, BackendError for models that cannot be loaded.
    """
    if not resume:
        refuse_older(out)
    samples = list(read_samples(data))
    if not samples:
        raise ConfigError(f"{data} holds no samples: `omnilive train data check {data}` says more")
    kind = "hub" if "model_type" in read_json(vision / "config.json") else "timm"
    encoder = open_encoder(kind, vision, pooled=config.pooled, grid=config.grid)
    decoder = load_decoder(language)
    tokenizer = read_tokenizer(language / "tokenizer.json")
    eos = special_token(language, "eos_token", tokenizer)
    if eos is None:
        raise ConfigError(f"{language} does not say which token ends a turn: name it as eos_token "
                          "in tokenizer_config.json")  # fmt: skip
    bos = special_token(language, "bos_token", tokenizer) or ""
    card = Card(
        decoder=decoder.shape, frame=encoder.frame, bos=bos, eos=eos, interval=config.interval,
        system=config.system, fps=config.fps, made=config.model_dump(mode="json"),
    )  # fmt: skip
    model = LiveModel(card, tokenizer, decoder)
    progress.stage("features", len(samples))
    features = all_features(samples, data, config.fps, encoder, out / "features", progress.advance)
    lessons = lessons_of(model, samples, features, config.train)
    progress.stage("training", config.train.steps)
    done = train(
        model, lessons, config.train, out, resume=resume, minutes=minutes, report=progress.advance
    )
    merge_lora(model.decoder)
    save_live(out, model.eval(), encoder)
    return done
