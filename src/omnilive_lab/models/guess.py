"""Baselines that look at nothing: a random label, and the commonest right one."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omnilive_lab.bench.base import Benchmark, Item, Prompt, Reply, Setup, Turn
from omnilive_lab.models.base import Done, Sitting


class Guesser:
    """Base of both: one sitting an item, in any mode."""

    name = "guesser"
    by_clip = False
    settings: Mapping[str, Any] = {}

    def guess(self, item: Item) -> str:
        """Return a label, "" where there is none to guess."""
        raise NotImplementedError

    def sit(
        self, sitting: Sitting, benchmark: Benchmark, setup: Setup, costs: dict[str, Any]
    ) -> Iterator[Done]:
        """Guess each item."""
        before = list(sitting.before)
        for item in sitting.items:
            prompt: Prompt = benchmark.prompt(item, before, setup)
            done = Done(item, (prompt,), Reply(text=self.guess(item)))
            before.append(Turn(item, done.reply))
            yield done

    def close(self) -> None:
        """Nothing is held."""


class Random(Guesser):
    """Each label of an item is as likely as the others; the same seed guesses the same."""

    name = "random"

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self.settings = {"seed": seed}

    def guess(self, item: Item) -> str:
        """Draw by the item's id, so that it does not matter which items came before."""
        if not item.labels:
            return ""
        digest = hashlib.sha256(f"{self._seed}/{item.id}".encode()).digest()
        return item.labels[int.from_bytes(digest[:8]) % len(item.labels)]


class Majority(Guesser):
    """Says the label that is right most often in this very set, among items of the same labels.

    It is told the answers: it shows what can be had without looking, it competes with nobody.
    """

    name = "majority"

    def __init__(self, items: Sequence[Item]) -> None:
        counts: dict[tuple[str, ...], Counter[str]] = {}
        for item in items:
            if item.answer in item.labels:
                counts.setdefault(item.labels, Counter())[item.answer] += 1
        # The earliest label wins a tie.
        self._best = {
            labels: max(labels, key=lambda label: found[label]) for labels, found in counts.items()
        }

    def guess(self, item: Item) -> str:
        """Return the commonest right label."""
        return self._best.get(item.labels, "")
