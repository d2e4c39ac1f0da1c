"""`omnilive forget`: takes a span, a thing or a phrase out of a session, down to the bytes."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from omnilive.commands.asks import at_second
from omnilive.commands.options import Json, SessionName, Sets
from omnilive.commands.output import clock, remark, say_json
from omnilive.commands.stored import stored
from omnilive.core.errors import ConfigError

if TYPE_CHECKING:
    from omnilive.memory.control.forget import Forgotten
    from omnilive.memory.store import Store

SHOWN = 20  # of what would be forgotten, before it is confirmed


def forget(
    session: SessionName,
    start: Annotated[
        str | None, typer.Option("--from", metavar="SECONDS", help="Stream time.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="SECONDS", help="Stream time.")] = None,
    label: Annotated[
        str, typer.Option("--label", help='Only things or sounds of this name, such as "person".')
    ] = "",
    phrase: Annotated[
        str, typer.Option("--phrase", help="Only what holds these words in a row.")
    ] = "",
    around: Annotated[
        float,
        typer.Option("--around", min=0.0, help="With --phrase: so many seconds around it too."),
    ] = 0.0,
    all: Annotated[bool, typer.Option("--all", help="All that was remembered so far.")] = False,
    uploads: Annotated[
        bool, typer.Option("--uploads", help="Also delete uploads that hold a part of it.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    json: Json = False,
    set: Sets = None,
) -> None:
    """Forget a span of time, a kind of thing, or what was said about something. No way back.

    A span goes with all that was seen, heard, said and answered in it. With --label or --phrase
    only what is about it goes, everywhere or between --from and --to. It works while the session
    is being watched. Files that were watched where they lie stay.

    \b
    Example:
      omnilive forget kitchen --from 30 --to 45
      omnilive forget kitchen --label person
      omnilive forget kitchen --phrase "the PIN" --around 10
    """
    if sum((bool(label), bool(phrase), all)) > 1:
        raise ConfigError("give one of --label, --phrase, --all")
    if all and (start is not None or end is not None):
        raise ConfigError("--all is from the beginning to the end: leave out --from and --to")
    if not (label or phrase or all) and (start is None or end is None):
        raise ConfigError("say what to forget: --from and --to, --label, --phrase or --all")
    start_s = at_second(start, "--from") if start is not None else 0.0
    end_s = at_second(end, "--to") if end is not None else 1e12
    store = stored(sets=set).open(session)
    try:
        if label or phrase:
            found = _about(store, session, start_s, end_s, label, phrase, around, uploads, yes)
        else:
            found = _span(store, session, start_s, end_s, uploads, yes)
    finally:
        store.close()
    if json:
        say_json({"type": "forgotten", **found.as_json()})
    else:
        _tell(session, found)


def _span(
    store: "Store", session: str, start_s: float, end_s: float, uploads: bool, yes: bool
) -> "Forgotten":
    from omnilive.memory.control.forget import forget as forget_span

    if not yes:
        last_s = min(end_s, store.end_s())
        _confirm(f"{clock(start_s)} to {clock(last_s)} of {session!r}")
    return forget_span(store, start_s, end_s, delete_uploads=uploads)


def _about(
    store: "Store", session: str, start_s: float, end_s: float, label: str, phrase: str,
    around_s: float, uploads: bool, yes: bool,
) -> "Forgotten":  # fmt: skip
    from omnilive.memory.control.about import About, forget_about, found_about

    about = About(label=label, phrase=phrase, around_s=around_s, start_s=start_s, end_s=end_s)
    if not yes:
        facts = found_about(store, about)
        for fact in facts[:SHOWN]:
            remark(f"{clock(fact.start_s)}  {fact.kind}  {fact.text}")
        if len(facts) > SHOWN:
            remark(f"... and {len(facts) - SHOWN} more")
        _confirm(f"these {len(facts)} and all that was made of them in {session!r}")
    return forget_about(store, about, delete_uploads=uploads)


def _tell(session: str, found: "Forgotten") -> None:
    remark(
        f"forgot {clock(found.start_s)} to {clock(found.end_s)} of {session!r}: {found.facts} "
        f"facts, {found.moments} moments, {found.keyframes} pictures, {found.lines} lines, "
        f"{found.recordings} recorded segments cut"
    )
    if found.coarse:
        remark(f"{found.coarse} counts of merged moments could only be forgotten as a whole")
    for name in found.deleted:
        remark(f"deleted the uploaded file {name}")
    for name in found.kept:
        remark(f"the uploaded file {name} still holds it: --uploads deletes that too")
    if not found.is_wiped:
        remark("another process uses the session: the last bytes go when it lets go of them")


def _confirm(what: str) -> None:
    if not sys.stdin.isatty():
        raise ConfigError(f"forgetting {what} cannot be undone: add --yes to do it")
    typer.confirm(f"Forget {what}?", abort=True, err=True)
