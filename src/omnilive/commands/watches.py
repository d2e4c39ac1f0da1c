"""`omnilive watches`: standing watches of a stored session, also while it is being watched."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from omnilive.commands.asks import at_second
from omnilive.commands.desk import in_loop, open_session, steps_of, understood, with_desk
from omnilive.commands.options import (
    ConfigFile,
    Json,
    Recipe,
    SessionName,
    Sets,
    group,
    settings,
)
from omnilive.commands.output import clock, remark, say, say_json, table
from omnilive.commands.stored import open_store, stored
from omnilive.commands.words import alert_lines
from omnilive.core.errors import ConfigError

if TYPE_CHECKING:
    from omnilive.config import SessionConfig
    from omnilive.dialogue.watches.desk import Watches
    from omnilive.dialogue.watches.outcome import Understood

watches = group("watches", "Standing watches: what to look out for, and why each spoke or did not.")
WatchId = Annotated[str, typer.Argument(metavar="WATCH", help="Id of a watch, such as w1.")]
Words = Annotated[str, typer.Argument(metavar="WORDS", help="What to look out for.")]
Hook = Annotated[
    list[str] | None, typer.Option("--webhook", metavar="URL", help="Post alerts there as well.")
]
Topic = Annotated[
    list[str] | None,
    typer.Option("--mqtt", metavar="TOPIC", help="Publish alerts to this topic as well."),
]
Saying = Annotated[
    str | None,
    typer.Option("--say", help="What the alert says; {text}, {label}, {count}, {time} fill in."),
]
Once = Annotated[
    bool | None, typer.Option("--once/--each", help="Only the first time, or each time.")
]
Cooldown = Annotated[
    float | None,
    typer.Option("--cooldown", metavar="SECONDS", min=0, help="Silence after an alert."),
]
Check = Annotated[
    bool | None, typer.Option("--check/--no-check", help="Let a model look at it first.")
]


@watches.command()
def add(
    session: SessionName,
    words: Annotated[str | None, typer.Argument(metavar="[WORDS]")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="A YAML or JSON list of sentences or rules."),
    ] = None,
    webhook: Hook = None,
    mqtt: Topic = None,
    saying: Saying = None,
    once: Once = None,
    cooldown: Cooldown = None,
    check: Check = None,
    paused: Annotated[bool, typer.Option("--paused", help="Do not arm it yet.")] = False,
    json: Json = False,
    recipe: Recipe = None,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Add a watch in plain words, English or Chinese, or every one of a file.

    What was understood is printed; nothing is stored of what is not understood.

    \b
    Example:
      omnilive watches add kitchen "warn me if someone stands there longer than ten seconds"
    """
    if (words is None) == (file is None):
        raise ConfigError("say what to look out for, or name a file with --file: one of the two")
    from omnilive.dialogue.watches.listing import read_file

    said = read_file(file) if file is not None else [(words or "", {})]
    change = _change(webhook, mqtt, saying, once, cooldown, check)

    async def run(desk: "Watches") -> list[dict[str, Any]]:
        found = [await understood(desk, one, {**own, **change}) for one, own in said]
        added = []
        for read in found:  # none is stored unless all were understood
            line = await desk.add(read.rule, armed=not paused)
            added.append({**line, "notes": list(read.notes)})
        return added

    for watch in with_desk(session, run, recipe, set, config):
        _show(watch, json)


@watches.command("list")
def list_watches(session: SessionName, json: Json = False) -> None:
    """List the watches of a session.

    \b
    Example:
      omnilive watches list kitchen
    """
    found = with_desk(session, lambda desk: desk.list())
    rows = [("WATCH", "STATE", "ALERTS", "RULE")]
    for watch in found:
        if json:
            say_json({"type": "watch", **watch})
        rows.append((watch["id"], watch["state"], str(watch["alerts"]), watch["readable"]))
    if not found:
        remark(f'no watch yet: omnilive watches add {session} "tell me when a person comes in"')
    elif not json:
        for line in table(rows):
            say(line)


@watches.command()
def show(session: SessionName, watch: WatchId, json: Json = False) -> None:
    """Show one watch: the rule as understood, and what it knows now.

    \b
    Example:
      omnilive watches show kitchen w1
    """
    _show(with_desk(session, lambda desk: desk.get(watch)), json, whole=True)


