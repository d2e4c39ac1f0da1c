"""Checks every event that we send against the types of the official client."""

from typing import Any, get_args

from openai.types.realtime.realtime_server_event import RealtimeServerEvent
from pydantic import BaseModel

MODELS: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["type"].annotation)[0]: model
    for model in get_args(get_args(RealtimeServerEvent)[0])
}
OURS = {
    "omnilive.turn", "omnilive.transcript", "omnilive.paused", "omnilive.resumed",
    "omnilive.unspoken", "omnilive.going_away",
}  # fmt: skip
EXTRA = {"omnilive"}  # documented additions
SESSION = {"id", "object"}  # in OpenAI's documents, not in the client's types


def check(event: dict[str, Any]) -> None:
    """Raise when the official client would read the event otherwise than it is meant."""
    assert event["event_id"].startswith("event_")
    if event["type"] in OURS:
        return
    read = MODELS[event["type"]].model_validate(event)
    strays = list(_strays(read))
    allowed = EXTRA | (SESSION if event["type"].startswith("session.") else set())
    assert set(strays) <= allowed, (event["type"], strays)


def _strays(value: Any) -> Any:
    """Name the keys, at any depth, that the types do not know."""
    if isinstance(value, BaseModel):
        yield from value.model_extra or {}
        for name in type(value).model_fields:
            yield from _strays(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from _strays(item)
