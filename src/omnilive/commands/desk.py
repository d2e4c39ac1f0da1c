"""How commands reach the watches of a stored session, also while another process runs it."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from omnilive.commands.options import settings
from omnilive.commands.stored import open_store, stored
from omnilive.core.errors import ConfigError

if TYPE_CHECKING:
    from omnilive.config import SessionConfig
    from omnilive.dialogue.watches.desk import Watches
    from omnilive.dialogue.watches.outcome import Understood
    from omnilive.session import Session

T = TypeVar("T")


def with_desk(
    session: str,
    do: Callable[["Watches"], Awaitable[T]],
    recipe: str | None = None,
    sets: list[str] | None = None,
    file: Path | None = None,
) -> T:
    """Run something on the watches of a stored session."""
    chosen = settings(recipe, sets, file).config
    open_store(session, chosen).close()  # an unknown one must not be made

    async def opened() -> T:
        async with open_session(session, chosen) as one:
            return await do(one.watches)

    return in_loop(opened())


def open_session(name: str, config: "SessionConfig") -> "Session":
    """Return a stored session, to be used with `async with`."""
    from omnilive.session import Session

    return Session.open(name, config, library=stored(config))


def steps_of(mode: str, file: Path | None) -> list[Any]:
    """Return the steps to narrate, from a file; ConfigError where mode and file do not agree."""
    from omnilive.dialogue.watches.listing import read_steps

    if (mode == "steps") != (file is not None):
        raise ConfigError("steps are narrated from a file, and nothing else is: name both")
    return read_steps(file) if file is not None else []


def in_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end."""
    import asyncio  # only here: it takes a while to load, and help must come at once

    return asyncio.run(work)


async def understood(
    desk: "Watches", said: str | Mapping[str, Any], change: Mapping[str, Any]
) -> "Understood":
    """Return the rule that was meant, with some fields changed; ConfigError with the question."""
    from dataclasses import replace

    from omnilive.dialogue.watches.listing import changed
    from omnilive.dialogue.watches.outcome import Reply

    read = await desk.understand(said)
    notes = ()
    if not isinstance(read, Reply) and change:
        notes = read.notes
        read = await desk.understand(changed(read.rule, change))
    if isinstance(read, Reply):
        raise ConfigError(str(read))
    return replace(read, notes=notes or read.notes)
