"""The settings of a run from what the command line says."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from omnilive.core.errors import ConfigError
from omnilive_lab.compressor.config import TrainConfig


def _width(folder: Path) -> int:
    """Return the hidden size of a language model in a Hugging Face folder."""
    path = folder / "config.json"
    try:
        return int(json.loads(path.read_text())["hidden_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{folder} is no folder of a language model: {path.name} cannot be read or has no "
            "hidden_size"
        ) from error


def train_config(
    seed: int, annotations: tuple[str, ...], backbone: Path | None, sets: Sequence[str]
) -> TrainConfig:
    """Return the settings of a run; `sets` are NAME=VALUE, also shape.NAME=VALUE."""
    values: dict[str, Any] = {"seed": seed, "annotations": annotations, "shape": {}}
    if backbone is not None:
        values["backbone"] = str(backbone)
        values["shape"] = {"backbone": "hub", "width": _width(backbone)}
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
