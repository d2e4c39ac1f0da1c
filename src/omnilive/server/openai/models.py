"""`GET /v1/models`: every session is a model, named `omnilive:SESSION`."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from omnilive.core.errors import OmniLiveError
from omnilive.server.errors import Refusal
from omnilive.server.hub import Hub
from omnilive.server.openai.problems import ErrorBody, OpenAIRoute, Problem
from omnilive.server.routing import HubDep

router = APIRouter(tags=["openai"], route_class=OpenAIRoute)
PREFIX = "omnilive:"
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (400, 401, 403, 404, 422, 500)
}


class ModelFacts(BaseModel):
    """A session, as a model."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "omnilive:kitchen",
                    "object": "model",
                    "created": 1767225600,
                    "owned_by": "omnilive",
                }
            ]
        }
    )
    id: str
    object: str = "model"
    created: int
    owned_by: str = "omnilive"


class ModelList(BaseModel):
    """All sessions, as models."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "object": "list",
                    "data": [
                        {
                            "id": "omnilive:kitchen",
                            "object": "model",
                            "created": 1767225600,
                            "owned_by": "omnilive",
                        }
                    ],
                }
            ]
        }
    )
    object: str = "list"
    data: list[ModelFacts]


@router.get("/v1/models", response_model=ModelList, responses=ERRORS)
def list_models(hub: HubDep) -> ModelList:
    """List the sessions that can be asked."""
    found = (_facts(hub, name) for name in hub.library.names())
    return ModelList(data=[facts for facts in found if facts is not None])


@router.get("/v1/models/{model:path}", response_model=ModelFacts, responses=ERRORS)
def show_model(model: str, hub: HubDep) -> ModelFacts:
    """Return one session, as a model."""
    facts = _facts(hub, find_session(hub, model))
    if facts is None:
        raise Problem(f"session of {model!r} is damaged", code="store", status=500)
    return facts


def find_session(hub: Hub, model: str) -> str:
    """Return the session that a model id names; an unknown one is refused with 404."""
    name = model.removeprefix(PREFIX)
    try:
        if not model.startswith(PREFIX):
            raise Problem("")
        hub.readers.find(name)
    except (Refusal, OmniLiveError):
        raise Problem(
            f"The model {model!r} does not exist: name a session as omnilive:SESSION "
            "(GET /v1/models lists them, POST /v1/sessions makes one)",
            code="model_not_found", param="model", status=404,
        ) from None  # fmt: skip
    return name


def _facts(hub: Hub, name: str) -> ModelFacts | None:
    try:
        created = hub.library.describe(name)["created_wall_s"]
    except (OmniLiveError, OSError, ValueError):
        return None  # damaged: GET /v1/sessions says how
    return ModelFacts(id=PREFIX + name, created=int(created))