@watches.command()
def edit(
    session: SessionName,
    watch: WatchId,
    words: Annotated[str | None, typer.Argument(metavar="[WORDS]")] = None,
    webhook: Hook = None,
    mqtt: Topic = None,
    saying: Saying = None,
    once: Once = None,
    cooldown: Cooldown = None,
    check: Check = None,
    json: Json = False,
    recipe: Recipe = None,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Change a watch: new words, or some of its fields. It starts anew.

    \b
    Example:
      omnilive watches edit kitchen w1 --cooldown 60
    """
    change = _change(webhook, mqtt, saying, once, cooldown, check)
    if words is None and not change:
        raise ConfigError("say what is to change: new words, or an option such as --cooldown 60")

    async def run(desk: "Watches") -> dict[str, Any]:
        said = words if words is not None else (await desk.get(watch))["rule"]
        read = await understood(desk, said, change)
        return {**await desk.edit(watch, read.rule), "notes": list(read.notes)}

    _show(with_desk(session, run, recipe, set, config), json)


@watches.command()
def pause(session: SessionName, watch: WatchId, json: Json = False) -> None:
    """Let a watch sleep until it is armed again.

    \b
    Example:
      omnilive watches pause kitchen w1
    """
    _show(with_desk(session, lambda desk: desk.pause(watch)), json)


@watches.command()
def arm(session: SessionName, watch: WatchId, json: Json = False) -> None:
    """Wake a watch that sleeps or is done; it starts anew.

    \b
    Example:
      omnilive watches arm kitchen w1
    """
    _show(with_desk(session, lambda desk: desk.arm(watch)), json)


@watches.command()
def remove(session: SessionName, watch: WatchId) -> None:
    """Delete a watch; its alerts stay in the log.

    \b
    Example:
      omnilive watches remove kitchen w1
    """
    with_desk(session, lambda desk: desk.remove(watch))
    remark(f"removed {watch}")


@watches.command()
def explain(
    session: SessionName,
    watch: WatchId,
    at: Annotated[
        str, typer.Option("--at", metavar="SECONDS", help="Second of the session to explain.")
    ],
    json: Json = False,
) -> None:
    """Say why a watch fired or stayed silent at a second of the past.

    \b
    Example:
      omnilive watches explain kitchen w1 --at 41.5
    """
    t = at_second(at, "--at")
    found = with_desk(session, lambda desk: desk.explain(watch, t))
    if json:
        say_json({"type": "explanation", **found})
        return
    say(f"{clock(t)}  {found['why']}: {found['text']}")
    if found["rule"]:
        say(f"      rule   {found['rule']}")
    for event in found["events"]:
        say(f"      at {event['t']:.1f} s: {event['what']}")


@watches.command("dry-run")
def dry_run(
    session: Annotated[
        str, typer.Argument(metavar="SESSION|FILE", help="A stored session, or a media file.")
    ],
    words: Words,
    start: Annotated[float, typer.Option("--from", metavar="SECONDS", min=0)] = 0.0,
    end: Annotated[float | None, typer.Option("--to", metavar="SECONDS", min=0)] = None,
    json: Json = False,
    recipe: Recipe = None,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Show when a watch would have fired, over a stored session or a file; nothing is stored.

    \b
    Example:
      omnilive watches dry-run kitchen "tell me when a dog appears"
    """
    chosen = settings(recipe, set, config).config
    library = stored(chosen)
    if session in library.names():
        folder = library.folder(session)
        found = in_loop(_dry_run(session, words, start, end, chosen))
    elif Path(session).is_file():
        found, folder = in_loop(_dry_run_file(session, words, start, end, chosen)), Path()
    else:
        raise ConfigError(f"{session!r} is neither a stored session nor a file")
    read, alerts = found
    if json:
        for alert in alerts:
            say_json(alert)
        say_json({"type": "dry_run", "readable": read.readable, "alerts": len(alerts)})
        return
    say(f"understood: {read.readable}")
    _remarks(read.notes)
    for alert in alerts:
        for line in alert_lines(alert, folder):
            say(line)
    times = {0: "never", 1: "once"}.get(len(alerts), f"{len(alerts)} times")
    say(f"this would have fired {times}")


@watches.command()
def alerts(
    session: SessionName,
    watch: Annotated[str, typer.Option("--watch", help="Of this watch only.")] = "",
    after: Annotated[int, typer.Option("--after", metavar="SEQ", min=0)] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1)] = 500,
    json: Json = False,
) -> None:
    """List the alerts of a session, with the evidence for each.

    \b
    Example:
      omnilive watches alerts kitchen
    """
    found = with_desk(session, lambda desk: desk.alerts(after, limit, watch))
    folder = stored().folder(session)
    for alert in found:
        if json:
            say_json(alert)
        else:
            for line in alert_lines(alert, folder):
                say(line)
    if not found:
        remark("no alerts")


