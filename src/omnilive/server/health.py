"""Is the server alive, and is it ready: are the models there that its settings name?"""

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

from omnilive.server.errors import Refusal
from omnilive.server.routing import FORBIDDEN, HubDep
from omnilive.server.shapes import ErrorBody

if TYPE_CHECKING:
    from omnilive.config import SessionConfig

# As omnilive.reasoning.embedded names it; that module loads its model's library.
LANGUAGE_MODELS = {"embedded": "smollm2-135m-instruct-q4_1"}
router = APIRouter(tags=["health"])


def _says(status: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {"application/json": {"example": {"status": status}}}}}


@router.get("/healthz", responses=FORBIDDEN | _says("ok"))
async def alive() -> dict[str, str]:
    """Answer, which is all it takes."""
    return {"status": "ok"}


@router.get("/readyz", responses=FORBIDDEN | _says("ready") | {503: {"model": ErrorBody}})
def ready(hub: HubDep) -> dict[str, str]:
    """Tell whether a source can be watched and a question answered now."""
    if hub.closing:
        raise Refusal(503, "closing", "the server is stopping")
    if missing := _missing_models(hub.config):
        names = " ".join(missing)
        raise Refusal(503, "backend", f"models are missing: type `omnilive models pull {names}`")
    return {"status": "ready"}


def _missing_models(config: "SessionConfig") -> list[str]:
    # Imported here, because these lead to the libraries of models.
    from omnilive.catalog import fetch
    from omnilive.catalog.base import Status
    from omnilive.perception.senses import MODELS
    from omnilive.reasoning.mind import EMBEDDER_MODELS

    p = config.perception
    backends = (p.vad, p.asr, p.sounds, p.objects, p.tags, p.text)
    wanted = {MODELS[name] for name in backends if name in MODELS}
    wanted |= {EMBEDDER_MODELS[n] for n in (config.memory.embedder,) if n in EMBEDDER_MODELS}
    wanted |= {LANGUAGE_MODELS[n] for n in (config.reasoning.backend,) if n in LANGUAGE_MODELS}
    states = {state.model.name: state.status for state in fetch.states()}
    return sorted(name for name in wanted if states.get(name) is not Status.OK)
