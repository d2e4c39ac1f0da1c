"""Offline, as the papers evaluate: pictures of the clip and the official prompt go to a model."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from omnilive.core.errors import ConfigError, SourceError
from omnilive_lab.bench.base import Benchmark, Clip, Item, Prompt, Reply, Setup, Turn
from omnilive_lab.evaluation.sampling import Policy, length_s, nothing_to_see, pictures
from omnilive_lab.models.base import Done, Refused, Sitting, Viewer


class Shown:
    """Lets a viewer answer from sampled pictures."""

    by_clip = False

    def __init__(self, viewer: Viewer, policy: Policy) -> None:
        self._viewer, self._policy = viewer, policy
        self.name = viewer.name
        self.settings = dict(viewer.settings)
        self._lengths: dict[Clip, float] = {}

    def close(self) -> None:
        """Close the viewer."""
        self._viewer.close()

    def sit(
        self, sitting: Sitting, benchmark: Benchmark, setup: Setup, costs: dict[str, Any]
    ) -> Iterator[Done]:
        """Run each item's dialogue."""
        before = list(sitting.before)
        for item in sitting.items:
            done = self._answer(item, before, benchmark, setup)
            before.append(Turn(item, done.reply))
            yield done

    def _answer(self, item: Item, before: list[Turn], benchmark: Benchmark, setup: Setup) -> Done:
        if item.transcribe or item.narrate:
            raise ConfigError(
                f"{self.name} is shown pictures and cannot hear or narrate: choose a session "
                "recipe, such as --model laptop"
            )
        asked: list[Prompt] = []
        try:
            setup = replace(setup, frames=self._count(item))
            dialogue = benchmark.dialogue(item, before, setup)
            prompt = next(dialogue)
            while True:
                asked.append(prompt)
                prompt = dialogue.send(self._reply(item, prompt))
        except StopIteration as end:
            return Done(item, tuple(asked), end.value)
        except SourceError as error:
            return Done(item, tuple(asked), Reply(error=str(error)))

    def _count(self, item: Item) -> int:
        """Return how many pictures go with the item's question, for prompts that say so."""
        return self._policy.count or len(self._policy.times(0.0, self._until(item, item.t)))

    def _until(self, item: Item, t: float | None) -> float:
        if item.clip not in self._lengths:
            self._lengths = {item.clip: length_s(item.clip)}  # items of a clip mostly come together
        end_s = self._lengths[item.clip]
        return end_s if t is None else min(t, end_s)

    def _reply(self, item: Item, prompt: Prompt) -> Reply:
        since_s, until_s = max(0.0, prompt.since_s), self._until(item, prompt.t)
        if since_s > until_s:
            raise SourceError(str(item.clip.path), nothing_to_see(since_s, until_s))
        shown = pictures(item.clip, self._policy.times(since_s, until_s))
        try:
            return self._viewer.reply(prompt, shown)
        except Refused as error:
            return Reply(error=str(error))