@watches.command()
def narrate(
    session: SessionName,
    mode: Annotated[
        Literal["commentary", "steps", "off"],
        typer.Argument(metavar="commentary|steps|off", help="What to narrate."),
    ],
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="The steps: a YAML or JSON list, or lines."),
    ] = None,
    json: Json = False,
) -> None:
    """Let a session speak of what it sees, or of the next step of a procedure, while watched.

    It stays so, also for sources that are watched later, until it is switched off.

    \b
    Example:
      omnilive watches narrate kitchen commentary
    """
    steps = steps_of(mode, file)
    line = with_desk(session, lambda desk: desk.narrate(mode, steps))
    if json:
        say_json(line)
    else:
        say(f"narration: {line['state']}")


@watches.command()
def deliver(
    session: SessionName,
    patience: Annotated[
        float, typer.Option("--for", metavar="SECONDS", min=0.1, help="How long to try.")
    ] = 60.0,
    recipe: Recipe = None,
    set: Sets = None,
    config: ConfigFile = None,
) -> None:
    """Deliver the alerts that wait for a webhook or MQTT broker, as the server does by itself.

    \b
    Example:
      omnilive watches deliver kitchen
    """
    from omnilive.commands.couriers import deliver_waiting
    from omnilive.commands.stored import refuse_busy

    chosen = settings(recipe, set, config).config
    library = stored(chosen)
    refuse_busy(session, library)
    store = open_store(session, chosen)
    try:
        left = in_loop(deliver_waiting(session, store, chosen, library.root, patience))
    finally:
        store.close()
    remark("all delivered" if not left else f"{left} target(s) could not be reached yet")


@watches.command()
def secret(recipe: Recipe = None, set: Sets = None, config: ConfigFile = None) -> None:
    """Print the secret that signs webhooks; receivers check signatures with it.

    \b
    Example:
      omnilive watches secret
    """
    from omnilive.dialogue.watches.deliver.senders import secret_of

    say(secret_of(settings(recipe, set, config).config.delivery, stored().root))


def _change(
    webhook: list[str] | None, mqtt: list[str] | None, saying: str | None, once: bool | None,
    cooldown: float | None, check: bool | None,
) -> dict[str, Any]:  # fmt: skip
    targets = [{"kind": "webhook", "url": url} for url in webhook or ()]
    targets += [{"kind": "mqtt", "topic": topic} for topic in mqtt or ()]
    values = {
        "add_to": targets or None, "say": saying, "cooldown_s": cooldown, "check": check,
        "repeat": None if once is None else "once" if once else "each",
    }  # fmt: skip
    return {name: value for name, value in values.items() if value is not None}


async def _dry_run(
    name: str, words: str, start_s: float, end_s: float | None, config: "SessionConfig"
) -> tuple["Understood", list[dict[str, Any]]]:
    async with open_session(name, config) as session:
        read = await understood(session.watches, words, {})
        notes = (*read.notes, *await session.watches.note_on_log())
        alerts = await session.watches.dry_run(read.rule, start_s, end_s)
        return replace(read, notes=notes), alerts


async def _dry_run_file(
    file: str, words: str, start_s: float, end_s: float | None, config: "SessionConfig"
) -> tuple["Understood", list[dict[str, Any]]]:
    """Perceive a file into a session that is gone afterwards."""
    import tempfile

    from omnilive.memory.library import Library
    from omnilive.session import Session

    with tempfile.TemporaryDirectory(prefix="omnilive-") as folder:
        library = Library(Path(folder))
        async with Session.open("dry-run", config, library=library) as session:
            read = await understood(session.watches, words, {})  # before the work is done
            await session.watch(file, "fast")
            alerts = await session.watches.dry_run(read.rule, start_s, end_s)
    gone = {"keyframe": None}
    return read, [
        {**alert, **gone, "evidence": [{**one, **gone} for one in alert["evidence"]]}
        for alert in alerts
    ]


def _show(watch: Mapping[str, Any], json: bool, whole: bool = False) -> None:
    if json:
        say_json({"type": "watch", **watch})
        return
    say(f"{watch['id']}  {watch['state']}: {watch['readable']}")
    _remarks(watch.get("notes", ()))
    if whole:
        last = "" if watch["last_s"] is None else f", last at {clock(watch['last_s'])}"
        say(f"      {watch['alerts']} alerts{last}; armed at {clock(watch['armed_s'])}")
        if watch["text"]:
            say(f"      said: {watch['text']}")
        if watch["error"]:
            say(f"      failed: {watch['error']}")


def _remarks(notes: Any) -> None:
    for note in notes:
        remark(f"note: {note}")
