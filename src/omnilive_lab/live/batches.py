"""Which dialogues a step learns: a function of the seed and the step alone, so runs can go on.

Dialogues of about the same length come together, because the shorter ones are padded.
"""

from collections.abc import Sequence

import numpy as np

GROUP = 8  # batches that are sorted by length together


def batch_of(lengths: Sequence[int], batch: int, seed: int, step: int) -> list[int]:
    """Return which dialogues are in the step: of each pass over the data, every one once."""
    size = min(batch, len(lengths))
    per_pass = len(lengths) // size
    order = _order(lengths, size, seed, step // per_pass)
    first = (step % per_pass) * size
    return order[first : first + size]


def parts_of(chosen: Sequence[int], lengths: Sequence[int], batch_tok: int) -> list[list[int]]:
    """Return the batch in parts of at most `batch_tok` tokens, padding included (or of one)."""
    parts: list[list[int]] = []
    for index in sorted(chosen, key=lambda i: lengths[i]):
        if parts and (len(parts[-1]) + 1) * lengths[index] <= batch_tok:
            parts[-1].append(index)
        else:
            parts.append([index])
    return parts


def _order(lengths: Sequence[int], size: int, seed: int, number: int) -> list[int]:
    """Return all dialogues of a pass, in groups sorted by length whose batches are shuffled."""
    rng = np.random.default_rng([seed, number])
    mixed = rng.permutation(len(lengths)).tolist()
    mixed = mixed[: len(mixed) // size * size]  # what is left over comes in another pass
    order: list[int] = []
    for first in range(0, len(mixed), GROUP * size):
        group = sorted(mixed[first : first + GROUP * size], key=lambda i: lengths[i])
        starts = rng.permutation(len(group) // size) * size
        order += [index for start in starts for index in group[start : start + size]]
    return order
