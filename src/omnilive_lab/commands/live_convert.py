"""`omnilive train data convert`: makes training data of annotations. Light."""

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnilive.commands.output import remark
from omnilive.core.errors import ConfigError

if TYPE_CHECKING:
    from omnilive_lab.live.converters.base import Converter, Notes, Source
    from omnilive_lab.live.dialogue import Sample
    from omnilive_lab.live.endpoint import Endpoint
    from omnilive_lab.live.making import Making

NO_LICENCE = (
    "the licence of {title} is not known: say with --licence what the videos and their annotations"
    " may be used under, as --licence CC-BY-4.0; it goes into every sample"
)


def convert(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="ego4d-narration, ego4d-goalstep, coin, activitynet, youcook2, subtitles (SRT, "
            "VTT), table (CSV or JSON of start, end, text), or robustness, which needs no file.",
        ),
    ],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The annotations, as published.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where the samples go, one a line.")
    ] = Path("samples.jsonl"),
    videos: Annotated[
        Path | None,
        typer.Option("--videos", metavar="PATH", help="The folder of videos, or the one video."),
    ] = None,
    licence: Annotated[
        str, typer.Option("--licence", metavar="L", help="What the data may be used under.")
    ] = "",
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help="Default: the name of the data set.")
    ] = "",
    style: Annotated[
        str | None,
        typer.Option(
            "--style",
            metavar="S",
            help="narrate: each text at its time; guide: each start, and each end with what comes "
            "next; dialogue: questions about past, present and next.",
        ),
    ] = None,
    told: Annotated[
        str | None,
        typer.Option("--told", metavar="T", help="Narrate a span at its start, middle or end."),
    ] = None,
    subset: Annotated[
        str, typer.Option("--subset", metavar="S", help="As training, where the format tells.")
    ] = "",
    only: Annotated[
        list[Path] | None,
        typer.Option("--only", metavar="FILE", help="Only the videos that this file names."),
    ] = None,
    without: Annotated[
        list[Path] | None,
        typer.Option("--without", metavar="FILE", help="None of the videos that it names."),
    ] = None,
    encoding: Annotated[
        str, typer.Option("--encoding", metavar="E", help="Of a text file that is not in UTF-8.")
    ] = "",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of all that is random.")] = 0,
    fps: Annotated[
        float, typer.Option("--fps", metavar="F", min=0.01, max=240, help="Frames a second.")
    ] = 2.0,
    queries: Annotated[
        int, typer.Option("--queries", metavar="N", min=1, help="Questions in a dialogue.")
    ] = 3,
    dialogues: Annotated[
        int, typer.Option("--dialogues", metavar="N", min=1, help="Samples of each stretch.")
    ] = 1,
    min_s: Annotated[
        float | None, typer.Option("--min-s", metavar="S", min=0, help="Leave out shorter ones.")
    ] = None,
    max_s: Annotated[
        float, typer.Option("--max-s", metavar="S", min=0, help="Cut longer ones; 0: never.")
    ] = 600.0,
    augment: Annotated[
        bool, typer.Option("--augment", help="Add each sample again with a wrong or lost reply.")
    ] = False,
    sorry: Annotated[
        bool,
        typer.Option("--sorry", help="The right reply then begins with an apology; users hear it."),
    ] = False,
    keep_leaks: Annotated[
        bool, typer.Option("--keep-leaks", help="Keep samples whose words give the time away.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing when any row could not be used.")
    ] = False,
    you: Annotated[
        bool, typer.Option("--you", help="Narrations of C, the camera wearer, say You instead.")
    ] = False,
    base_url: Annotated[
        str,
        typer.Option(
            "--base-url",
            metavar="URL",
            help="Let the model of this OpenAI-compatible endpoint word dialogues, or reword "
            "narrations.",
        ),
    ] = "",
    model: Annotated[str, typer.Option("--model", metavar="M", help="Its name there.")] = "",
    api_key_env: Annotated[
        str,
        typer.Option("--api-key-env", metavar="NAME", help="The variable that holds the key."),
    ] = "OPENAI_API_KEY",
    concurrency: Annotated[
        int, typer.Option("--concurrency", metavar="N", min=1, max=64, help="Requests at once.")
    ] = 4,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="FILE", help="Its answers. Default: OUT.cache.jsonl."),
    ] = None,
) -> None:
    """Turn annotations of videos into streaming dialogues.

    Rows that make no sense are left out and listed, with their place, on standard error.
    With --base-url a language model does the wording; run it again to go on after a stop.

    \b
    Examples:
      omnilive train data convert subtitles talk.srt --videos talk.mp4 --licence CC-BY-4.0
      omnilive train data convert coin COIN.json --videos videos/ --subset training \\
        --licence "research only" --out coin.jsonl
    """
    from omnilive_lab.live.converters.base import Notes
    from omnilive_lab.live.converters.choose import converter
    from omnilive_lab.live.dialogue import write_samples
    from omnilive_lab.live.making import jobs
    from omnilive_lab.live.robustness import robustness_samples

    if sorry and not augment:
        raise ConfigError("--sorry says how a wrong reply is set right: give --augment, too")
    if kind == "robustness":
        count = write_samples(out, robustness_samples(out, seed, dialogues))
        return remark(f"{count} samples in {out}")
    chosen, notes = converter(kind), Notes()
    if file is None:
        raise ConfigError(f"name the annotation file: omnilive train data convert {kind} FILE")
    if not (licence or chosen.licence):
        raise ConfigError(NO_LICENCE.format(title=chosen.title))
    making = _making(
        chosen, out, videos, licence, source, style, told, seed, fps, queries, dialogues,
        chosen.min_s if min_s is None else min_s, max_s, keep_leaks, you,
    )  # fmt: skip
    source_file = _source(file, videos, subset, encoding, only or [], without or [])
    todo = jobs(chosen.read(source_file, notes), chosen, making, notes, source_file.wants)
    endpoint = _endpoint(base_url, model, api_key_env, concurrency, cache, out)
    try:
        made = _samples(todo, chosen, making, notes, endpoint)
        if augment:
            made = _with_augmented(made, seed, sorry)
        count = write_samples(out, _kept(made, notes, strict, file))
    finally:
        _tell(notes, endpoint)
    remark(f"{count} samples in {out}; check them with `omnilive train data check {out}`")


