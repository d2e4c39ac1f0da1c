"""`omnilive train world`: makes a synthetic world, as videos with dialogues, to train LIVE on."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from omnilive.commands.output import remark
from omnilive_lab.commands.bar import Bar


def world(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the world.")],
    split: Annotated[
        Literal["train", "val", "test"],
        typer.Option("--split", help="val and test hold combinations that train never shows."),
    ] = "train",
    count: Annotated[
        int, typer.Option("--count", metavar="N", min=1, help="How many streams.")
    ] = 400,
    difficulty: Annotated[
        Literal["easy", "normal", "hard"],
        typer.Option("--difficulty", help="Noise, speed of the background, sizes, gaps."),
    ] = "normal",
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of everything.")] = 0,
    set: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting, as noise=12 or side_px=160."),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option("--sheet", metavar="FILE", help="Also a picture of the first events."),
    ] = None,
) -> None:
    """Make a synthetic world: videos of shapes and cards, with a dialogue and exact times.

    Writes DIR/video/*.mp4 (H.264), DIR/samples.jsonl (the dialogues) and DIR/truth.jsonl (events,
    and what is where at each half second). The same seed gives the same world. What was
    interrupted goes on; more streams can be added with a larger --count.

    \b
    Example:
      omnilive train world worlds/train --count 400
      omnilive train world worlds/test --split test --count 60
    """
    from omnilive_lab.live.world.make import make_world
    from omnilive_lab.live.world.settings import world_config
    from omnilive_lab.live.world.sheet import write_sheet

    config = world_config(difficulty, set or ())
    with Bar() as bar:
        samples = make_world(out, seed, split, count, report=bar, config=config)
    if sheet is not None:
        write_sheet(out, sheet)
    remark(f"done: {samples}")
