"""What of this machine the clients of a server may watch."""

from pathlib import Path
from typing import TYPE_CHECKING

from omnilive.media.open import kind_of
from omnilive.server.config import ServerConfig
from omnilive.server.errors import Refusal

if TYPE_CHECKING:
    from omnilive.config import SessionConfig


def restricted(config: "SessionConfig", server: ServerConfig) -> "SessionConfig":
    """Return the settings with which the server opens streams for its clients."""
    if server.may_reach_private:
        return config
    limits = {"public_only": True, "networks": server.source_networks}
    return config.model_copy(update={"media": config.media.model_copy(update=limits)})


def check_source(server: ServerConfig, url: str) -> None:
    """Refuse a device or a file that clients may not watch; streams are checked when opened."""
    kind = kind_of(url)
    if kind == "device" and not server.may_use_devices:
        raise Refusal(
            403, "device", "clients may not use this machine's devices: server.allow_devices=true"
        )
    if kind == "file" and not may_watch_file(server, url):
        raise Refusal(
            403,
            "folder",
            "clients may watch files in the folders of server.source_folders only: upload it, or "
            "have its folder added there",
        )


def may_watch_file(server: ServerConfig, path: str) -> bool:
    """Tell whether clients may watch a file; it need not exist."""
    if not server.is_locked:
        return True
    try:
        real = Path(path).resolve()
    except (OSError, RuntimeError, ValueError):
        return False
    folders = (Path(folder).expanduser().resolve() for folder in server.source_folders)
    return any(real.is_relative_to(folder) for folder in folders)
