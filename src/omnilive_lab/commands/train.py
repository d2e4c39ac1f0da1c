"""`omnilive train RECIPE`: trains a model of the lab. Light: a recipe imports what it needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from omnilive.commands.options import group
from omnilive.commands.output import remark
from omnilive.core.errors import BackendError
from omnilive_lab.commands.bar import Bar
from omnilive_lab.commands.live_data import data
from omnilive_lab.commands.live_train import live, live_tiny
from omnilive_lab.commands.live_world import world

train = group("train", "Train a model of the lab: one recipe each.")


def compressor(
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of everything.")] = 0,
    minutes: Annotated[
        float,
        typer.Option(
            "--minutes", metavar="M", min=0, help="Stop this call after so long; see --resume."
        ),
    ] = 30.0,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Default: compressor-seed-N, here."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out, if there is one.")
    ] = False,
    annotations: Annotated[
        list[Path] | None,
        typer.Option("--annotations", metavar="FILE", help="CSV or JSON of start, end, text."),
    ] = None,
    backbone: Annotated[
        Path | None,
        typer.Option("--backbone", metavar="DIR", help="A Hugging Face causal LM to start from."),
    ] = None,
    set: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of training, as steps=200."),
    ] = None,
) -> None:
    """Train the compressor of long memory on made-up streams, and on annotated videos.

    Writes DIR/model.safetensors with its config.json, each step to DIR/metrics.jsonl, and the
    state of the run, so that --resume goes on after any end to the same numbers. Needs the
    extra: pip install 'omnilive[torch]'.

    \b
    Example:
      omnilive train compressor --seed 1 --out compressor-1
    """
    from omnilive_lab.compressor.settings import train_config

    files = tuple(str(path) for path in annotations or ())
    config = train_config(seed, files, backbone, set or ())
    try:
        from omnilive_lab.compressor.recipe import make_compressor
    except ModuleNotFoundError as error:
        raise BackendError(f"training needs {error.name}: pip install 'omnilive[torch]'") from error
    folder = out or Path(f"compressor-seed-{seed}")
    with Bar() as bar:
        done = make_compressor(config, folder, bar, resume=resume, minutes=minutes)
    if done:
        remark(f"done: {folder}; use it with --set memory.recall=compressor "
               f"--set memory.compressor.checkpoint={folder}")  # fmt: skip
    else:
        remark(f"stopped after {minutes:g} minutes; `--resume --out {folder}` goes on")


# name -> the command that runs it; a recipe is added here
RECIPES: dict[str, Callable[..., None]] = {
    "compressor": compressor, "live": live, "live-tiny": live_tiny, "world": world,
}  # fmt: skip
for _name, _recipe in RECIPES.items():
    train.command(_name)(_recipe)
train.add_typer(data)


@train.callback()
def _recipes() -> None:
    """Keep `train` a group while it has one recipe."""
