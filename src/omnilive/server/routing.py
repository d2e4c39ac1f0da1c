"""What all routes have in common: how they reach the hub, and the errors they may answer."""

from typing import Annotated, Any

from fastapi import Depends, Request

from omnilive.server.hub import Hub
from omnilive.server.shapes import ErrorBody

SESSION = "/v1/sessions/{id}"


def _hub(request: Request) -> Hub:
    return request.app.state.hub


HubDep = Annotated[Hub, Depends(_hub)]


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of the errors of a route; 422 is one of every route's."""
    return {status: {"model": ErrorBody} for status in sorted({400, 404, 422, 500, *statuses})}
