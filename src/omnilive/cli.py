"""The command line: puts the commands together and turns errors into messages and exit codes.

Nothing heavy is imported here, so that help comes at once.
"""

import os
import signal
import traceback
from importlib import import_module
from typing import Annotated, Any

import typer

from omnilive import __version__
from omnilive.commands.forget import forget
from omnilive.commands.memory import memory
from omnilive.commands.output import INTERRUPTED, ReaderLeft, remark, say
from omnilive.commands.recall import ask, search, timeline
from omnilive.commands.serve import serve
from omnilive.commands.sessions import sessions
from omnilive.commands.setup import config, doctor, models
from omnilive.commands.watch import watch
from omnilive.commands.watches import watches
from omnilive.core.errors import BackendError, ConfigError, OmniLiveError, SourceError

# typer carries its own copy of click from 0.26 on: this finds the base of all usage errors in both.
_UsageError: Any = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="omnilive",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (watch, ask, search, timeline, forget, doctor, serve):
    app.command()(command)
for group in (sessions, memory, watches, models, config):
    app.add_typer(group)


def _add_lab() -> None:
    """Add the commands of the lab where it is installed; by name, for it stands above us."""
    for name in ("eval", "bench", "train"):
        path = f"omnilive_lab.commands.{name}"
        try:
            command = getattr(import_module(path), name)
        except ModuleNotFoundError as error:
            if not path.startswith(error.name or "?"):
                raise
            continue
        app.add_typer(command) if isinstance(command, typer.Typer) else app.command()(command)


_add_lab()


def _version(wanted: bool) -> None:
    if wanted:
        say(f"omnilive {__version__}")
        raise typer.Exit


@app.callback()
def omnilive(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Watch video and audio, remember, and answer with time-stamped evidence.

    Exit status: 0 done; 2 wrong usage or setting, unknown session, or session in use; 3 the
    source could not be opened or broke; 4 a model is missing or failed; 1 the memory on disk
    is damaged or cannot be written, or anything unforeseen; 130 interrupted.
    OMNILIVE_DEBUG=1 shows where an error came from.

    \b
    Example:
      omnilive watch kitchen.mp4 --ask "When did the cat come in?"
    """


def main() -> int:
    """Run the command of this process; return its exit status."""
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    try:
        status = app(standalone_mode=False)
        return status if isinstance(status, int) else 0
    except (KeyboardInterrupt, ReaderLeft, typer.Abort):
        return INTERRUPTED
    except _UsageError as error:
        return _refused(error)
    except Exception as error:
        return _failed(error)


def _as_ctrl_c(*_: object) -> None:
    raise KeyboardInterrupt


def _refused(error: Any) -> int:
    """Say what was wrong with the command line; a bare `omnilive` gets the help instead."""
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        remark(message)
        return 2
    if context := getattr(error, "ctx", None):
        message = f"{message} (`{context.command_path} --help` shows the usage)"
    remark(f"omnilive: error: {message}")
    return 2


def _failed(error: Exception) -> int:
    if os.environ.get("OMNILIVE_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, OmniLiveError):
        remark(f"omnilive: error: {error}")
    else:
        kind = type(error).__name__
        remark(f"omnilive: error: {kind}: {error} (OMNILIVE_DEBUG=1 shows where)")
    return _status(error)


def _status(error: Exception) -> int:
    codes = {ConfigError: 2, SourceError: 3, BackendError: 4}
    return next((code for kind, code in codes.items() if isinstance(error, kind)), 1)
