"""What a session remembers: the timeline, search, and pictures."""

import bisect
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from omnilive.core.errors import ConfigError
from omnilive.memory.base import Fact, Moment
from omnilive.memory.sqlite import SqliteStore, keyframe_path
from omnilive.server.errors import Refusal
from omnilive.server.routing import SESSION, HubDep, errors
from omnilive.server.shapes import Hits, Timeline

router = APIRouter(tags=["memory"])


@router.get(SESSION + "/timeline", response_model=Timeline, responses=errors())
async def timeline(
    id: str,
    hub: HubDep,
    before_s: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> dict[str, Any]:
    """Return the newest moments that begin before `before_s`, oldest first, with their facts."""
    return await hub.read(id, _timeline, 1e12 if before_s is None else before_s, limit)


@router.get(SESSION + "/search", response_model=Hits, responses=errors(503))
async def search(
    id: str,
    hub: HubDep,
    q: Annotated[str, Query(max_length=1000, description="words, or a description")],
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> dict[str, Any]:
    """Find what was perceived, by its words and by its meaning."""
    if not q.strip():
        raise ConfigError("the search is empty: say what to look for")
    found = await hub.search(id, q.strip(), limit)
    return {"results": [{**item.as_json(), "score": round(item.score, 4)} for item in found]}


@router.get(SESSION + "/keyframes/{n}.jpg", response_class=FileResponse, responses=errors())
def keyframe(id: str, n: int, hub: HubDep) -> FileResponse:
    """Return a picture that a moment, an answer or a search result names."""
    with hub.readers.reading(id) as store:
        path = store.folder / keyframe_path(n)
    if not path.is_file():
        raise Refusal(404, "unknown_keyframe", f"{id!r} has no keyframe {n}")
    return FileResponse(
        path,
        media_type="image/jpeg",
        headers={"Cache-Control": "private, max-age=31536000, immutable"},
        stat_result=path.stat(),
    )


def _timeline(store: SqliteStore, before_s: float, limit: int) -> dict[str, Any]:
    moments = store.moments(before_s=before_s, limit=limit)
    facts: list[list[Fact]] = [[] for _ in moments]
    if moments:
        starts = [moment.start_s for moment in moments]
        for fact in store.facts(start_s=starts[0], end_s=max(m.end_s for m in moments)):
            # Under the moment in which it began, once, however long it goes on.
            at = bisect.bisect_right(starts, fact.start_s) - 1
            if at >= 0 and fact.start_s < moments[at].end_s:
                facts[at].append(fact)
    told = [_moment(*pair) for pair in zip(moments, facts, strict=True)]
    return {"duration_s": round(store.end_s(), 3), "moments": told}


def _moment(moment: Moment, facts: list[Fact]) -> dict[str, Any]:
    return {
        "id": moment.id,
        "start_s": round(moment.start_s, 3),
        "end_s": round(moment.end_s, 3),
        "text": moment.text,
        "keyframe": moment.keyframe,
        "facts": [
            {
                "id": fact.id,
                "kind": fact.kind,
                "start_s": round(fact.start_s, 3),
                "end_s": round(fact.end_s, 3),
                "text": fact.text,
            }
            for fact in facts
        ],
    }
