"""Sessions: list, make, look at, delete."""

import logging
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from omnilive.core.errors import OmniLiveError
from omnilive.memory.library import Library
from omnilive.server.routing import SESSION, HubDep, errors
from omnilive.server.shapes import NewSession, SessionFacts, SessionList

logger = logging.getLogger(__name__)
router = APIRouter(tags=["sessions"])


@router.get(
    "/v1/sessions", response_model=SessionList, response_model_exclude_none=True,
    responses=errors(),
)  # fmt: skip
def list_sessions(hub: HubDep) -> dict[str, Any]:
    """List the stored sessions; a damaged one is listed with its error."""
    return {"sessions": [_described(hub.library, name) for name in hub.library.names()]}


@router.post(
    "/v1/sessions", status_code=201, response_model=SessionFacts, response_model_exclude_none=True,
    responses=errors(409, 413, 429, 507),
)  # fmt: skip
async def create_session(body: NewSession, hub: HubDep) -> dict[str, Any]:
    """Make an empty session."""
    await hub.create(body.id)
    return await run_in_threadpool(hub.library.describe, body.id)


@router.get(
    SESSION, response_model=SessionFacts, response_model_exclude_none=True, responses=errors()
)
def show_session(id: str, hub: HubDep) -> dict[str, Any]:
    """Return the facts about one session."""
    hub.readers.find(id)
    return hub.library.describe(id)


@router.delete(SESSION, status_code=204, responses=errors(409))
async def delete_session(id: str, hub: HubDep, request: Request) -> Response:
    """Stop the session's sources, then remove it with all its media."""
    await hub.delete(id)
    await request.app.state.clips.forget(id)
    return Response(status_code=204)


def _described(library: Library, name: str) -> dict[str, Any]:
    try:
        return library.describe(name)
    except (OmniLiveError, OSError, ValueError) as error:
        logger.warning("session %s cannot be read: %s", name, error)
        nothing = {"created_wall_s": 0.0, "duration_s": 0.0}
        counts = dict.fromkeys(("events", "last_seq", "moments", "bytes"), 0)
        return {"id": name, **nothing, **counts, "running": False, "error": str(error)}
