"""Settings of the lab from what the command line says."""

from collections.abc import Sequence
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from omnilive.core.config import Config
from omnilive.core.errors import ConfigError

C = TypeVar("C", bound=Config)


def changed(config: C, sets: Sequence[str]) -> C:
    """Return the settings with some changed, each "NAME=VALUE", NAME dotted where it is inside.

    ConfigError names what is wrong.
    """
    values = config.model_dump()
    for text in sets:
        name, sign, value = text.partition("=")
        if not sign:
            raise ConfigError(f"--set {text!r}: write NAME=VALUE")
        _put(values, name, yaml.safe_load(value))
    try:
        return type(config).model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "of the whole"
        raise ConfigError(f"setting {where}: {first['msg']}") from error


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    *folders, last = name.split(".")
    for folder in folders:
        inside = values.setdefault(folder, {})
        if not isinstance(inside, dict):
            raise ConfigError(f"setting {name}: {folder} holds no settings of its own")
        values = inside
    values[last] = value
