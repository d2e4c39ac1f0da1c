"""How a compressor is trained. Needs no torch."""

from typing import Literal

from pydantic import Field

from omnilive.core.config import Config
from omnilive.memory.compressor.config import ShapeConfig


class TrainConfig(Config):
    """One training run: the same settings give the same weights and the same metrics."""

    seed: int = 0
    """Of the weights, of the order of things, and of the streams."""

    shape: ShapeConfig = ShapeConfig()
    backbone: str = ""
    """Folder of a Hugging Face causal LM, for the shape "hub"."""

    streams: int = Field(default=40, ge=1)
    """Made-up streams to learn from."""

    hours: float = Field(default=1.0, gt=0)
    """Length of each."""

    needles: int = Field(default=6, ge=1)
    """Of each sort in a stream, at most."""

    clozes: int = Field(default=60, ge=0)
    """Questions in a stream that ask by a few words of something perceived."""

    annotations: tuple[str, ...] = ()
    """Files of (start, end, text) to learn from as well: the text asks for its span."""

    steps: int = Field(default=400, ge=1)
    batch: int = Field(default=1, ge=1)
    """Streams in a step."""

    clips: int = Field(default=64, ge=2)
    """K: consecutive clips of each stream in a step."""

    questions: int = Field(default=12, ge=1)
    """Of each stream in a step, at most."""

    gradient: Literal["joint", "full"] = "full"
    """"joint", as published: the compression pass is without gradient and the second, joint pass
    learns; or the gradient goes through compression too."""

    learning_rate: float = Field(default=1e-4, gt=0)
    warmup: int = Field(default=30, ge=0)
    """Steps over which the learning rate rises; then it falls to a tenth as a cosine."""

    weight_decay: float = Field(default=0.01, ge=0)
    clip_norm: float = Field(default=1.0, gt=0)
    blend: float = Field(default=0.75, ge=0, le=1)
    """Where the weights that are kept lie on the line from the first to the last ones: what was
    known before training is forgotten less so (Wortsman et al., arXiv 2109.01903)."""

    save_every: int = Field(default=50, ge=1)
    """Steps between saves of the whole state."""
