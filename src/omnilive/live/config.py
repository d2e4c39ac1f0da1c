"""What a LIVE model is made of; written beside its weights. Needs no torch."""

from typing import Any, Literal

from pydantic import Field, model_validator

from omnilive.core.config import Config
from omnilive.live.template import SYSTEM


class RopeScaling(Config):
    """How Llama 3.1 slows its long waves down, after training on `original` positions."""

    factor: float = Field(gt=0)
    low: float = Field(default=1.0, gt=0)
    """Waves that do not fit `low` times into `original` positions are slowed by `factor`."""

    high: float = Field(default=4.0, gt=0)
    """Waves that fit `high` times are left alone; those between are slowed in part."""

    original: int = Field(gt=0)
    """Positions."""


class DecoderShape(Config):
    """The sizes of a decoder of the Llama and Qwen families."""

    vocab: int = Field(ge=1)
    """V: tokens in the vocabulary."""

    width: int = Field(ge=2)
    """C: of every token inside."""

    layers: int = Field(ge=1)
    heads: int = Field(ge=1)
    """H: query heads."""

    kv_heads: int = Field(ge=1)
    """Heads of keys and values; each serves `heads` / `kv_heads` query heads."""

    head_size: int = Field(ge=2)
    """E: numbers in a head; an even number, as positions turn pairs of them."""

    inner: int = Field(ge=1)
    """Width inside the feed-forward part."""

    rope_base: float = Field(default=10_000.0, gt=1)
    rope_scaling: RopeScaling | None = None
    norm_eps: float = Field(default=1e-6, gt=0)
    qkv_bias: bool = False
    """Of the projections to queries, keys and values (Qwen2)."""

    out_bias: bool = False
    """Of the projection behind the attention."""

    qk_norm: bool = False
    """Whether queries and keys are normalised per head (Qwen3)."""

    tied: bool = False
    """Whether the output matrix is that of the input embeddings."""

    @model_validator(mode="after")
    def _heads_fit(self) -> "DecoderShape":
        if self.heads % self.kv_heads:
            raise ValueError(f"{self.heads} heads do not share {self.kv_heads} kv_heads evenly")
        if self.head_size % 2:
            raise ValueError(f"head_size is {self.head_size}; it must be even")
        return self


class FrameShape(Config):
    """How a frame becomes tokens: a pooled one, and a grid of p x p means."""

    encoder: Literal["tiny", "hub", "timm"] = "tiny"
    """Our small convolution net, or a folder of transformers or of timm."""

    side_px: int = Field(default=64, ge=8)
    """Of the square that a frame is scaled into, padded with black."""

    width: int = Field(default=64, ge=1)
    """D: of a feature vector."""

    pooled: bool = True
    """Whether the frame as a whole is a token, the first one."""

    grid: int = Field(default=0, ge=0)
    """p: further p * p tokens of the parts of the frame."""

    @property
    def tokens(self) -> int:
        """N: tokens of a frame."""
        return int(self.pooled) + self.grid * self.grid

    @model_validator(mode="after")
    def _some_token(self) -> "FrameShape":
        if not self.tokens:
            raise ValueError("a frame needs the pooled token, a grid, or both")
        return self


class Card(Config):
    """What is written beside the weights of a LIVE model: how to build it and talk to it."""

    format: int = 1
    decoder: DecoderShape
    frame: FrameShape
    bos: str = ""
    """Text of the token that every stream begins with; empty where there is none."""

    eos: str
    """Text of the token that ends a reply."""

    interval: str = ","
    """What stands between frames and means silence ("v1+"); "" where the end of sequence is what
    a silent frame is answered with, though it never enters the sequence ("v1")."""

    system: str = SYSTEM
    fps: float = Field(default=2.0, gt=0)
    """Frames a second in training."""

    threshold: float = Field(default=0.725, ge=0, le=1)
    """A frame stays silent only where the probability of silence is at least this."""

    instruction: str = "Please concisely narrate the video in real time."
    """What a session tells the model at the beginning, so that it speaks of its own accord."""

    speak_head: bool = False
    """Whether there is a second head, which gives the probability of speaking at a frame."""

    made: dict[str, Any] = {}
    """How it was trained: seed, steps, data."""
