"""`omnilive forget`: takes a span out of a stored session, down to the bytes."""

import sys
from typing import Annotated

import typer

from omnilive.commands.asks import at_second
from omnilive.commands.options import Json, SessionName, Sets
from omnilive.commands.output import clock, remark, say_json
from omnilive.commands.stored import stored
from omnilive.core.errors import ConfigError


def forget(
    session: SessionName,
    start: Annotated[str, typer.Option("--from", metavar="SECONDS", help="Stream time.")],
    end: Annotated[str, typer.Option("--to", metavar="SECONDS", help="Stream time.")],
    uploads: Annotated[
        bool, typer.Option("--uploads", help="Also delete uploads that hold a part of it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    json: Json = False,
    set: Sets = None,
) -> None:
    """Forget what was seen, heard, said and answered from one time to another. No way back.

    It works while the session is being watched. Files that were watched where they lie stay.

    \b
    Example:
      omnilive forget kitchen --from 30 --to 45
    """
    start_s, end_s = at_second(start, "--from"), at_second(end, "--to")
    store = stored(sets=set).open(session)
    try:
        if not yes:
            _confirm(session, start_s, end_s)

        from omnilive.memory.forget import forget as forget_span

        found = forget_span(store, start_s, end_s, delete_uploads=uploads)
    finally:
        store.close()
    if json:
        counts = {name: getattr(found, name) for name in ("facts", "moments", "lines", "keyframes")}
        files = {"deleted": found.deleted, "kept": found.kept}
        span = {"start_s": round(found.start_s, 3), "end_s": round(found.end_s, 3)}
        say_json({"type": "forgotten", **span, **counts, **files, "wiped": found.is_wiped})
        return
    remark(
        f"forgot {clock(found.start_s)} to {clock(found.end_s)} of {session!r}: {found.facts} "
        f"facts, {found.moments} moments, {found.keyframes} pictures, {found.lines} lines"
    )
    for name in found.deleted:
        remark(f"deleted the uploaded file {name}")
    for name in found.kept:
        remark(f"the uploaded file {name} still holds it: --uploads deletes that too")
    if not found.is_wiped:
        remark("another process reads the session: the last bytes go when it is opened next")


def _confirm(session: str, start_s: float, end_s: float) -> None:
    span = f"{clock(start_s)} to {clock(end_s)} of {session!r}"
    if not sys.stdin.isatty():
        raise ConfigError(f"forgetting {span} cannot be undone: add --yes to do it")
    typer.confirm(f"Forget {span}?", abort=True, err=True)
