"""The settings of a run from what the command line says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from omnilive.core.errors import ConfigError
from omnilive_lab.compressor.config import TrainConfig


def train_config(
    seed: int, annotations: tuple[str, ...], backbone: Path | None, sets: Sequence[str]
) -> TrainConfig:
    """Return the settings of a run; `sets` are NAME=VALUE, also shape.NAME=VALUE."""
    values: dict[str, Any] = {"seed": seed, "annotations": annotations, "shape": {}}
    if backbone is not None:
        values["backbone"] = str(backbone)
        values["shape"] = {"backbone": "hub"}
    for text in sets:
        name, sign, value = text.partition("=")
        if not sign:
            raise ConfigError(f"--set {text!r}: write NAME=VALUE")
        target = values
        if name.startswith("shape."):
            target, name = values["shape"], name.removeprefix("shape.")
        target[name] = yaml.safe_load(value)
    try:
        return TrainConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"training setting {where}: {first['msg']}") from error
