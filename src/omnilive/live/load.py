"""Opens the checkpoint that the settings name; torch is imported here and only then."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from omnilive.core.errors import BackendError
from omnilive.live.host import Encode, LiveHost
from omnilive.live.settings import LiveConfig

if TYPE_CHECKING:
    from omnilive.live.model import LiveModel

EXTRA = "pip install 'omnilive[torch]'"
_NEEDED = ("torch", "safetensors")


def load_host(config: LiveConfig) -> LiveHost | None:
    """Load the live model, None where no checkpoint is set; blocks for seconds.

    Raises BackendError for a folder that is missing or damaged, or without the extra "torch".
    """
    if not config.checkpoint:
        return None
    folder = check_folder(config.checkpoint)
    from omnilive.live.checkpoint import load_live
    from omnilive.live.quantize import quantize
    from omnilive.live.vision import FolderEncoder

    live = load_live(folder)
    live.model.decoder.fuse()
    device = _device(config)
    if device != "cpu":
        live.model.to(device)
        if isinstance(live.encoder, FolderEncoder):
            live.encoder.net.model.to(device)
    return host_around(quantize(live.model, config.quantize), live.encoder, config, folder.name)


def host_around(model: "LiveModel", encode: Encode, config: LiveConfig, name: str) -> LiveHost:
    """Return a host of a model and its image encoder."""
    from omnilive.live.engine import Engine, EngineConfig

    card = model.card
    policy = {
        "kind": config.policy, "pause_s": config.pause_s, "repeat_s": config.repeat_s,
        "theta": card.threshold if config.threshold is None else config.threshold,
    }  # fmt: skip
    settings = {
        "streams": config.streams, "policy": policy, "max_reply_tok": config.max_reply_tok,
        "max_frames": config.queue + 1, "sinks_tok": config.sinks_tok,
        "window_tok": config.window_tok,
    }  # fmt: skip
    return LiveHost(
        Engine(model, EngineConfig.model_validate(settings)), encode, name=name, fps=card.fps,
        frame_tok=card.frame.tokens + bool(card.interval), instruction=card.instruction,
    )  # fmt: skip


def _device(config: LiveConfig) -> str:
    import torch

    has_gpu = torch.cuda.is_available()
    if config.device == "cuda" and not has_gpu:
        raise BackendError("live.device is cuda, but torch finds no GPU: set it to cpu")
    for_cpu = config.device == "cpu" or config.quantize in ("int8", "f16")
    return "cuda" if has_gpu and not for_cpu else "cpu"


def check_folder(checkpoint: str) -> Path:
    """Return the folder of a checkpoint as far as that can be said without torch.

    Raises BackendError that names what is missing.
    """
    folder = Path(checkpoint).expanduser().absolute()
    if not folder.is_dir():
        raise BackendError(
            f"live.checkpoint: there is no folder {folder}; `omnilive train live-tiny` writes one"
        )
    if not any((folder / name).is_file() for name in ("config.json", "adapter_config.json")):
        raise BackendError(
            f"live.checkpoint: {folder} is no live model: it has no config.json; "
            "`omnilive train live-tiny` writes one"
        )
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise BackendError(f"live.checkpoint needs {' and '.join(missing)}: `{EXTRA}`")
    return folder
