"""Image encoders of timm, from a folder as `timm.models.save_for_hf` writes it.

timm is in none of our extras: it needs torchvision, whose build has to be that of the installed
torch, and one for CUDA beside a torch for the CPU cannot even be imported.
"""

from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from omnilive.catalog.tensors import misfits, read_tensors
from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.huggingface import read_json
from omnilive.live.vision import Net, Seen, square_grid


def timm_net(folder: Path, dtype: torch.dtype) -> Net:
    """Open a folder with config.json and model.safetensors; errors as in `open_encoder`."""
    if not (folder / "config.json").is_file():
        raise ConfigError(f"{folder} is no folder of timm: it has no config.json")
    config = read_json(folder / "config.json")
    trained = config.get("pretrained_cfg", {})
    size = trained.get("input_size", [3, 224, 224])
    if "architecture" not in config or len(size) != 3 or size[1] != size[2]:
        raise ConfigError(f"{folder}: config.json names no architecture of timm for squares")
    model = _made(folder, config)
    tensors, _ = read_tensors(folder / "model.safetensors")
    wanted = {name: tensor.shape for name, tensor in model.state_dict().items()}
    if problems := misfits({name: t.shape for name, t in tensors.items()}, wanted):
        raise BackendError(f"the weights in {folder} do not fit its config.json: it {problems}")
    model.load_state_dict(tensors)
    mean, std = (torch.tensor(trained.get(name, [0.5] * 3)) for name in ("mean", "std"))
    return Net(folder, model.to(dtype), partial(_see, folder=folder), size[1], mean, std)


def _made(folder: Path, config: dict[str, Any]) -> Any:
    try:
        import timm  # type: ignore[import-not-found]
    except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision of another torch
        raise BackendError(
            "an encoder of timm needs timm and the torchvision that fits torch: pip install timm "
            f"({error})"
        ) from error
    more = {"num_classes": config.get("num_classes", 0), **config.get("model_args", {})}
    try:
        return timm.create_model(config["architecture"], **more, pretrained=False)
    except Exception as error:  # timm raises bare exceptions of its own
        raise BackendError(f"timm cannot make the model of {folder}: {error}") from error


def _see(model: Any, pixels_T3SS: Tensor, *, folder: Path) -> Seen:
    found = model.forward_features(pixels_T3SS)
    pooled_TD = model.forward_head(found, pre_logits=True)
    if found.ndim == 3:
        patches_TLD = found[:, getattr(model, "num_prefix_tokens", 0) :]
        return Seen(pooled_TD, square_grid(patches_TLD, folder))
    # Some nets put the features last, and say so.
    is_last = (
        getattr(model, "output_fmt", "NCHW") == "NHWC" or found.shape[-1] == model.num_features
    )
    return Seen(pooled_TD, found.permute(0, 3, 1, 2) if is_last else found)
