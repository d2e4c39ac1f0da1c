"""Returns the examinee that `--model` names.

random, majority       baselines
laptop, api, ...       a session of that recipe
percepts[:RECIPE]      the recipe's perception, its language model on the percepts as text
openai                 an OpenAI-compatible vision endpoint (`--set reasoning.openai...`)
transformers:FOLDER    a local Hugging Face vision-language model (extra `torch`)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from omnilive import recipes
from omnilive.core.errors import ConfigError
from omnilive.settings import load_settings
from omnilive_lab.bench.base import Item
from omnilive_lab.evaluation.sampling import Policy
from omnilive_lab.models.base import Examinee

Mode = Literal["offline", "online"]
Pace = Literal["live", "fast"]  # as in omnilive.session, which is not loaded for a baseline
BASELINES = ("random", "majority")
PERCEPTS, LOCAL, ENDPOINT = "percepts", "transformers", "openai"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was asked for on the command line."""

    model: str
    mode: Mode | None = None
    policy: Policy = Policy("none")
    pace: Pace = "fast"
    sets: Sequence[str] = ()
    file: Path | None = None
    seed: int = 0

    @property
    def kind(self) -> str:
        """The part before the colon."""
        return self.model.split(":", 1)[0]

    @property
    def plays(self) -> bool:
        """Whether clips are played through perception."""
        return self.kind in recipes.RECIPES or self.kind == PERCEPTS

    @property
    def final_mode(self) -> Mode:
        """The mode that was asked for, or else what suits the model."""
        if self.mode == "online" and self.kind in (ENDPOINT, LOCAL):
            raise ConfigError(
                f"--model {self.model} is only shown pictures: online, a clip is played through a "
                "session, such as --model api with reasoning.openai.images"
            )
        return self.mode or ("online" if self.plays else "offline")


def examinee(choice: Choice, items: Sequence[Item]) -> Examinee:
    """Load what is to take the exam. ConfigError for an unknown name, BackendError for no model."""
    kind, _, rest = choice.model.partition(":")
    if kind == "random":
        from omnilive_lab.models.guess import Random

        return Random(choice.seed)
    if kind == "majority":
        from omnilive_lab.models.guess import Majority

        return Majority(items)
    if choice.plays:
        return _session(choice, rest if kind == PERCEPTS else kind)
    if kind == ENDPOINT:
        from omnilive_lab.models.endpoint import Endpoint
        from omnilive_lab.models.shown import Shown

        config = load_settings("api", choice.sets, choice.file).config
        return Shown(Endpoint(config.reasoning), choice.policy)
    if kind == LOCAL and rest:
        from omnilive_lab.models.local import LocalViewer
        from omnilive_lab.models.shown import Shown

        config = load_settings(None, choice.sets, choice.file).config
        viewer = LocalViewer(Path(rest), config.reasoning.max_answer_tok)
        return Shown(viewer, choice.policy)
    known = (*BASELINES, *recipes.RECIPES, f"{PERCEPTS}[:RECIPE]", ENDPOINT, f"{LOCAL}:FOLDER")
    raise ConfigError(f"no model {choice.model!r}; choose from {', '.join(known)}")


def _session(choice: Choice, recipe: str) -> Examinee:
    from omnilive_lab.models.session import SessionExaminee

    config = load_settings(recipe or None, choice.sets, choice.file).config
    return SessionExaminee(
        recipe or "laptop",
        config,
        online=choice.final_mode == "online",
        pace=choice.pace,
        from_notes=choice.kind == PERCEPTS,
    )
