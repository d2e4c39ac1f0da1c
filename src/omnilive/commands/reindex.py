"""`omnilive memory reindex`: rebuilds what a session is searched by."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnilive.commands.options import ConfigFile, Json, Recipe, SessionName, Sets, settings
from omnilive.commands.output import remark, say_json
from omnilive.commands.stored import stored

if TYPE_CHECKING:
    from omnilive.memory.search.embed import Embedder


def reindex(
    session: SessionName,
    all: Annotated[
        bool, typer.Option("--all", help="Make everything anew, not only what is missing.")
    ] = False,
    json: Json = False,
    recipe: Recipe = None,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Rebuild what a session is searched by: for another embedding model, or for what lacks.

    The session can be searched meanwhile, by the old index until the new one is whole, and be
    watched. Stop it with Ctrl-C: the next time it goes on from there.

    \b
    Example:
      omnilive memory reindex kitchen
    """
    chosen = settings(recipe, set, config).config
    store = stored(chosen).open(session)

    from omnilive.memory.search.reindex import reindex as rebuild

    bar = _Bar(session)
    try:
        found = rebuild(store, _embedder(chosen), everything=all, progress=bar.show)
    except KeyboardInterrupt:
        bar.end()
        remark("stopped: the next `omnilive memory reindex` goes on from here")
        raise
    finally:
        bar.end()
        store.close()
    if json:
        told = {"rows": found.rows, "embedded": found.embedded, "resumed": found.resumed}
        say_json({"type": "reindexed", "session": session, "model": found.model, **told})
        return
    by = f"by {found.model}" if found.model else "by words only (memory.embedder is off)"
    remark(f"{session!r} is searched {by}: {found.embedded} of {found.rows} rows embedded")


def _embedder(config: Any) -> "Embedder | None":
    from omnilive.reasoning.mind import Mind

    return Mind(config).embedder


class _Bar:
    """A progress bar on standard error, where that is a terminal."""

    def __init__(self, session: str) -> None:
        self._session, self._bar = session, None

    def show(self, done: int, total: int) -> None:
        """Show that so many of so many rows are done."""
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True))
            self._bar.add_task(f"reindexing {self._session}", total=total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)

    def end(self) -> None:
        """Leave the bar on screen as it is; safe to call twice."""
        if self._bar is not None:
            self._bar.stop()
