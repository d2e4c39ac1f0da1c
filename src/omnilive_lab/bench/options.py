"""What an option of a benchmark may be: checked before anything is read."""

import math
from dataclasses import dataclass
from typing import Protocol


class Takes(Protocol):
    """Tells which values an option may have; its text says so to a person."""

    def holds(self, value: str) -> bool:
        """Tell whether it may have this one."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """One of these words, or some of them with commas between."""

    words: tuple[str, ...]
    several: bool = False

    def holds(self, value: str) -> bool:
        """Tell whether all that is given is known."""
        return all(word in self.words for word in (value.split(",") if self.several else [value]))

    def __str__(self) -> str:
        known = ", ".join(self.words)
        return f"some of {known} (commas between)" if self.several else f"one of {known}"


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `least` on; `above`: more than that."""

    least: float = 0.0
    above: bool = False
    whole: bool = False

    def holds(self, value: str) -> bool:
        """Tell whether it is a number, and not too small."""
        try:
            number = int(value) if self.whole else float(value)
        except ValueError:
            return False
        return math.isfinite(number) and (
            number > self.least if self.above else number >= self.least
        )

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} above {self.least:g}" if self.above else f"{kind} from {self.least:g} on"
