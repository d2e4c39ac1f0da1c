"""A LIVE model on disk: config.json, model.safetensors, tokenizer.json and encoder/.

A folder is whole: it needs nothing outside it. Pickles are never read.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError

from omnilive.catalog.tensors import (
    each_tensor,
    misfits,
    read_shapes,
    read_tensors,
    refuse_pickles,
    write_tensors,
)
from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.config import Card, FrameShape
from omnilive.live.huggingface import fill, read_json
from omnilive.live.model import LiveModel
from omnilive.live.published import CONFIG as PUBLISHED
from omnilive.live.published import load_published
from omnilive.live.tiny import TinyEncoder, TinyNet, TinyShape
from omnilive.live.tokens import read_tokenizer
from omnilive.live.vision import FolderEncoder, FrameEncoder, open_encoder

CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
ENCODER = "encoder"
FORMAT = Card.model_fields["format"].default


@dataclass(frozen=True, slots=True, eq=False)
class Live:
    """A LIVE model and the encoder whose features it reads."""

    model: LiveModel
    encoder: FrameEncoder


def save_live(folder: Path, model: LiveModel, encoder: TinyEncoder | FolderEncoder) -> None:
    """Write a checkpoint; an older one in the folder is replaced file by file."""
    folder.mkdir(parents=True, exist_ok=True)
    if model.decoder.is_fused:
        raise ValueError("a fused decoder is for inference: save the model as it was before")
    _save_encoder(folder / ENCODER, encoder)
    write_tensors(folder / WEIGHTS, model.state_dict(), {})
    model.template.tokenizer.save(str(folder / TOKENIZER))
    _write(folder / CONFIG, model.card.model_dump_json(indent=2))


def load_live(folder: Path, dtype: torch.dtype | None = None) -> Live:
    """Return the model of a folder, in evaluation mode, and its encoder.

    Weights become float32, those of a published checkpoint bfloat16, unless `dtype` says other.
    Raises BackendError for whatever does not fit, naming the file or the tensors.
    """
    if not (folder / CONFIG).is_file() and (folder / PUBLISHED).is_file():
        return Live(*load_published(folder, dtype=dtype or torch.bfloat16))
    dtype = dtype or torch.float32
    card = read_card(folder)
    tokenizer = read_tokenizer(folder / TOKENIZER)
    with torch.device("meta"):
        model = LiveModel(card, tokenizer)
    weights = folder / WEIGHTS
    wanted = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    if problems := misfits(read_shapes([weights]), wanted):
        raise BackendError(f"{weights} does not fit its {CONFIG}: it {problems}")
    fill(model, each_tensor([weights]), dtype)
    return Live(model.eval(), _load_encoder(folder / ENCODER, card.frame, dtype))


def read_card(folder: Path) -> Card:
    """Return what is written beside the weights of a checkpoint."""
    path = folder / CONFIG
    if not path.is_file():
        refuse_pickles(folder)
        raise BackendError(f"{folder} is no live model: it has no {CONFIG}")
    try:
        found = read_json(path)
        if found.get("format") != FORMAT:
            raise BackendError(
                f"{path} has format {found.get('format')}, this omnilive reads {FORMAT}: "
                "it is no live model, or one of a newer omnilive"
            )
        return Card.model_validate(found)
    except (ConfigError, ValidationError) as error:
        raise BackendError(f"{path} cannot be read: {error}") from error


def _save_encoder(folder: Path, encoder: TinyEncoder | FolderEncoder) -> None:
    if isinstance(encoder, FolderEncoder):
        return encoder.save(folder)
    folder.mkdir(exist_ok=True)
    write_tensors(folder / WEIGHTS, encoder.net.state_dict(), {})
    _write(folder / CONFIG, encoder.net.shape.model_dump_json(indent=2))


def _load_encoder(folder: Path, frame: FrameShape, dtype: torch.dtype) -> FrameEncoder:
    if frame.encoder == "tiny":
        encoder: TinyEncoder | FolderEncoder = _tiny_encoder(folder)
    else:
        encoder = open_encoder(
            frame.encoder, folder, pooled=frame.pooled, grid=frame.grid, dtype=dtype
        )
    if (encoder.tokens, encoder.width) != (frame.tokens, frame.width):
        raise BackendError(
            f"the encoder in {folder} gives {encoder.tokens} features of width {encoder.width}, "
            f"the model wants {frame.tokens} of {frame.width}"
        )
    return encoder


def _tiny_encoder(folder: Path) -> TinyEncoder:
    try:
        shape = TinyShape.model_validate(read_json(folder / CONFIG))
    except (ConfigError, ValidationError) as error:
        raise BackendError(f"{folder / CONFIG} cannot be read: {error}") from error
    net = TinyNet(shape)
    tensors, _ = read_tensors(folder / WEIGHTS)
    shapes = ({name: t.shape for name, t in part.items()} for part in (tensors, net.state_dict()))
    if problems := misfits(*shapes):
        raise BackendError(f"{folder / WEIGHTS} does not fit its {CONFIG}: it {problems}")
    net.load_state_dict(tensors)
    return TinyEncoder(net)


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text + "\n")
    os.replace(part, path)
