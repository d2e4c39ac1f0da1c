"""`omnilive train data`: makes, checks and shows training data of the live model. Light."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnilive.commands.options import Json, group
from omnilive.commands.output import remark, say, say_json, table
from omnilive.core.errors import ConfigError
from omnilive_lab.commands.live_convert import convert

if TYPE_CHECKING:
    from omnilive_lab.live.check import Figures

data = group("data", "Make, check and show training data of the live model.")
data.command()(convert)


@data.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Samples, one a line.")],
    videos: Annotated[
        bool, typer.Option("--videos/--no-videos", help="Whether the video files must be there.")
    ] = True,
    tokenizer: Annotated[
        Path | None,
        typer.Option("--tokenizer", metavar="FILE", help="A tokenizer.json, to count tokens."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Doubts count as errors.")] = False,
    most: Annotated[
        int, typer.Option("--most", metavar="N", min=0, help="Findings that are listed.")
    ] = 100,
    json: Json = False,
) -> None:
    """Report all that is wrong with a file of samples, and its figures. Exit status 2: errors.

    \b
    Example:
      omnilive train data check samples.jsonl --tokenizer smol/tokenizer.json
    """
    from dataclasses import asdict

    from omnilive_lab.live.check import Checker

    checker = Checker(file, with_videos=videos, count=_counter(tokenizer))
    for number, finding in enumerate(checker.findings()):
        if number < most:
            place = f"{file}:{finding.line}: {finding.level}: "
            about = f"{finding.field}: " if finding.field else ""
            line = f"{place}{about}{finding.what}; {finding.remedy}"
            say_json(asdict(finding)) if json else say(line)
    figures = checker.figures
    if json:
        say_json({"figures": figures.as_dict()})
    else:
        _show(figures, most, "tokens" if tokenizer else "words")
    if figures.errors or (strict and figures.warnings):
        raise typer.Exit(2)


def _counter(tokenizer: Path | None) -> Any:
    if tokenizer is None:
        return None
    from tokenizers import Tokenizer

    file = tokenizer / "tokenizer.json" if tokenizer.is_dir() else tokenizer
    try:
        found = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise ConfigError(f"--tokenizer: {file} is no tokenizer.json ({error})") from error
    return lambda text: len(found.encode(text, add_special_tokens=False).ids)


def _show(figures: "Figures", most: int, unit: str) -> None:
    found = figures.as_dict()
    left = figures.errors + figures.warnings - most
    if left > 0:
        say(f"... and {left} more (--most {figures.errors + figures.warnings} lists all)")
    say()

    def row(name: str, counts: dict[str, Any]) -> list[str]:
        return [name, ", ".join(f"{key} {value:,}" for key, value in counts.items()) or "none"]

    share = found["silent_share"]
    rows = [
        ["samples", f"{figures.samples:,} of {figures.videos:,} videos, {found['hours']:.2f} h"],
        ["frames", f"{figures.frames:,}"],
        ["silent", "none" if share is None else f"{100 * share:.1f} % of frames"],
        row("turns", found["turns"]),
        row("turns a minute", found["turns_per_minute"]),
        row(unit, found["tokens"]),
        row("kinds", found["kinds"]),
        row("licences", found["licences"]),
        row("sources", found["sources"]),
        ["on one frame", f"{figures.replaced:,} turns replaced, {figures.repeated:,} repeated"],
        ["wrong", f"{figures.errors:,} errors, {figures.warnings:,} doubts"],
    ]
    for line in table(rows):
        say(line)


@data.command()
def preview(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Samples, one a line.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The page, one HTML file.")
    ] = Path("preview.html"),
    most: Annotated[
        int, typer.Option("--most", metavar="N", min=1, help="Samples on the page.")
    ] = 50,
    embed_mb: Annotated[
        float,
        typer.Option("--embed-mb", metavar="M", min=0, help="Videos inside the page, up to this."),
    ] = 64.0,
) -> None:
    """Write a page that plays samples: the video with its turns, and the frames they fall on.

    Videos go into the page while they fit; further ones are linked, from where they lie now.

    \b
    Example:
      omnilive train data preview samples.jsonl --out page.html
    """
    from omnilive_lab.live.preview import write_preview

    shown = write_preview(file, out, most, int(embed_mb * 1e6))
    remark(f"{shown.samples} samples in {out}, {shown.embedded} videos in the page, "
           f"{shown.linked} linked, {shown.missing} missing")  # fmt: skip
