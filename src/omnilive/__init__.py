"""OmniLive: a real-time assistant for video and audio.

The public API is what `__all__` names; everything is imported on first use, so that
`import omnilive` stays fast and loads no model library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omnilive import recipes
    from omnilive.core.errors import BackendError, ConfigError, OmniLiveError, SourceError
    from omnilive.core.events import Answer, Evidence
    from omnilive.session import Session

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "BackendError",
    "ConfigError",
    "Evidence",
    "OmniLiveError",
    "Session",
    "SourceError",
    "recipes",
]

_HOMES = {
    "Answer": "omnilive.core.events",
    "BackendError": "omnilive.core.errors",
    "ConfigError": "omnilive.core.errors",
    "Evidence": "omnilive.core.events",
    "OmniLiveError": "omnilive.core.errors",
    "Session": "omnilive.session",
    "SourceError": "omnilive.core.errors",
}


def __getattr__(name: str) -> Any:
    if name == "recipes":
        return import_module("omnilive.recipes")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'omnilive' has no attribute {name!r}")
