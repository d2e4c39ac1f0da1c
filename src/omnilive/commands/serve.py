"""`omnilive serve`: the server and its web page."""

from importlib import import_module
from typing import Annotated

import typer

from omnilive.commands.options import ConfigFile, Recipe, Sets, settings
from omnilive.core.errors import BackendError


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8080,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Make another token; the old one ends.")
    ] = False,
    recipe: Recipe = None,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Run the server and its web page.

    Only this machine can use it, unless --host says otherwise: then a token is made at the first
    start, shown once, and asked for ever after. OMNILIVE_TOKEN gives one of your own.

    \b
    Example:
      omnilive serve --port 8080
    """
    chosen = settings(recipe, set, config).config
    if chosen.live.checkpoint:
        from omnilive.live.load import check_folder

        check_folder(chosen.live.checkpoint)  # else the first source would be told
    try:
        server = import_module("omnilive.server.app")
    except ModuleNotFoundError as error:
        message = f"the server needs {error.name!r}, which is not installed: run `omnilive doctor`"
        raise BackendError(message) from error
    server.run(chosen, host, port, new_token=new_token)
