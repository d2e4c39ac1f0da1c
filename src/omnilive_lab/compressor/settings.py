"""The settings of a run from what the command line says."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omnilive.core.errors import ConfigError
from omnilive_lab.compressor.config import TrainConfig
from omnilive_lab.settings import changed


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
    return changed(TrainConfig.model_validate(values), sets)
