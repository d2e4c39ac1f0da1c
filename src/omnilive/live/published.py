"""The released LIVE checkpoints, `chenjoya/videollm-online-8b-v1plus` and others of its layout.

    FOLDER/adapter_config.json        a LoRA adapter as peft writes it (arXiv 2106.09685)
    FOLDER/adapter_model.safetensors  the adapter, and the connector, which was trained whole
    FOLDER/base/                      the language model that it adapts (Llama-3-8B-Instruct)
    FOLDER/encoder/                   the image encoder (SigLIP-large-patch16-384)

The adapter is merged into the weights, W + alpha / r * B A, tensor by tensor as these are read: a
second copy of the weights is never in memory.

Shapes: O outputs and I inputs of a layer, R rank, D width of an image feature, C of the decoder.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from omnilive.catalog.tensors import each_tensor, misfits, read_shapes, read_tensors
from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.config import Card
from omnilive.live.huggingface import (
    check_shapes,
    fill,
    our_name,
    read_json,
    read_shape,
    weight_files,
)
from omnilive.live.model import LiveModel
from omnilive.live.tokens import read_tokenizer, special_token
from omnilive.live.vision import FolderEncoder, open_encoder

CONFIG, WEIGHTS, BASE, ENCODER = (
    "adapter_config.json", "adapter_model.safetensors", "base", "encoder",
)  # fmt: skip
GRID, INTERVAL = 3, ","  # of v1plus: 1 + 3 x 3 tokens a frame, commas between
ROWS = 8192  # outputs that are merged at a time, in float32
_PREFIX = "base_model.model."
# What the connector's layers are called there, in a Sequential with GELU between.
_CONNECTOR = {"connector.0.": "first.", "connector.2.": "second."}
_MUST_BE = {"peft_type": "LORA", "bias": "none", "fan_in_fan_out": False, "use_dora": False,
            "rank_pattern": {}, "alpha_pattern": {}, "layers_to_transform": None}  # fmt: skip


def load_published(
    folder: Path,
    base: Path | None = None,
    encoder: Path | None = None,
    dtype: torch.dtype = torch.bfloat16,
) -> tuple[LiveModel, FolderEncoder]:
    """Return the model of a folder, in evaluation mode, and its encoder.

    `base` and `encoder` say where these are if not inside it. Raises ConfigError for a layout that
    is another one, BackendError naming the tensors that do not fit.
    """
    folder = folder.absolute()
    adapter = read_json(folder / CONFIG)
    if others := [key for key, value in _MUST_BE.items() if adapter.get(key, value) != value]:
        given = ", ".join(f"{key} {adapter[key]!r}" for key in others)
        raise ConfigError(f"{folder / CONFIG} cannot be read here: {given}")
    base = base or _base(folder, adapter)
    seeing = open_encoder("hub", encoder or folder / ENCODER, grid=GRID, dtype=dtype)
    files = weight_files(base)
    model = _bare(folder, base, seeing)
    check_shapes(model.decoder, {our_name(n): s for n, s in read_shapes(files).items()}, base)
    changes = _Changes(folder, adapter, model)
    fill(model.decoder, changes.merged(each_tensor(files), dtype), dtype)
    fill(model.connector, changes.connector.items(), dtype)
    return model.eval(), seeing


def _bare(folder: Path, base: Path, seeing: FolderEncoder) -> LiveModel:
    """Return the model without weights."""
    shape = read_shape(base)
    if shape.tied:
        raise ConfigError(f"{base} ties its embeddings, which the adapter would pull apart")
    at = folder if (folder / "tokenizer.json").is_file() else base
    tokenizer = read_tokenizer(at / "tokenizer.json")
    eos = special_token(at, "eos_token", tokenizer)
    if eos is None:
        raise ConfigError(f"{at} does not say which token ends a text: tokenizer_config.json does")
    card = Card(
        decoder=shape,
        frame=seeing.frame,
        bos=special_token(at, "bos_token", tokenizer) or "",
        eos=eos,
        interval=INTERVAL,
        made={"from": folder.name},
    )
    with torch.device("meta"):
        return LiveModel(card, tokenizer)


class _Changes:
    """What a checkpoint adds to the base model: pairs of matrices by layer, and the connector."""

    def __init__(self, folder: Path, adapter: dict[str, Any], model: LiveModel) -> None:
        rank, alpha = int(adapter["r"]), float(adapter["lora_alpha"])
        self.scale = alpha / (rank**0.5 if adapter.get("use_rslora") else rank)
        self._targets = _targets(adapter, model)
        found, _ = read_tensors(folder / WEIGHTS)
        # Some versions of peft leave their own marks in the names.
        tensors = {
            name.replace("modules_to_save.", "").replace(".default", ""): tensor
            for name, tensor in found.items()
        }
        wanted = self._shapes(model, rank)
        if problems := misfits({name: list(t.shape) for name, t in tensors.items()}, wanted):
            raise BackendError(
                f"{folder / WEIGHTS} does not fit {CONFIG} and the base: it {problems}"
            )
        self._tensors = tensors
        self.connector = {
            ours + name.removeprefix(_PREFIX + theirs): tensor
            for theirs, ours in _CONNECTOR.items()
            for name, tensor in tensors.items()
            if name.startswith(_PREFIX + theirs)
        }

    def merged(
        self, tensors: Iterable[tuple[str, Tensor]], dtype: torch.dtype
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield the tensors of the base by the decoder's names, the adapted ones changed."""
        for name, tensor in tensors:
            if (layer := name.removesuffix(".weight")) in self._targets:
                yield our_name(name), self._changed(layer, tensor, dtype)
            else:
                yield our_name(name), tensor

    def _changed(self, layer: str, weight_OI: Tensor, dtype: torch.dtype) -> Tensor:
        down_RI, up_OR = (
            self._tensors[f"{_PREFIX}{layer}.lora_{side}.weight"].float() for side in "AB"
        )
        changed_OI = torch.empty_like(weight_OI, dtype=dtype)
        for first in range(0, len(weight_OI), ROWS):
            rows = slice(first, first + ROWS)
            changed_OI[rows] = weight_OI[rows].float() + self.scale * (up_OR[rows] @ down_RI)
        return changed_OI

    def _shapes(self, model: LiveModel, rank: int) -> dict[str, list[int]]:
        """Return the shapes by name that the file must have."""
        shapes: dict[str, list[int]] = {}
        for layer, (outputs, inputs) in self._targets.items():
            shapes[f"{_PREFIX}{layer}.lora_A.weight"] = [rank, inputs]
            shapes[f"{_PREFIX}{layer}.lora_B.weight"] = [outputs, rank]
        ours = model.connector.state_dict()
        for name, mine in _CONNECTOR.items():
            for leaf in ("weight", "bias"):
                shapes[f"{_PREFIX}{name}{leaf}"] = list(ours[mine + leaf].shape)
        return shapes


def _targets(adapter: dict[str, Any], model: LiveModel) -> dict[str, tuple[int, int]]:
    """Return the sizes (O, I) of the layers that are adapted, by their names in the base."""
    chosen = adapter["target_modules"]
    layers = {
        name if name.startswith("lm_head") else f"model.{name}": module
        for name, module in model.decoder.named_modules()
        if isinstance(module, torch.nn.Linear)
    }

    def is_chosen(name: str) -> bool:
        """As peft: a text is a pattern for the whole name, a list holds ends of names."""
        if isinstance(chosen, str):
            return re.fullmatch(chosen, name) is not None
        return any(name == end or name.endswith(f".{end}") for end in chosen)

    return {n: (m.out_features, m.in_features) for n, m in layers.items() if is_chosen(n)}


def _base(folder: Path, adapter: dict[str, Any]) -> Path:
    named = str(adapter.get("base_model_name_or_path") or "a model that it does not name")
    for base in (folder / BASE, Path(named)):
        if base.is_absolute() and base.is_dir():
            return base
    raise ConfigError(
        f"{folder} adapts {named}: put the folder of that model, or a link to it, at "
        f"{folder / BASE}"
    )
