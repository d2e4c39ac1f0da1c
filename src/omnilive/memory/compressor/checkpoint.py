"""A trained compressor on disk: config.json, model.safetensors, and backbone/ for a hub model.

Pickles are never read: whoever offers one is told so.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from omnilive.catalog.tensors import misfits, read_tensors, refuse_pickles, write_tensors
from omnilive.core.config import Config
from omnilive.core.errors import BackendError
from omnilive.memory.compressor.backbone import SmallBackbone, hub_backbone
from omnilive.memory.compressor.config import ShapeConfig
from omnilive.memory.compressor.model import Compressor

FORMAT = 1
CONFIG, WEIGHTS, BACKBONE = "config.json", "model.safetensors", "backbone"


class Card(Config):
    """What is written beside the weights."""

    format: int = FORMAT
    shape: ShapeConfig
    encoder: str
    """Name of the model that made the features and reads the questions."""

    made: dict[str, Any] = {}
    """How it was trained: seed, steps, data."""


def save_checkpoint(folder: Path, net: Compressor, card: Card) -> None:
    """Write a checkpoint; an older one in the folder is replaced file by file."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / WEIGHTS, net.state_dict(), {})
    if card.shape.backbone == "hub":
        inside = folder / BACKBONE
        inside.mkdir(exist_ok=True)
        net.backbone.model.config.to_json_file(inside / "config.json")
        net.backbone.tokenizer.save(str(inside / "tokenizer.json"))
    part = folder / f"{CONFIG}.part"
    part.write_text(card.model_dump_json(indent=2) + "\n")
    os.replace(part, folder / CONFIG)


def load_checkpoint(folder: Path) -> tuple[Compressor, Card]:
    """Return the compressor of a folder, in evaluation mode.

    Raises BackendError for whatever does not fit, naming the file or the tensors.
    """
    card = read_card(folder)
    if card.shape.backbone == "hub":
        backbone = hub_backbone(folder / BACKBONE, weights=False)
    else:
        backbone = SmallBackbone(card.shape)
    net = Compressor(card.shape, backbone)
    fill(net, read_tensors(folder / WEIGHTS)[0], folder / WEIGHTS)
    return net.eval(), card


def read_card(folder: Path) -> Card:
    """Return what is written beside the weights."""
    path = folder / CONFIG
    if not path.is_file():
        refuse_pickles(folder)
        raise BackendError(f"{folder} is no compressor: it has no {CONFIG}")
    try:
        found = json.loads(path.read_text())
        if isinstance(found, dict) and found.get("format", FORMAT) != FORMAT:
            raise BackendError(
                f"{path} has format {found['format']}, this omnilive reads {FORMAT}: upgrade "
                "omnilive"
            )
        return Card.model_validate(found)
    except (ValueError, ValidationError) as error:
        raise BackendError(f"{path} cannot be read: {error}") from error


def fill(net: torch.nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Put tensors into a model; raises BackendError unless names and shapes are all the same."""
    wanted = net.state_dict()
    shapes = ({name: t.shape for name, t in part.items()} for part in (tensors, wanted))
    if problems := misfits(*shapes):
        raise BackendError(f"{path} does not fit its {CONFIG}: it {problems}")
    net.load_state_dict(dict(tensors))
