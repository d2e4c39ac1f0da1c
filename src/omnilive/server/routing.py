"""What all routes have in common: how they reach the hub, and the errors they may answer."""

from typing import Annotated, Any

from fastapi import Depends, Request

from omnilive.server.hub import Hub
from omnilive.server.shapes import ErrorBody

SESSION = "/v1/sessions/{id}"
SSE_EVENT: dict[str, Any] = {
    "description": "one server-sent event; `data` is JSON",
    "type": "object",
    "properties": {
        "id": {"type": "string"}, "event": {"type": "string"}, "data": {"type": "string"},
    },
}  # fmt: skip


def _hub(request: Request) -> Hub:
    return request.app.state.hub


HubDep = Annotated[Hub, Depends(_hub)]


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of the errors of a route: those that all have, and its own.

    401, 403 and 413 are the guard's: no token, a foreign name or web site, too large.
    """
    every = {400, 401, 403, 404, 413, 422, 500, *statuses}
    return {status: _described(status) for status in sorted(every)}


FORBIDDEN: dict[int | str, dict[str, Any]] = {403: {"model": ErrorBody}}  # a foreign name


def _described(status: int) -> dict[str, Any]:
    described: dict[str, Any] = {"model": ErrorBody}
    if status == 429:
        seconds = {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}
        described["headers"] = {"Retry-After": seconds}
    return described
