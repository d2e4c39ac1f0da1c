"""Options that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from omnilive.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output.")]
Recipe = Annotated[
    str | None,
    typer.Option("--recipe", metavar="R", help="Named settings: laptop (default), api, captions."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Change one setting; `omnilive config show` lists all."
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings in YAML (default: omnilive.yaml)."),
]
SessionName = Annotated[str, typer.Argument(metavar="SESSION", help="Name of a stored session.")]


def settings(recipe: str | None, sets: list[str] | None, file: Path | None) -> "Settings":
    """Merge what these options say with the environment and the settings file."""
    from omnilive.settings import load_settings

    return load_settings(recipe, sets or (), file)


def group(name: str, help: str) -> Any:
    """Return an empty group of commands."""
    return typer.Typer(name=name, help=help, no_args_is_help=True, rich_markup_mode=None)
