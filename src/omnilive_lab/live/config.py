"""How a LIVE model is trained. Needs no torch."""

from typing import Literal

from pydantic import Field

from omnilive.core.config import Config


class TrainConfig(Config):
    """One training run: the same settings give the same weights and the same metrics."""

    seed: int = 0
    """Of the weights that are made, and of the order of things."""

    objective: Literal["streaming", "interleaved", "per-frame"] = "streaming"
    """What is learned of a dialogue: see omnilive_lab/live/sequences.py."""

    stream_weight: float = Field(default=1.0, ge=0)
    """w: of the loss at the tokens of frames; replies have 1."""

    steps: int = Field(default=1000, ge=1)
    batch: int = Field(default=16, ge=1)
    """Dialogues in a step, of about the same length."""

    batch_tok: int = Field(default=8192, ge=1)
    """Tokens that go through the model at once, padding included: a step of more is accumulated."""

    max_frames: int = Field(default=1200, ge=1)
    """Dialogues are cut behind so many frames."""

    learning_rate: float = Field(default=1e-3, gt=0)
    warmup: float = Field(default=0.05, ge=0, le=1)
    """Share of the steps over which the learning rate rises; then it falls to 0 as a cosine."""

    weight_decay: float = Field(default=0.01, ge=0)
    clip_norm: float = Field(default=1.0, gt=0)

    lora_rank: int = Field(default=0, ge=0)
    """r: train low-rank additions to the language model; 0 trains all of it."""

    lora_alpha: float = Field(default=0.0, ge=0)
    """Its additions count alpha / r; 0 stands for 2 r, as published."""

    lora_dropout: float = Field(default=0.05, ge=0, lt=1)

    word_noise: float = Field(default=0.0, ge=0, le=1)
    """Share of the words of replies that are read as others while learning, so that the next word
    is looked for in the frames (after the augmentation in arXiv 2406.11816)."""

    precision: Literal["float32", "bf16"] = "float32"
    """With bf16 the matrices are multiplied in bfloat16; weights and sums stay float32."""

    checkpointing: bool = False
    """Compute the layers again going backward instead of keeping what they made."""

    save_every: int = Field(default=100, ge=1)
    """Steps between saves of the whole state."""

    log: Literal["jsonl", "tensorboard"] = "jsonl"
    """Where metrics go besides OUT/metrics.jsonl, which is always written."""
