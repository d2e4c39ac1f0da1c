"""Standing watches of a session: made in plain words or as rules, tried out, explained."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from omnilive.core.errors import ConfigError
from omnilive.dialogue.watches.listing import changed
from omnilive.dialogue.watches.outcome import Reply, Understood
from omnilive.dialogue.watches.rule import Rule, Webhook, rule_from_json, rule_json
from omnilive.media.reach import Reach
from omnilive.memory.store import Store
from omnilive.memory.watches import WatchTable
from omnilive.server.errors import Refusal
from omnilive.server.hub import Hub
from omnilive.server.routing import SESSION, HubDep, errors
from omnilive.server.watch_shapes import (
    AlertList,
    Attempt,
    EditedWatch,
    Explanation,
    NarrationFacts,
    NewNarration,
    NewWatch,
    Preview,
    Trial,
    WatchFacts,
    WatchList,
)

if TYPE_CHECKING:
    from omnilive.dialogue.watches.desk import Watches

router = APIRouter(tags=["watches"])
WATCHES = SESSION + "/watches"
WATCH = WATCHES + "/{wid}"
Body = NewWatch | EditedWatch | Attempt


@router.get(WATCHES, response_model=WatchList, responses=errors(503))
async def list_watches(id: str, hub: HubDep) -> dict[str, Any]:
    """List the watches of a session, oldest first."""
    async with _watches(hub, id) as desk:
        return {"watches": await desk.list()}


@router.post(WATCHES, status_code=201, response_model=WatchFacts, responses=errors(429, 503, 507))
async def add_watch(id: str, body: NewWatch, hub: HubDep) -> dict[str, Any]:
    """Add a watch in plain words or as a rule.

    What is not understood is answered with 422: `code` says what is wrong (unclear, unseen,
    missing, contradiction, never, flood, source, target, time, removal, narration), `message` asks
    back.
    """
    async with _watches(hub, id) as desk:
        read = await _accepted(hub, desk, body)
        if len(await run_in_threadpool(desk.book.all)) >= desk.config.most:
            raise Refusal(
                429,
                "full",
                f"this session has {desk.config.most} watches already (watches.most): remove some",
            )
        line = await desk.add(read.rule, armed=body.armed)
        return {**line, "notes": list(read.notes)}


@router.post(WATCHES + "/preview", response_model=Preview, responses=errors(503))
async def preview_watch(id: str, body: Attempt, hub: HubDep) -> dict[str, Any]:
    """Say how a watch would be understood, or what is asked back; nothing is stored."""
    async with _watches(hub, id) as desk:
        read = await _read(hub, desk, body)
    if isinstance(read, Reply):
        return {
            "understood": False, "code": read.code, "question": read.text,
            "suggestions": list(read.suggestions),
        }  # fmt: skip
    return {
        "understood": True, "rule": rule_json(read.rule), "readable": read.readable,
        "notes": list(read.notes),
    }  # fmt: skip


@router.post(WATCHES + "/dry-run", response_model=Trial, responses=errors(503))
async def try_watch(id: str, body: Attempt, hub: HubDep) -> dict[str, Any]:
    """Show when a watch that is not stored would have fired."""
    async with _watches(hub, id) as desk:
        read = await _accepted(hub, desk, body)
        return await _trial(desk, read, body.start_s, body.end_s)


@router.get(WATCH, response_model=WatchFacts, responses=errors(503))
async def get_watch(id: str, wid: str, hub: HubDep) -> dict[str, Any]:
    """Return one watch with its state and what it knows now."""
    async with _watches(hub, id) as desk:
        return await _found(desk, wid)


@router.patch(WATCH, response_model=WatchFacts, responses=errors(503, 507))
async def edit_watch(id: str, wid: str, body: EditedWatch, hub: HubDep) -> dict[str, Any]:
    """Change the words, the rule or some of its fields; pause it, or arm it again.

    A watch that is changed starts anew; a firing of the old rule that is still being checked
    is dropped.
    """
    async with _watches(hub, id) as desk:
        line = await _found(desk, wid)
        if body.text is not None or body.rule is not None or body.change:
            said = body if body.text is not None or body.rule is not None else line["rule"]
            read = await _accepted(hub, desk, said, body.change)
            line = {**await desk.edit(wid, read.rule), "notes": list(read.notes)}
        if body.state is not None:
            notes = line.get("notes", [])
            do = desk.pause if body.state == "paused" else desk.arm
            line = {**await do(wid), "notes": notes}
        return line


@router.delete(WATCH, status_code=204, responses=errors(503, 507))
async def remove_watch(id: str, wid: str, hub: HubDep) -> Response:
    """Delete a watch; its alerts stay in the log."""
    async with _watches(hub, id) as desk:
        await _found(desk, wid)
        await desk.remove(wid)
    return Response(status_code=204)


@router.post(WATCH + "/dry-run", response_model=Trial, responses=errors(503))
async def try_stored_watch(
    id: str, wid: str, hub: HubDep, body: Attempt | None = None
) -> dict[str, Any]:
    """Show when a stored watch, or a changed form of it, would have fired."""
    body = body or Attempt()
    async with _watches(hub, id) as desk:
        line = await _found(desk, wid)
        said = body if body.text is not None or body.rule is not None else line["rule"]
        read = await _accepted(hub, desk, said, body.change)
        return await _trial(desk, read, body.start_s, body.end_s)


@router.get(WATCH + "/explain", response_model=Explanation, responses=errors(503))
async def explain_watch(
    id: str,
    wid: str,
    hub: HubDep,
    t: Annotated[float, Query(ge=0, le=1e9, allow_inf_nan=False, description="session second")],
) -> dict[str, Any]:
    """Say why a watch fired or stayed silent at a second of the past; also a removed one."""
    async with _watches(hub, id) as desk:
        return await desk.explain(wid, t)


@router.get(SESSION + "/alerts", response_model=AlertList, responses=errors())
async def list_alerts(
    id: str,
    hub: HubDep,
    after: Annotated[int, Query(ge=0, le=2**53, description="the last sequence number known")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
    watch: Annotated[str, Query(max_length=40, description="of this watch only")] = "",
) -> dict[str, Any]:
    """List alerts after a line of the log, oldest first, with their evidence."""
    return {"alerts": await hub.read(id, _alerts, after, limit, watch)}


def _alerts(store: Store, *wanted: Any) -> list[dict[str, Any]]:
    return WatchTable(store).alerts(*wanted)


@router.get(SESSION + "/narration", response_model=NarrationFacts, responses=errors(503))
async def get_narration(id: str, hub: HubDep) -> dict[str, Any]:
    """Return what a session narrates."""
    async with _watches(hub, id) as desk:
        return await run_in_threadpool(desk.narration.status)


@router.put(SESSION + "/narration", response_model=NarrationFacts, responses=errors(503, 507))
async def set_narration(id: str, body: NewNarration, hub: HubDep) -> dict[str, Any]:
    """Let a session speak of what it sees ("commentary") or of the next of some "steps".

    Remarks are lines of the log (`remark`), and are said on the session's lines. It stays so,
    also for sources that are watched later, until it is set to "off".
    """
    async with _watches(hub, id) as desk:
        await desk.narrate(body.mode, body.steps)
        return await run_in_threadpool(desk.narration.status)


@asynccontextmanager
async def _watches(hub: Hub, name: str) -> "AsyncIterator[Watches]":
    """Give the watches of a session, whether it runs in this process or not."""
    hub.readers.find(name)
    running = hub.running.get(name)
    if running is not None and not running.is_closing:
        yield running.session.watches
        return
    async with hub.resting(name) as session:
        yield session.watches


async def _found(desk: "Watches", wid: str) -> dict[str, Any]:
    try:
        return await desk.get(wid)
    except ConfigError as error:
        raise Refusal(404, "unknown_watch", str(error)) from error


async def _read(
    hub: Hub, desk: "Watches", said: Body | Mapping[str, Any], change: Mapping[str, Any] = {}
) -> Understood | Reply:
    """Understand what was sent, with the fields changed that it names."""
    if isinstance(said, NewWatch | EditedWatch | Attempt):
        if (said.text is None) == (said.rule is None):
            raise ConfigError(
                "send the watch as `text`, in plain words, or as `rule`: one of the two"
            )
        change = said.change or change
        words_or_rule: Any = said.text if said.text is not None else rule_from_json(said.rule or {})
    else:
        words_or_rule = rule_from_json(said)
    read = await desk.understand(words_or_rule)
    if change and isinstance(read, Understood):
        notes = read.notes
        read = await desk.understand(changed(read.rule, change))
        if isinstance(read, Understood):
            read = Understood(rule=read.rule, readable=read.readable, notes=notes)
    if isinstance(read, Understood):
        await run_in_threadpool(_check_targets, hub, read.rule)
    return read


async def _accepted(
    hub: Hub, desk: "Watches", said: Body | Mapping[str, Any], change: Mapping[str, Any] = {}
) -> Understood:
    read = await _read(hub, desk, said, change)
    if isinstance(read, Reply):
        raise Refusal(422, read.code, str(read))
    return read


def _check_targets(hub: Hub, rule: Rule) -> None:
    """Refuse a webhook to an address that clients of this server may not reach."""
    media = hub.config.media
    if not media.public_only:
        return
    for target in rule.to:
        if not isinstance(target, Webhook):
            continue
        parts = urlsplit(target.url)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            Reach(media).resolve(parts.hostname or "", port)
        except PermissionError as error:
            raise Refusal(403, "private_target", str(error)) from error
        except (OSError, ValueError) as error:
            raise Refusal(422, "target", f"{target.url}: there is no such host") from error


async def _trial(
    desk: "Watches", read: Understood, start_s: float, end_s: float | None
) -> dict[str, Any]:
    alerts = await desk.dry_run(read.rule, start_s, end_s)
    return {
        "readable": read.readable, "rule": rule_json(read.rule),
        "notes": [*read.notes, *await desk.note_on_log()], "alerts": alerts,
    }  # fmt: skip
