"""`omnilive eval`: run a benchmark, make a small set for one, list what there is."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from omnilive.commands.options import ConfigFile, Json, Sets
from omnilive.commands.output import remark, say, say_json, table
from omnilive.core.errors import ConfigError

INCOMPLETE = 3  # exit status: some clips were missing or damaged
JUDGE_KEY = "OMNILIVE_JUDGE_KEY"


def eval(
    words: Annotated[
        list[str],
        typer.Argument(metavar="BENCHMARK | make BENCHMARK | list", help="What to do."),
    ],
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Where the benchmark's files are.")
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="M",
            help="A recipe (laptop, api, captions), percepts[:RECIPE], openai, "
            "transformers:FOLDER, random or majority.",
        ),
    ] = "laptop",
    mode: Annotated[
        Literal["offline", "online"] | None,
        typer.Option(
            "--mode",
            metavar="offline|online",
            help="Pictures and prompts, or the clip through a session. Default: online for "
            "recipes, else offline.",
        ),
    ] = None,
    frames: Annotated[
        str,
        typer.Option(
            "--frames",
            metavar="POLICY",
            help="uniform:32, uniform:64, fps:1, last:60 or none. Default: the benchmark's own.",
        ),
    ] = "",
    pace: Annotated[
        Literal["fast", "live"],
        typer.Option(
            "--pace",
            metavar="fast|live",
            help="How a session is played: as quick as the machine allows, or on the clock.",
        ),
    ] = "fast",
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N items.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where results go, or the set that is made."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out, if there is one.")
    ] = False,
    judge: Annotated[
        str,
        typer.Option(
            "--judge",
            metavar="URL",
            help=f"OpenAI-compatible endpoint that marks open answers; its key in {JUDGE_KEY}.",
        ),
    ] = "",
    judge_model: Annotated[
        str, typer.Option("--judge-model", metavar="NAME", help="The judge's model.")
    ] = "",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="An option of the benchmark."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", help="Of the random baseline and of made sets.")
    ] = 0,
    json: Json = False,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Evaluate a model on a published benchmark, or the whole session on it, as it runs.

    Results are written item by item: a run that was stopped goes on with --resume. Exit status:
    0 done; 2 wrong usage, or data is missing; 3 done, but some clips were missing or damaged;
    4 the model is missing or failed; 1 the disk is full or cannot be written; 130 interrupted.

    \b
    Examples:
      omnilive eval list
      omnilive eval make quiz --out quiz && omnilive eval quiz --data quiz
      omnilive eval dev-clips --data clips --out results/dev-clips
    """
    chosen = dict(_pair(text) for text in option or ())
    match words:
        case ["list"]:
            _list(json)
        case ["make", name]:
            _make(name, out, seed, chosen)
        case ["make"]:
            raise ConfigError("name the benchmark: omnilive eval make NAME --out DIR")
        case [name]:
            from omnilive_lab.evaluation.evaluate import Wanted, evaluate

            wanted = Wanted(
                benchmark=name, data=data, model=model, mode=mode, frames=frames, pace=pace,
                limit=limit, out=out, resume=resume, judge=judge, judge_model=judge_model,
                judge_key=os.environ.get(JUDGE_KEY, ""), options=chosen, seed=seed,
                sets=set or (), file=config, command=_command(sys.argv),
            )  # fmt: skip
            if not evaluate(wanted, json):
                raise typer.Exit(INCOMPLETE)
        case _:
            raise ConfigError(f"one benchmark at a time: {' '.join(words)} are several")


def _list(json: bool) -> None:
    from omnilive_lab.bench.base import BENCHMARKS

    rows: list[Sequence[str]] = [("BENCHMARK", "TITLE", "FRAMES", "OPTIONS")]
    for name in BENCHMARKS.names():
        kind: Any = BENCHMARKS.load(name)
        if json:
            line = {"name": name, "title": kind.title, "need": kind.need, "frames": kind.frames}
            say_json({"type": "benchmark", **line, "options": dict(kind.options)})
        options = ", ".join(f"{key}={value}" for key, value in kind.options.items())
        rows.append((name, kind.title, kind.frames, options))
    if not json:
        for line in table(rows):
            say(line)


def _make(name: str, out: Path | None, seed: int, options: dict[str, str]) -> None:
    from omnilive_lab.bench.base import by_name

    benchmark = by_name(name, options)
    if out is None:
        raise ConfigError(f"where to? omnilive eval make {name} --out DIR")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} is not empty: give a new folder with --out")
    benchmark.make(out, seed)
    remark(f"made: {len(benchmark.load(out))} items in {out}")
    remark(f"next: omnilive eval {name} --data {out} --model random")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ConfigError(f"--option {text!r}: write NAME=VALUE")
    return name.strip(), value.strip()


def _command(arguments: Sequence[str]) -> str:
    """Return the command as it can be typed again, secrets masked."""
    import shlex

    from omnilive.core.masking import masked

    typed = ["omnilive", *arguments[1:]]
    hidden = re.compile(r"(?i)([\w.]*(?:key|token|secret|password))=.*")
    return shlex.join(masked(hidden.sub(r"\1=***", word)) for word in typed)
