"""How much a session may keep, and how much it keeps now."""

from dataclasses import dataclass

from pydantic import Field

from omnilive.core.config import Config

GIB = 1 << 30


class BudgetConfig(Config):
    """How much a session may keep. What is over is merged or thinned out, oldest first.

    The defaults hold about a week of a busy place moment by moment, and months coarser.
    """

    moments: int = Field(default=50_000, ge=8)
    """Rows that tell of the past: moments, and the episodes and digests made of them."""

    facts: int = Field(default=150_000, ge=32)
    """Remembered percepts; vectors and the full-text index go with them."""

    log_lines: int = Field(default=200_000, ge=64)
    """Lines of the log; percepts, moments and health go first, answers and alerts last."""

    bytes: int = Field(default=GIB, ge=1 << 20)
    """Size of the database's content; pictures and recordings are files and not in it."""

    keyframes: int = Field(default=40_000, ge=1)
    """Pictures that are kept."""

    keyframe_bytes: int = Field(default=GIB, ge=1 << 16)
    """Size of all pictures together."""

    exact_s: float = Field(default=600.0, ge=0)
    """The newest seconds are not merged, as long as anything older is left to merge."""

    half_life_h: float = Field(default=48.0, gt=0)
    """After so many hours a loss of detail counts half: lower forgets the old details sooner."""

    @property
    def half_life_s(self) -> float:
        """The half-life in seconds."""
        return 3600 * self.half_life_h


@dataclass(slots=True)
class Usage:
    """What a session holds now; see BudgetConfig for the units."""

    moments: int = 0
    facts: int = 0
    log_lines: int = 0
    bytes: int = 0
    keyframes: int = 0
    keyframe_bytes: int = 0

    def is_over(self, budget: BudgetConfig) -> bool:
        """Tell whether there is too much of anything but lines of the log."""
        return self.rows_over(budget) or self.pictures_over(budget)

    def rows_over(self, budget: BudgetConfig) -> bool:
        """Tell whether there are too many rows to tell of the past, or too large ones."""
        return (
            self.moments > budget.moments
            or self.facts > budget.facts
            or self.bytes > budget.bytes
        )  # fmt: skip

    def pictures_over(self, budget: BudgetConfig) -> bool:
        """Tell whether there are too many pictures, or too large ones."""
        return self.keyframes > budget.keyframes or self.keyframe_bytes > budget.keyframe_bytes
