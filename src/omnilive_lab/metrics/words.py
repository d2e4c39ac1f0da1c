"""Edit distance, and the word and character error rates of speech recognition."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass


def edit_distance(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """Return how few insertions, deletions and substitutions make `right` of `left`.

    Bit-parallel: one step a token of `right` on an integer with a bit for each token of `left`
    (G. Myers, "A fast bit-vector algorithm for approximate string matching", JACM 1999; in the
    form of H. Hyyrö, 2003).
    """
    if not left or not right:
        return len(left) + len(right)
    places: dict[Hashable, int] = {}
    for i, token in enumerate(left):
        places[token] = places.get(token, 0) | 1 << i
    all_bits, last = (1 << len(left)) - 1, 1 << (len(left) - 1)
    up, down, distance = all_bits, 0, len(left)
    for token in right:
        equal = places.get(token, 0)
        diagonal = (((equal & up) + up) ^ up) | equal | down
        rises, falls = down | ~(diagonal | up) & all_bits, up & diagonal
        distance += bool(rises & last) - bool(falls & last)
        rises, falls = (rises << 1 | 1) & all_bits, falls << 1 & all_bits
        up, down = falls | ~(diagonal | rises) & all_bits, rises & diagonal
    return distance


@dataclass(frozen=True, slots=True)
class Errors:
    """Edit distance and reference length; add them up and divide once for a corpus rate."""

    errors: int = 0
    length: int = 0

    @classmethod
    def of(cls, said: Sequence[Hashable], wanted: Sequence[Hashable]) -> "Errors":
        """Count a transcript's tokens against those of the reference."""
        return cls(edit_distance(wanted, said), len(wanted))

    @classmethod
    def total(cls, parts: Iterable["Errors"]) -> "Errors":
        """Add up."""
        found = list(parts)
        return cls(sum(part.errors for part in found), sum(part.length for part in found))

    @property
    def rate(self) -> float | None:
        """Errors by reference length (above 1 where much was inserted); None without any."""
        return self.errors / self.length if self.length else None
