"""Language models of the Llama and Qwen families from a Hugging Face folder.

Reads config.json and safetensors, one file or shards; nothing is fetched, no code runs, pickles
are not read, transformers is not needed.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from omnilive.catalog.tensors import each_tensor, misfits, read_shapes, refuse_pickles
from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.config import DecoderShape, RopeScaling
from omnilive.live.decoder import Decoder

FAMILIES = ("llama", "qwen2", "qwen3")
INDEX = "model.safetensors.index.json"


def load_decoder(folder: Path, dtype: torch.dtype = torch.float32) -> Decoder:
    """Return the language model of a folder, in evaluation mode.

    Raises ConfigError for a folder that is none of ours, BackendError naming the tensors that do
    not fit. Each tensor is converted as it is read: no second copy of the weights is made.
    """
    decoder = bare_decoder(read_shape(folder))
    files = weight_files(folder)
    check_shapes(decoder, {our_name(n): s for n, s in read_shapes(files).items()}, folder)
    found = ((our_name(name), tensor) for name, tensor in each_tensor(files))
    fill(decoder, found, dtype)
    return decoder.eval()


def bare_decoder(shape: DecoderShape) -> Decoder:
    """Return a decoder whose weights take no memory yet; see `fill`."""
    with torch.device("meta"):
        return Decoder(shape)


def our_name(name: str) -> str:
    """Return the name of a tensor in `Decoder`, or "" for one that is computed instead."""
    return "" if name.endswith("rotary_emb.inv_freq") else name.removeprefix("model.")


def check_shapes(decoder: Decoder, found: dict[str, list[int]], source: Path) -> None:
    """Raise BackendError unless all tensors of a decoder are there, in shape, and no others."""
    wanted = {name: list(weight.shape) for name, weight in decoder.state_dict().items()}
    skipped = {"", "lm_head.weight"} if decoder.shape.tied else {""}
    found = {name: shape for name, shape in found.items() if name not in skipped}
    if problems := misfits(found, wanted):
        raise BackendError(f"the weights in {source} do not fit its config.json: it {problems}")


def fill(net: nn.Module, tensors: Iterable[tuple[str, Tensor]], dtype: torch.dtype) -> None:
    """Put tensors into the parameters of their name, converted one by one; others are left out.

    They are copied: what is read is the file itself, mapped, and a process that looks at it dies
    when somebody cuts the file short.
    """
    wanted = {name for name, _ in net.named_parameters()}
    for name, tensor in tensors:
        if name in wanted:
            inside, _, leaf = name.rpartition(".")
            setattr(net.get_submodule(inside), leaf, nn.Parameter(tensor.to(dtype, copy=True)))


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a folder: those of its index, or all."""
    index = folder / INDEX
    if index.is_file():
        named = read_json(index).get("weight_map", {})
        return [folder / name for name in sorted(set(named.values()))]
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        refuse_pickles(folder)
        raise ConfigError(f"{folder} has no *.safetensors; other weights are not read")
    return files


def read_shape(folder: Path) -> DecoderShape:
    """Return the sizes that the config.json of a language model gives."""
    path = folder / "config.json"
    if not path.is_file():
        raise ConfigError(f"{folder} is no folder of a language model: it has no config.json")
    found = read_json(path)
    if problem := _unknown(found):
        raise ConfigError(f"{path} is of no model that can be read here: {problem}")
    try:
        return _shape(found)
    except (KeyError, TypeError, ValidationError) as error:
        raise ConfigError(f"{path} is not complete: {error!r}") from error


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file; raises ConfigError for anything else."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path} holds no object")
    return found


def _shape(found: dict[str, Any]) -> DecoderShape:
    family, heads = found["model_type"], found["num_attention_heads"]
    rope = _rope(found)
    biased = bool(found.get("attention_bias", False))
    return DecoderShape(
        vocab=found["vocab_size"],
        width=found["hidden_size"],
        layers=found["num_hidden_layers"],
        heads=heads,
        kv_heads=found.get("num_key_value_heads") or heads,
        head_size=found.get("head_dim") or found["hidden_size"] // heads,
        inner=found["intermediate_size"],
        rope_base=rope.get("rope_theta") or found.get("rope_theta") or 10_000.0,
        rope_scaling=_scaling(rope),
        norm_eps=found.get("rms_norm_eps", 1e-6),
        qkv_bias=biased or family == "qwen2",
        out_bias=biased,
        qk_norm=family == "qwen3",
        tied=found.get("tie_word_embeddings", False),
    )


def _unknown(found: dict[str, Any]) -> str:
    """Return what of a config we have no code for, or ""."""
    family, rope = found.get("model_type"), _rope(found)
    kind = rope.get("rope_type", rope.get("type", "default"))
    if family not in FAMILIES:
        return f"model_type is {family!r}, not one of {', '.join(FAMILIES)}"
    if kind not in ("default", "llama3"):
        return f"its rotary positions are scaled by {kind!r}"
    if found.get("hidden_act", "silu") != "silu":
        return f"hidden_act is {found['hidden_act']!r}, not 'silu'"
    if found.get("mlp_bias") or found.get("use_sliding_window"):
        return "mlp_bias and use_sliding_window are not supported"
    if rope.get("partial_rotary_factor", 1.0) != 1.0:
        return "partial_rotary_factor is not 1"
    return ""


def _rope(found: dict[str, Any]) -> dict[str, Any]:
    return found.get("rope_parameters") or found.get("rope_scaling") or {}


def _scaling(rope: dict[str, Any]) -> RopeScaling | None:
    if rope.get("rope_type", rope.get("type")) != "llama3":
        return None
    return RopeScaling(
        factor=rope["factor"],
        low=rope["low_freq_factor"],
        high=rope["high_freq_factor"],
        original=rope["original_max_position_embeddings"],
    )
