"""`omnilive sessions`: list, show, delete, export and import stored sessions."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from omnilive.commands.options import Json, SessionName, Sets, group
from omnilive.commands.output import clock, remark, say, say_json, size, table
from omnilive.commands.stored import refuse_busy, stored
from omnilive.core.errors import ConfigError, StoreError

sessions = group("sessions", "Stored sessions: list, show, delete, export, import.")


@sessions.command("list")
def list_sessions(json: Json = False, set: Sets = None) -> None:
    """List the stored sessions.

    \b
    Example:
      omnilive sessions list
    """
    library = stored(sets=set)
    rows = [("SESSION", "LENGTH", "MOMENTS", "SIZE", "MADE", "")]
    for name in library.names():
        facts = _describe(library, name)
        if json:
            say_json({"type": "session", **facts})
        elif "damage" in facts:
            rows.append((name, "", "", "", "", f"damaged: {facts['damage']}"))
        else:
            made = datetime.fromtimestamp(facts["created_wall_s"]).strftime("%Y-%m-%d %H:%M")
            running = "being watched" if facts["running"] else ""
            length, moments = clock(facts["duration_s"]), str(facts["moments"])
            rows.append((name, length, moments, size(facts["bytes"]), made, running))
    if not json and len(rows) == 1:
        remark("no session yet: `omnilive watch FILE` makes one")
    elif not json:
        for line in table(rows):
            say(line)


@sessions.command()
def show(session: SessionName, json: Json = False, set: Sets = None) -> None:
    """Show one session: its size, and the sources it has watched.

    \b
    Example:
      omnilive sessions show kitchen
    """
    library = stored(sets=set)
    facts = library.describe(session)
    store = library.open(session)
    sources = [
        {
            "url": one.url, "kind": one.kind, "offset_s": one.offset_s,
            "duration_s": one.duration_s, "state": one.state, "detail": one.detail,
        }
        for one in store.sources()
    ]  # fmt: skip
    store.close()
    if json:
        say_json({"type": "session", **facts, "folder": str(store.folder), "sources": sources})
        return
    say(f"{session}: {clock(facts['duration_s'])}, {facts['moments']} moments, "
        f"{facts['events']} events, {size(facts['bytes'])} in {store.folder}")  # fmt: skip
    for one in sources:
        detail = f" ({one['detail']})" if one["detail"] else ""
        say(f"  from {clock(one['offset_s'])}: {one['url']}, {one['state']}{detail}")


@sessions.command()
def delete(
    session: SessionName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    set: Sets = None,
) -> None:
    """Delete a session with all its pictures. There is no way back.

    \b
    Example:
      omnilive sessions delete kitchen --yes
    """
    library = stored(sets=set)
    library.open(session).close()
    refuse_busy(session, library)
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError(f"deleting {session!r} cannot be undone: add --yes to do it")
        typer.confirm(f"Delete {session!r} and all it remembers?", abort=True, err=True)
    library.delete(session)
    remark(f"deleted {session!r}")


@sessions.command()
def export(
    session: SessionName,
    file: Annotated[Path, typer.Argument(metavar="FILE.zip")],
    set: Sets = None,
) -> None:
    """Write a session into one zip file; it may be watched meanwhile.

    \b
    Example:
      omnilive sessions export kitchen kitchen.zip
    """
    from omnilive.commands.archive import export_session

    written_bytes = export_session(stored(sets=set), session, file, _progress())
    remark(f"wrote {file} ({size(written_bytes)})")


@sessions.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip")],
    name: Annotated[
        str | None, typer.Option("--name", help="Call it so (default: the name it had).")
    ] = None,
    set: Sets = None,
) -> None:
    """Take in a session from a zip file that `sessions export` wrote.

    \b
    Example:
      omnilive sessions import kitchen.zip --name old-kitchen
    """
    from omnilive.commands.archive import import_session

    remark(f"imported as {import_session(stored(sets=set), file, name, _progress())!r}")


def _progress() -> Any:
    from omnilive.catalog.progress import Bar, Silent

    return Bar() if sys.stderr.isatty() else Silent()


def _describe(library: Any, name: str) -> dict[str, Any]:
    try:
        return library.describe(name)
    except StoreError as error:
        return {"id": name, "damage": str(error)}
