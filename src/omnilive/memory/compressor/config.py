"""What a compressor is made of; written beside its weights. Needs no torch."""

from typing import Literal

from pydantic import Field, model_validator

from omnilive.core.config import Config


class CompressorConfig(Config):
    """Which trained compressor a session uses, with `memory.recall` at "compressor"."""

    checkpoint: str = ""
    """Folder that `omnilive train compressor` has written."""


class ShapeConfig(Config):
    """The sizes of a compressor: what its weights fit, and nothing about training."""

    backbone: Literal["small", "hub"] = "small"
    """A small decoder of our own over sentence embeddings, or a Hugging Face causal LM."""

    width: int = Field(default=384, ge=4)
    """C: of every token inside; for "hub" that of the language model."""

    layers: int = Field(default=1, ge=1)
    """Of the small decoder."""

    heads: int = Field(default=6, ge=1)
    """Of the small decoder."""

    inner: int = Field(default=192, ge=4)
    """Width inside the feed-forward part of the small decoder, and of the projector."""

    text_width: int = Field(default=384, ge=1)
    """Of the vectors of words that the small decoder reads."""

    features: Literal["percepts", "vision"] = "percepts"
    """What a clip is made of: sentence vectors of what was perceived, or patches of pictures."""

    feature_width: int = Field(default=392, ge=1)
    """Of one feature vector."""

    frames: int = Field(default=2, ge=1)
    """T: groups of features in a clip; with "vision" pictures."""

    patches: int = Field(default=4, ge=1)
    """N: features in a frame; with "vision" a square number."""

    slots: int = Field(default=1, ge=1)
    """P: short-term slots of a frame, each the mean of N / P features."""

    window: int = Field(default=16, ge=1)
    """W: clips that are integrated at once; what is older comes in through the carried state."""

    context: int = Field(default=16, ge=1)
    """M: newest long-term tokens that the question reads, at most."""

    match: Literal["global", "integrated"] = "global"
    """What the question is compared with: the published global tokens, or the long-term ones."""

    @model_validator(mode="after")
    def _fits(self) -> "ShapeConfig":
        if self.patches % self.slots:
            raise ValueError(f"patches ({self.patches}) must divide by slots ({self.slots})")
        if self.backbone == "small" and self.width % (2 * self.heads):
            raise ValueError(f"width ({self.width}) must divide by 2 * heads ({self.heads})")
        return self
