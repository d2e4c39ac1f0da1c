"""`omnilive memory`: look into a session's memory, keep, correct and forget parts of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omnilive.commands.asks import at_second
from omnilive.commands.forget import forget
from omnilive.commands.options import ConfigFile, Json, Recipe, SessionName, Sets, group, settings
from omnilive.commands.output import clock, remark, say, say_json, size, span, table
from omnilive.commands.reindex import reindex
from omnilive.commands.stored import refuse_busy, stored
from omnilive.core.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from omnilive.memory.control.pins import Pin

memory = group(
    "memory", "A session's memory: how full it is, pins, corrections, forgetting, rules."
)
memory.command("forget")(forget)
memory.command("reindex")(reindex)
Start = Annotated[str, typer.Option("--from", metavar="SECONDS", help="Stream time.")]
End = Annotated[str, typer.Option("--to", metavar="SECONDS", help="Stream time.")]
_BYTES = ("bytes", "keyframe_bytes", "recording_bytes")


@memory.command()
def show(session: SessionName, json: Json = False, set: Sets = None) -> None:
    """Show how much a session remembers, how coarse, and how much of its budget that takes.

    \b
    Example:
      omnilive memory show kitchen
    """
    from omnilive.memory.control.usage import usage

    config = settings(None, set, None).config
    store = stored(config).open(session)
    try:
        found = usage(store, config.memory.budget, config.memory.recording)
    finally:
        store.close()
    if json:
        say_json({"type": "memory", "session": session, **found})
        return
    rows = [("", "USED", "BUDGET", "")]
    for name, (used, limit) in ((n, one.values()) for n, one in found["held"].items()):
        told = [size(value) if name in _BYTES else str(value) for value in (used, limit)]
        share = f"{used / limit:.0%}" if limit else ""
        rows.append((name.replace("_", " "), told[0], told[1], share))
    for line in table(rows):
        say(line)
    levels = ", ".join(f"{count} {name}" for name, count in found["levels"].items())
    length, count = clock(found["duration_s"]), found["stands_for"]
    say(f"{length}: {levels or 'nothing yet'}, for {count} moments")
    say(f"{found['pins']} pins, {found['segments']} recorded segments")


@memory.command()
def budget(json: Json = False, set: Sets = None) -> None:
    """Show the budget that the settings give each session; `show` compares it with what is used.

    \b
    Example:
      omnilive memory budget --set memory.budget.moments=20000
    """
    config = settings(None, set, None).config
    values: dict[str, Any] = config.memory.budget.model_dump()
    values["recording_bytes"] = config.memory.recording.quota_bytes
    if json:
        say_json({"type": "budget", **values})
        return
    for line in table([(f"memory.budget.{name}", str(value)) for name, value in values.items()]):
        say(line)


@memory.command()
def pins(session: SessionName, json: Json = False, set: Sets = None) -> None:
    """List what is pinned in a session.

    \b
    Example:
      omnilive memory pins kitchen
    """
    from omnilive.memory.control.pins import pins as all_pins

    store = stored(sets=set).open(session)
    try:
        found = all_pins(store)
    finally:
        store.close()
    for one in found:
        if json:
            say_json({"type": "pin", **one.as_json()})
        else:
            say(_pin_line(one))
    if not found and not json:
        remark("nothing is pinned")


@memory.command()
def pin(
    session: SessionName, start: Start, end: End,
    note: Annotated[str, typer.Option("--note", help="Why, in your words.")] = "",
    json: Json = False, set: Sets = None,
) -> None:  # fmt: skip
    """Keep a span as it is: nothing merges it, thins its pictures out, or forgets it by age.

    \b
    Example:
      omnilive memory pin kitchen --from 30 --to 45 --note "first steps"
    """
    from omnilive.memory.control.pins import pin as keep

    store = stored(sets=set).open(session)
    try:
        made = keep(store, at_second(start, "--from"), at_second(end, "--to"), note)
    finally:
        store.close()
    if json:
        say_json({"type": "pin", **made.as_json()})
    else:
        say(_pin_line(made))


@memory.command()
def unpin(
    session: SessionName,
    number: Annotated[int, typer.Argument(metavar="PIN", help="Its number, see `pins`.")],
    json: Json = False, set: Sets = None,
) -> None:  # fmt: skip
    """Let a pinned span grow old like any other.

    \b
    Example:
      omnilive memory unpin kitchen 3
    """
    from omnilive.memory.control.pins import unpin as let_go

    store = stored(sets=set).open(session)
    try:
        gone = let_go(store, number)
    finally:
        store.close()
    if json:
        say_json({"type": "unpinned", **gone.as_json()})
    else:
        remark(f"no longer pinned: {_pin_line(gone)}")


@memory.command()
def edit(
    session: SessionName,
    number: Annotated[int, typer.Argument(metavar="FACT", help="Its number, as search shows it.")],
    text: Annotated[str | None, typer.Option("--text", help="What it should say.")] = None,
    label: Annotated[str | None, typer.Option("--label", help="What the thing is.")] = None,
    json: Json = False, recipe: Recipe = None, set: Sets = None, config: ConfigFile = None,
) -> None:  # fmt: skip
    """Correct a misheard word or a wrong label. The old text goes; the log says that it was edited.

    \b
    Example:
      omnilive memory edit kitchen 17 --text "the keys are in the drawer"
    """
    from omnilive.memory.control.edit import edit_fact

    chosen = settings(recipe, set, config).config
    store = stored(chosen).open(session)
    try:
        embedder = _embedder(chosen)
        line = edit_fact(store, number, text=text, label=label, embedder=embedder)
    finally:
        store.close()
    if json:
        say_json(line)
    else:
        say(f"{number}  {span(line['start_s'], line['end_s'])}  {line['text']}")
    if embedder is None:
        remark("no model of meaning is there: it is found by its words alone")


@memory.command()
def retention(
    session: SessionName,
    apply: Annotated[
        bool, typer.Option("--apply", help="Forget now, all at once, what is too old.")
    ] = False,
    json: Json = False, set: Sets = None,
) -> None:  # fmt: skip
    """Show for how long each kind is kept, and with --apply forget what is older than that.

    What is too old goes bit by bit while a session is watched; `--apply` does it for one that
    nobody watches.

    \b
    Example:
      omnilive memory retention kitchen --set memory.retention.speech_days=30 --apply
    """
    from omnilive.core.clock import wall_time
    from omnilive.memory.control.retention import Retention

    config = settings(None, set, None).config
    rules = {name: days for name, days in config.memory.retention.model_dump().items() if days}
    library = stored(config)
    store = library.open(session)
    try:
        gone = None
        if apply:
            if not rules:
                raise ConfigError(
                    "there are no rules: --set memory.retention.speech_days=30, for example"
                )
            refuse_busy(session, library)
            gone = Retention(store, config.memory.retention).run(wall_time(), float("inf"))
    finally:
        store.close()
    counts = {
        name: getattr(gone, name)
        for name in ("facts", "moments", "lines", "keyframes", "recordings")
        if gone is not None
    }
    if json:
        say_json({"type": "retention", "session": session, "rules": rules, "gone": counts})
        return
    for name, days in rules.items():
        say(f"{name.removesuffix('_days')}: {days:g} days")
    if not rules:
        remark("no rules: all is kept as long as there is room (memory.retention)")
    if gone is not None:
        told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        remark(f"forgot {told or 'nothing: nothing is that old'}")


@memory.command()
def check(session: SessionName, json: Json = False, set: Sets = None) -> None:
    """Check that a session's memory is whole: its database, and the files that it names.

    \b
    Example:
      omnilive memory check kitchen
    """
    store = stored(sets=set).open(session)
    try:
        verdict = store.check()
        missing = _missing(store)
    finally:
        store.close()
    if json:
        say_json({"type": "check", "session": session, "verdict": verdict, "missing": missing})
    else:
        say(verdict)
        for name in missing:
            remark(f"{name} is missing: what it showed is remembered, but cannot be shown")
    if verdict != "ok":
        raise StoreError(f"the memory of {session!r} is damaged: {verdict}")


def _missing(store: Any) -> list[str]:
    from omnilive.memory.control.recordings import segments
    from omnilive.memory.store import keyframe_path

    pictures = [keyframe_path(id) for (id,) in store.rows("SELECT id FROM keyframe ORDER BY id")]
    names = [*pictures, *(segment.path for segment in segments(store))]
    return [name for name in names if not (store.folder / name).is_file()]


def _embedder(config: Any) -> Any:
    from omnilive.core.errors import BackendError
    from omnilive.reasoning.mind import Mind

    mind = Mind(config)
    try:
        return mind.embedder
    except BackendError:
        return None
    finally:
        mind.close()


def _pin_line(pin: "Pin") -> str:
    made = datetime.fromtimestamp(pin.made_wall_s).strftime("%Y-%m-%d")
    return f"{pin.id}  {span(pin.start_s, pin.end_s)}  {made}  {pin.note}".rstrip()
