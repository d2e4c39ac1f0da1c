"""What answers the items of a benchmark: an examinee, which sits through all items of one clip."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from omnilive_lab.bench.base import Benchmark, Item, Prompt, Reply, Setup, Turn
from omnilive_lab.evaluation.sampling import Picture


@dataclass(frozen=True, slots=True)
class Done:
    """An item with all that was asked and what was replied."""

    item: Item
    prompts: tuple[Prompt, ...]
    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """Items that are answered together: a dialogue, or (online) all questions about one clip.

    `before` holds the turns of earlier items of the same group that are done already.
    """

    items: tuple[Item, ...]
    before: tuple[Turn, ...] = ()


class Examinee(Protocol):
    """Answers items. `settings` is all that its answers depend on, as JSON values.

    `by_clip` asks for all items of a clip in one sitting; else a sitting is one item, or one
    dialogue. `costs` is filled with figures of the sitting (peak memory, store size, speed).
    """

    @property
    def name(self) -> str:
        """What the results are filed under."""
        ...

    @property
    def by_clip(self) -> bool:
        """Whether all items of a clip come in one sitting."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the answers depend on."""
        ...

    def sit(
        self, sitting: Sitting, benchmark: Benchmark, setup: Setup, costs: dict[str, Any]
    ) -> Iterator[Done]:
        """Yield each item as it is done, in order.

        What is wrong with one item (a damaged clip) is its reply's `error`. BackendError means
        that no item can be answered: the run stops, and can go on later.
        """
        ...

    def close(self) -> None:
        """Free models and connections."""
        ...


class Viewer(Protocol):
    """A model that is shown a prompt and some pictures."""

    @property
    def name(self) -> str:
        """What the results are filed under."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the answers depend on."""
        ...

    def reply(self, prompt: Prompt, pictures: Sequence[Picture]) -> Reply:
        """Answer. BackendError: it is out of order; Refused: it will not take this prompt."""
        ...

    def close(self) -> None:
        """Free the model or its connections."""
        ...


class Refused(Exception):
    """A model did not take one prompt, such as one that is too long; others may go well."""
