"""Where things live on disk: models in a cache folder, memory in a data folder."""

import os
from pathlib import Path

from platformdirs import user_data_path


def home() -> Path:
    """Return the cache folder of model files: `OMNILIVE_HOME`, else `~/.cache/omnilive`."""
    return Path(os.environ.get("OMNILIVE_HOME") or Path.home() / ".cache" / "omnilive")


def sessions_folder() -> Path:
    """Return the folder of stored sessions.

    `OMNILIVE_DATA` when set; else `sessions` in `OMNILIVE_HOME` when that is set, so that one
    variable isolates everything; else the user's data folder (a cache may be wiped, memory not).
    """
    if data := os.environ.get("OMNILIVE_DATA"):
        return Path(data)
    if os.environ.get("OMNILIVE_HOME"):
        return home() / "sessions"
    return user_data_path("omnilive") / "sessions"
