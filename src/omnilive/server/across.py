"""Search and questions over several sessions at once: the cameras of a place, or all of them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from omnilive.core.clock import wall_time
from omnilive.core.errors import ConfigError, StoreError
from omnilive.memory.across import chosen
from omnilive.memory.store import Store
from omnilive.server.hub import Hub
from omnilive.server.routing import HubDep, errors
from omnilive.server.shapes import AnswerAcross, HitsAcross, QuestionAcross

router = APIRouter(tags=["questions"])


@router.get("/v1/search", response_model=HitsAcross, responses=errors(503))
async def search(
    hub: HubDep,
    q: Annotated[str, Query(max_length=1000, description="words, which may say when")],
    sessions: Annotated[
        str | None, Query(max_length=8000, description="names, with commas; all if left out")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> dict[str, Any]:
    """Find what was perceived in several sessions; each result names its session."""
    if not q.strip():
        raise ConfigError("the search is empty: say what to look for")
    mind = await hub.shared.mind()
    names = None if sessions is None else [n.strip() for n in sessions.split(",") if n.strip()]

    def find() -> list[dict[str, Any]]:
        with _reading(hub, names) as stores:
            found = mind.search_all(stores, q.strip(), limit, wall_time())
        return [
            {
                **item.evidence.as_json(), "score": round(item.evidence.score, 4),
                "wall_s": round(item.wall_s, 3),
            }
            for item in found
        ]  # fmt: skip

    return {"results": await run_in_threadpool(find)}


@router.post("/v1/ask", response_model=AnswerAcross, responses=errors(413, 429, 503))
async def ask(body: QuestionAcross, hub: HubDep) -> JSONResponse:
    """Answer one question from several sessions; the evidence names the session.

    The answer is written into no session's log.
    """
    if not body.question.strip():
        raise ConfigError('the question is empty: ask something, such as "what was said?"')
    mind = await hub.shared.mind()
    reading = _reading(hub, body.sessions)
    stores = await run_in_threadpool(reading.__enter__)
    try:
        answer = await mind.answer_all(stores, body.question.strip(), wall_time())
    finally:
        await run_in_threadpool(reading.__exit__, None, None, None)
    return JSONResponse(answer.as_json())


@contextmanager
def _reading(hub: Hub, names: Sequence[str] | None) -> Iterator[dict[str, Store]]:
    """Give the stores of the sessions; one that does not exist is refused with 404."""
    for name in names or ():
        hub.readers.find(name)
    with ExitStack() as stack:
        stores: dict[str, Store] = {}
        for name in chosen(hub.library, names):
            try:
                stores[name] = stack.enter_context(hub.readers.reading(name))
            except StoreError:  # of all sessions, a damaged one is left out
                if names is not None:
                    raise
        if not stores:
            raise ConfigError("there is no session that can be read")
        yield stores
