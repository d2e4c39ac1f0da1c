"""`omnilive watch`: perceive a source to its end and show it, in whatever form was asked for."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from omnilive.commands.asks import parse_ask
from omnilive.commands.desk import steps_of
from omnilive.commands.options import ConfigFile, Json, Recipe, Sets, settings
from omnilive.commands.stored import refuse_busy
from omnilive.core.errors import OmniLiveError

if TYPE_CHECKING:
    from omnilive.session import Session


def watch(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A file, a stream's URL, or device:webcam.")
    ],
    session: Annotated[
        str | None,
        typer.Option(
            "--session",
            metavar="NAME",
            help="Session to remember it in (default: after the source).",
        ),
    ] = None,
    pace: Annotated[
        Literal["live", "fast"] | None,
        typer.Option(
            "--pace",
            metavar="live|fast",
            help="On the clock, or as quick as the machine allows. Default: fast for files, "
            "live for devices and streams.",
        ),
    ] = None,
    ask: Annotated[
        list[str] | None,
        typer.Option(
            "--ask",
            metavar="Q[@SECONDS]",
            help="A question, asked at that stream time or at the end. May be repeated.",
        ),
    ] = None,
    alert: Annotated[
        list[str] | None,
        typer.Option(
            "--alert",
            metavar="WORDS",
            help="Look out for this, during this run. May be repeated.",
        ),
    ] = None,
    narrate: Annotated[
        Literal["commentary", "steps"] | None,
        typer.Option(
            "--narrate",
            metavar="commentary|steps",
            help="Speak of what is seen, or of the next step of --steps, during this run.",
        ),
    ] = None,
    steps: Annotated[
        Path | None,
        typer.Option("--steps", metavar="FILE", help="The steps: a YAML or JSON list, or lines."),
    ] = None,
    json: Json = False,
    recipe: Recipe = None,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Watch a source: perceive, remember, print, answer, and speak up.

    Ctrl-C stops it; everything up to there is kept, and the same command goes on with a file
    where it stopped. Exit status: 0 done, 2 wrong usage or setting, or the session is in use;
    3 the source failed; 4 a model is missing or failed; 1 the memory is damaged or the disk
    full; 130 interrupted.

    \b
    Example:
      omnilive watch kitchen.mp4 --ask "When did the cat come in?" --ask "What was said?@30"
    """
    asks = [parse_ask(text) for text in ask or ()]
    told = steps_of(narrate or "", steps)
    chosen = settings(recipe, set, config).config

    import asyncio

    from omnilive.commands.naming import session_name
    from omnilive.commands.view import choose_view
    from omnilive.commands.watching import Run
    from omnilive.media.open import kind_of, open_source
    from omnilive.session import Session

    if chosen.live.checkpoint:
        from omnilive.live.load import check_folder

        check_folder(chosen.live.checkpoint)
    name = session or session_name(source)
    refuse_busy(name)
    kind = kind_of(source)
    if kind == "file":
        # Before models are loaded and a session is made for a file that is none.
        open_source(source, chosen.media).close()
    watched = Session.open(name, chosen)
    is_new = name not in watched.library.names()
    run = Run(
        watched, choose_view(watched.library.folder(name), json), alert or (), (narrate, told)
    )
    try:
        asyncio.run(run.run(source, pace or ("fast" if kind == "file" else "live"), asks))
    finally:
        if is_new and run.summary is None:
            _drop_if_empty(watched)
    if run.stopped:
        run.leave()


def _drop_if_empty(session: "Session") -> None:
    """Take away the session made for a source that could not be opened."""
    with contextlib.suppress(OmniLiveError, OSError):
        store = session.library.open(session.name)
        sources = store.sources()
        store.close()
        if not sources:
            session.library.delete(session.name)