def _making(
    chosen: "Converter", out: Path, videos: Path | None, licence: str, source: str,
    style: str | None, told: str | None, seed: int, fps: float, queries: int, dialogues: int,
    min_s: float, max_s: float, keep_leaks: bool, you: bool,
) -> "Making":  # fmt: skip
    from omnilive_lab.live.making import Making
    from omnilive_lab.live.styles import STYLES, Wording

    named: Any = style or chosen.style
    # What is spoken is known when it begins; what is seen, when it is over.
    when: Any = told or ("start" if chosen.name == "subtitles" else "end")
    if named not in STYLES:
        raise ConfigError(f"--style: {named!r} is none of {', '.join(STYLES)}")
    if when not in ("start", "middle", "end"):
        raise ConfigError(f"--told: {when!r} is none of start, middle, end")
    wording = Wording(fps, when, chosen.tags, you, queries)
    return Making(
        out, videos, licence, source, named, wording, seed, min_s, max_s, dialogues, keep_leaks
    )


def _source(
    file: Path, videos: Path | None, subset: str, encoding: str, only: list[Path],
    without: list[Path],
) -> "Source":  # fmt: skip
    from omnilive_lab.live.converters.base import Source, names_in

    video = videos.name if videos is not None and videos.suffix and not videos.is_dir() else ""
    chosen = frozenset[str]().union(*map(names_in, only)) if only else None
    left_out = frozenset[str]().union(*map(names_in, without))
    return Source(file, video, subset, encoding, chosen, left_out)


def _endpoint(
    base_url: str, model: str, variable: str, concurrency: int, cache: Path | None, out: Path
) -> "Endpoint | None":
    from omnilive_lab.live.endpoint import Endpoint, EndpointConfig

    if not base_url:
        return None
    if not model:
        raise ConfigError("--base-url needs --model: which model of the endpoint is asked")
    key = os.environ.get(variable, "")
    config = EndpointConfig(base_url, model, key, concurrency)
    return Endpoint(config, cache or out.with_name(f"{out.name}.cache.jsonl"))


def _samples(
    todo: Iterator[Any], chosen: "Converter", making: "Making", notes: "Notes",
    endpoint: "Endpoint | None",
) -> "Iterator[Sample]":  # fmt: skip
    from omnilive_lab.live.making import by_endpoint, by_templates

    if endpoint is None:
        return by_templates(todo, chosen, making, notes)
    return by_endpoint(todo, chosen, making, notes, endpoint)


def _with_augmented(samples: "Iterator[Sample]", seed: int, sorry: bool) -> "Iterator[Sample]":
    """Yield each sample, and where one of its replies can be changed that too."""
    from omnilive_lab.live.making import augmented

    for sample in samples:
        changed = next(augmented(iter([sample]), seed, sorry))
        more = changed.model_copy(update={"id": f"{sample.id}/augmented"})
        yield from chain([sample], [more] if changed is not sample else [])


def _kept(
    samples: "Iterator[Sample]", notes: "Notes", strict: bool, file: Path
) -> "Iterator[Sample]":
    """Yield the samples; at the end refuse where nothing came, or --strict forbids."""
    count = 0
    for count, sample in enumerate(samples, 1):  # noqa: B007
        yield sample
    if strict and notes.counts:
        raise ConfigError(f"{file}: {notes.counts.total()} rows have faults, listed above")
    if not count:
        raise ConfigError(f"{file}: nothing to make a sample of")


def _tell(notes: "Notes", endpoint: "Endpoint | None") -> None:
    for line in notes.lines:
        remark(line)
    for what, count in notes.counts.most_common() if notes.counts.total() > 1 else ():
        remark(f"{count} x {what}")
    if endpoint is not None:
        endpoint.close()
        failed = ", ".join(f"{count} {why}" for why, count in endpoint.failures.most_common())
        remark(
            f"{endpoint.asked} requests, {endpoint.cached} answers from the cache; "
            f"failed: {failed or 'none'}"
        )
