"""Named configurations: functions that return a SessionConfig."""

from collections.abc import Callable

from omnilive.config import SessionConfig
from omnilive.core.errors import ConfigError
from omnilive.perception.config import PerceptionConfig
from omnilive.reasoning.config import ReasoningConfig


def laptop() -> SessionConfig:
    """Everything local on two CPU cores: small models, no network, no account."""
    return SessionConfig()


def api() -> SessionConfig:
    """Local perception and memory; answers by an OpenAI-compatible endpoint.

    Set its address and model with `reasoning.openai.base_url` and `reasoning.openai.model`.
    """
    return SessionConfig(reasoning=ReasoningConfig(backend="openai"))


def captions() -> SessionConfig:
    """Speech only: captions and answers about what was said, at a fraction of the cost."""
    return SessionConfig(perception=PerceptionConfig(objects="off", tags="off", text="off"))


RECIPES: dict[str, Callable[[], SessionConfig]] = {
    "laptop": laptop,
    "api": api,
    "captions": captions,
}


def by_name(name: str) -> SessionConfig:
    """Return the recipe of this name; ConfigError lists the known ones."""
    if name not in RECIPES:
        raise ConfigError(f"no recipe {name!r}; choose from {', '.join(RECIPES)}")
    return RECIPES[name]()
