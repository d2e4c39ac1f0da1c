"""The stored sessions, as commands ask for them."""

from typing import TYPE_CHECKING

from omnilive.core.errors import ConfigError

if TYPE_CHECKING:
    from omnilive.memory.library import Library
    from omnilive.memory.store import Store


def stored() -> "Library":
    """Return the library in the user's data folder."""
    from omnilive.memory.library import Library

    return Library.default()


def open_store(name: str) -> "Store":
    """Open a stored session to read; one that is being written can be read all the same."""
    return stored().open(name)


def refuse_busy(name: str) -> None:
    """Raise ConfigError when another process is watching into this session."""
    from omnilive.memory.library import is_being_written

    if is_being_written(stored().folder(name)):
        raise ConfigError(
            f"session {name!r} is being watched by another process: stop it, or use another "
            "session name"
        )
