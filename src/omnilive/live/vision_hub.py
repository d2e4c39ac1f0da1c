"""Image encoders of transformers: SigLIP, CLIP, ViT, DINOv2 and the like, from a folder."""

from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from omnilive.catalog.tensors import refuse_pickles
from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.huggingface import read_json
from omnilive.live.vision import Net, Seen, square_grid

# Of these the part that sees is loaded alone, without the part that reads.
_TOWERS = {"siglip": "SiglipVisionModel", "clip": "CLIPVisionModel"}


def hub_net(folder: Path, dtype: torch.dtype) -> Net:
    """Open a folder with config.json and safetensors; errors as in `open_encoder`."""
    if not (folder / "config.json").is_file():
        raise ConfigError(f"{folder} is no folder of a vision model: it has no config.json")
    if not list(folder.glob("*.safetensors")):
        refuse_pickles(folder)
        raise ConfigError(f"{folder} has no *.safetensors; other weights are not read")
    model = _loaded(folder, dtype)
    config = model.config
    patches = (config.image_size // config.patch_size) ** 2
    see = partial(_see, folder=folder, patches=patches)
    return Net(folder, model, see, config.image_size, *_colours(folder))


def _loaded(folder: Path, dtype: torch.dtype) -> Any:
    try:
        import transformers
    except ModuleNotFoundError as error:
        raise BackendError(
            "an image encoder from a folder needs transformers: pip install 'omnilive[torch]'"
        ) from error
    kind = str(read_json(folder / "config.json").get("model_type"))
    reader: Any = getattr(
        transformers, _TOWERS.get(kind.removesuffix("_vision_model"), "AutoModel")
    )
    try:
        model, info = reader.from_pretrained(
            folder, dtype=dtype, use_safetensors=True, local_files_only=True,
            trust_remote_code=False, output_loading_info=True,
        )  # fmt: skip
    except Exception as error:  # transformers raises bare exceptions of its own
        raise BackendError(f"cannot load the vision model in {folder}: {error}") from error
    if info["missing_keys"]:
        raise BackendError(
            f"the weights in {folder} lack {', '.join(sorted(info['missing_keys']))}"
        )
    model = getattr(model, "vision_model", model)
    if not hasattr(model.config, "image_size"):
        raise ConfigError(f"{folder} is no folder of a vision model: it says no image_size")
    return model


def _see(model: Any, pixels_T3SS: Tensor, *, folder: Path, patches: int) -> Seen:
    found = model(pixel_values=pixels_T3SS)
    # What stands before the patches sums the picture up (CLIP, ViT); SigLIP has no such token.
    prefix = found.last_hidden_state.shape[1] - patches
    pooled = getattr(found, "pooler_output", None)
    if pooled is None and prefix:
        pooled = found.last_hidden_state[:, 0]
    return Seen(pooled, square_grid(found.last_hidden_state[:, prefix:], folder))


def _colours(folder: Path) -> tuple[Tensor, Tensor]:
    path = folder / "preprocessor_config.json"
    found = read_json(path) if path.is_file() else {}
    mean, std = (found.get(name, [0.5] * 3) for name in ("image_mean", "image_std"))
    return torch.tensor(mean), torch.tensor(std)
