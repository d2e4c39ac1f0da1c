"""`omnilive train RECIPE`: trains a model of the lab. Light: a recipe imports what it needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from omnilive.commands.options import group
from omnilive.commands.output import remark
from omnilive.core.errors import BackendError
from omnilive_lab.commands.live_data import data
from omnilive_lab.commands.live_world import world

train = group("train", "Train a model of the lab: one recipe each.")
EVERY = 50  # steps between lines where standard error is no terminal


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
RECIPES: dict[str, Callable[..., None]] = {"compressor": compressor, "world": world}
for _name, _recipe in RECIPES.items():
    train.command(_name)(_recipe)
train.add_typer(data)


@train.callback()
def _recipes() -> None:
    """Keep `train` a group while it has one recipe."""


class Bar:
    """A Rich bar on standard error; where that is no terminal, a line now and then."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._console = Console(stderr=True)
        self._bar = Progress(console=self._console, disable=not self._console.is_terminal)
        self._task: Any = None
        self._name, self._count, self._total = "", 0, 0

    def __enter__(self) -> "Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def stage(self, name: str, total: int) -> None:
        """Show a new bar."""
        self._name, self._count, self._total = name, 0, total
        self._task = self._bar.add_task(name, total=total)

    def advance(self, line: dict[str, Any] | None = None) -> None:
        """Move it on; a step of training says where it is itself."""
        self._count = line["step"] if line else self._count + 1
        text = f"{self._name}, loss {line['loss']:.3f}" if line else self._name
        self._bar.update(self._task, completed=self._count, description=text)
        is_due = self._count % EVERY == 0 or self._count == self._total
        if is_due and not self._console.is_terminal:
            remark(f"{text}: {self._count} of {self._total}")
