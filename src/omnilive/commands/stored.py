"""The stored sessions, as commands ask for them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from omnilive.core.errors import ConfigError

if TYPE_CHECKING:
    from omnilive.config import SessionConfig
    from omnilive.memory.library import Library
    from omnilive.memory.store import Store


AGING_S = 0.3


def stored(config: "SessionConfig | None" = None, sets: Sequence[str] | None = None) -> "Library":
    """Return the library that the settings name, files in the user's data folder.

    Without a config, the settings are those of the environment, omnilive.yaml and `sets`.
    """
    from omnilive.memory.library import Library

    if config is None:
        from omnilive.settings import load_settings

        config = load_settings(sets=sets or ()).config
    return Library.default(config.memory.store)


def open_store(name: str, config: "SessionConfig | None" = None) -> "Store":
    """Open a stored session to read; one that is being written can be read all the same.

    What has become too old meanwhile is forgotten first, as far as it goes in AGING_S.
    """
    if config is None:
        from omnilive.settings import load_settings

        config = load_settings().config
    store = stored(config).open(name)
    if config.memory.retention.has_rules:
        from omnilive.core.clock import wall_time
        from omnilive.memory.control.retention import Retention

        try:
            Retention(store, config.memory.retention).run(wall_time(), AGING_S)
        except BaseException:
            store.close()
            raise
    return store


def refuse_busy(name: str, library: "Library | None" = None) -> None:
    """Raise ConfigError when another process is watching into this session."""
    if (library or stored()).is_being_written(name):
        raise ConfigError(
            f"session {name!r} is being watched by another process: stop it, or use another "
            "session name"
        )
