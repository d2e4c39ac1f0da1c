"""Memory in its owner's hands: how full it is, pins, corrections, forgetting by subject."""

from typing import Any

from fastapi import APIRouter, Request, Response

from omnilive.core.errors import ConfigError
from omnilive.memory.base import Fact
from omnilive.memory.control.about import About, found_about
from omnilive.memory.control.edit import edit_fact
from omnilive.memory.control.pins import pin, pins, unpin
from omnilive.memory.control.usage import usage
from omnilive.memory.store import Store
from omnilive.server.control_shapes import (
    CorrectedFacts,
    Correction,
    Matched,
    MatchList,
    MemoryFacts,
    NewPin,
    PinFacts,
    PinList,
    ToForget,
)
from omnilive.server.errors import Refusal
from omnilive.server.routing import SESSION, HubDep, errors
from omnilive.server.shapes import ForgottenFacts

router = APIRouter(tags=["memory"])
SHOWN = 1000  # facts that are listed


@router.get(SESSION + "/memory", response_model=MemoryFacts, responses=errors())
async def memory(id: str, hub: HubDep) -> dict[str, Any]:
    """Tell how much the session remembers, how coarse, and how much of its budget that takes."""
    settings = hub.config.memory
    return await hub.read(id, usage, settings.budget, settings.recording)


@router.get(SESSION + "/pins", response_model=PinList, responses=errors())
async def list_pins(id: str, hub: HubDep) -> dict[str, Any]:
    """List what is pinned, by start."""
    return {"pins": [one.as_json() for one in await hub.read(id, pins)]}


@router.post(
    SESSION + "/pins", status_code=201, response_model=PinFacts, responses=errors(409, 507)
)
async def add_pin(id: str, new: NewPin, hub: HubDep) -> dict[str, Any]:
    """Keep a span as it is: nothing merges it, thins its pictures out, or forgets it by age."""
    made = await hub.read(id, pin, new.start_s, new.end_s, new.note)
    return made.as_json()


@router.delete(SESSION + "/pins/{n}", status_code=204, responses=errors(409, 507))
async def remove_pin(id: str, n: int, hub: HubDep) -> Response:
    """Let a pinned span grow old like any other."""
    known = await hub.read(id, pins)
    if all(one.id != n for one in known):
        raise Refusal(404, "unknown_pin", f"{id!r} has no pin {n}")
    await hub.read(id, unpin, n)
    return Response(status_code=204)


@router.patch(
    SESSION + "/facts/{n}", response_model=CorrectedFacts, responses=errors(409, 503, 507)
)
async def correct(id: str, n: int, wanted: Correction, hub: HubDep) -> dict[str, Any]:
    """Correct a misheard word or a wrong label. The old text goes; the log has a line `edit`.

    Something that still goes on is refused: correct it when it is over.
    """
    if not -(2**63) <= n < 2**63 or await hub.read(id, Store.fact, n) is None:
        raise Refusal(404, "unknown_fact", f"{id!r} has no fact {n}")
    embedder = (await hub.shared.mind()).embedder
    line = await hub.read(id, edit_fact, n, text=wanted.text, label=wanted.label, embedder=embedder)
    return {**line, "id": n}


@router.post(SESSION + "/memory/match", response_model=MatchList, responses=errors())
async def match(id: str, wanted: Matched, hub: HubDep) -> dict[str, Any]:
    """List the facts that are about something, as they would be forgotten. Changes nothing."""
    facts = await hub.read(id, found_about, _about(wanted))
    return {"count": len(facts), "facts": [_fact(fact) for fact in facts[:SHOWN]]}


@router.post(SESSION + "/memory/forget", response_model=ForgottenFacts, responses=errors(409, 507))
async def forget_about(id: str, wanted: ToForget, hub: HubDep, request: Request) -> dict[str, Any]:
    """Forget for good what is about something: things by their label, or what holds a phrase.

    It goes with all that was made of it: parts of moments, answers, pictures in which the thing was
    to be seen, those stretches of recordings. The rest of that time stays. An uploaded file that
    holds some of it is named in `kept`; `uploads=delete` removes it.
    """
    found = await hub.forget_about(id, _about(wanted), delete_uploads=wanted.uploads == "delete")
    await request.app.state.clips.forget(id)
    return found.as_json()


def _about(wanted: Matched) -> About:
    end_s = 1e12 if wanted.end_s is None else wanted.end_s
    if end_s <= wanted.start_s:
        raise ConfigError("end_s must be after start_s")
    return About(
        label=wanted.label, phrase=wanted.phrase, around_s=wanted.around_s,
        start_s=wanted.start_s, end_s=end_s,
    )  # fmt: skip


def _fact(fact: Fact) -> dict[str, Any]:
    return {
        "id": fact.id, "kind": fact.kind, "start_s": round(fact.start_s, 3),
        "end_s": round(fact.end_s, 3), "text": fact.text,
    }  # fmt: skip
