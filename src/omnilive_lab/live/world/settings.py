"""How hard a world is to watch, and the other settings of making one."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from omnilive.core.config import Config
from omnilive_lab.settings import changed

Difficulty = Literal["easy", "normal", "hard"]
Split = Literal["train", "val", "test"]


class WorldConfig(Config):
    """One world. Lengths in pixels are at the given side; `difficulty` presets fill the rest."""

    fps: int = Field(default=4, ge=1, le=60)
    """Frames a second of the video files."""
    side_px: int = Field(default=96, ge=64, le=1024)
    """Width and height of the picture."""
    min_s: float = Field(default=30.0, ge=6)
    """Shortest stream."""
    max_s: float = Field(default=60.0, ge=6)
    """Longest stream."""
    gap_s: tuple[float, float] = (2.0, 5.0)
    """Shortest and longest time between two events."""
    things: int = Field(default=3, ge=1, le=3)
    """How many things may be there at once, a card included."""
    size: float = Field(default=0.12, gt=0, le=0.13)
    """Radius of a thing of ordinary size, as a share of the side."""
    noise: float = Field(default=7.0, ge=0)
    """Standard deviation of the noise, in grey levels; new in every frame."""
    contrast: float = Field(default=16.0, ge=0)
    """Standard deviation of the background's pattern, in grey levels."""
    drift: float = Field(default=0.1, ge=0)
    """How far the background moves, in sides a second."""
    wobble: float = Field(default=0.008, ge=0)
    """How far things sway, as a share of the side."""
    quiet_share: float = Field(default=0.12, ge=0, le=1)
    """Share of the streams in which nothing happens."""
    held_out_share: float = Field(default=0.35, ge=0, le=1)
    """In "val" and "test": how often a new thing, or what one does, is of those not in "train"."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for low, high in ((self.min_s, self.max_s), self.gap_s):
            if low > high:
                raise ValueError(f"the shortest ({low}) is longer than the longest ({high})")
        if self.gap_s[0] < 2.0:
            raise ValueError(
                f"gap_s starts at {self.gap_s[0]}: an action lasts up to 1.5 s, take 2"
            )
        return self


PRESETS: dict[Difficulty, WorldConfig] = {
    "easy": WorldConfig(
        gap_s=(2.5, 5.5), things=2, size=0.13, noise=3, contrast=8, drift=0.04, wobble=0.0
    ),
    "normal": WorldConfig(),
    "hard": WorldConfig(
        side_px=128, gap_s=(2.0, 3.5), size=0.095, noise=18, contrast=26, drift=0.3, wobble=0.016
    ),
}


def world_config(difficulty: Difficulty, sets: Sequence[str] = ()) -> WorldConfig:
    """Return a preset with settings changed, each NAME=VALUE. ConfigError names what is wrong."""
    return changed(PRESETS[difficulty], sets)
