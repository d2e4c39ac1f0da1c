"""What a session remembers: the timeline, search, and pictures."""

import bisect
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response

from omnilive.core.clock import wall_time
from omnilive.core.errors import ConfigError
from omnilive.memory.base import Fact, Moment
from omnilive.memory.control.pins import is_pinned, pinned
from omnilive.memory.plan import times_meant
from omnilive.memory.spans import Span
from omnilive.memory.store import Store, keyframe_path
from omnilive.memory.wall import WallClock, now_in
from omnilive.server.errors import Refusal
from omnilive.server.files import PARTIAL, UNCHANGED, send_file
from omnilive.server.routing import SESSION, HubDep, errors
from omnilive.server.shapes import ForgottenFacts, Hits, Timeline

router = APIRouter(tags=["memory"])


@router.get(SESSION + "/timeline", response_model=Timeline, responses=errors())
async def timeline(
    id: str,
    hub: HubDep,
    before_s: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
    when: Annotated[
        str | None, Query(max_length=200, description='such as "yesterday" or "on Monday morning"')
    ] = None,
) -> dict[str, Any]:
    """Return the newest moments that begin before `before_s`, oldest first, with their facts.

    With `when`, of the time that these words mean.
    """
    zone = hub.config.memory.time_zone
    before_s = 1e12 if before_s is None else before_s
    return await hub.read(id, _timeline, before_s, limit, when, zone)


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


@router.get(
    SESSION + "/keyframes/{n}.jpg", response_class=FileResponse,
    responses=errors(416) | PARTIAL | UNCHANGED | {
        200: {"description": "the picture", "content": {"image/jpeg": {}}}
    },
)  # fmt: skip
def keyframe(id: str, n: int, hub: HubDep, request: Request) -> Response:
    """Return a picture that a moment, an answer or a search result names."""
    with hub.readers.reading(id) as store:
        path = store.folder / keyframe_path(n)
    if not path.is_file():
        raise Refusal(404, "unknown_keyframe", f"{id!r} has no keyframe {n}")
    return send_file(request, path, "image/jpeg")


@router.delete(SESSION + "/memory", response_model=ForgottenFacts, responses=errors(409, 507))
async def forget_span(
    id: str,
    start_s: Annotated[float, Query(ge=0, allow_inf_nan=False)],
    end_s: Annotated[float, Query(ge=0, allow_inf_nan=False)],
    hub: HubDep,
    request: Request,
    uploads: Annotated[
        Literal["keep", "delete"],
        Query(description="uploaded files that hold only a part of the span"),
    ] = "keep",
) -> dict[str, Any]:
    """Forget a span for good: what was perceived, said and answered about it, and its pictures.

    It also works while the session is watching; what is perceived of the span only later is not
    stored either. An uploaded file is deleted when the span covers all of it. One that is named
    in `kept` still holds the span: it cannot be played or cut any more, `uploads=delete` removes
    it. Files that lie elsewhere on this machine are never touched.
    """
    found = await hub.forget(id, start_s, end_s, delete_uploads=uploads == "delete")
    await request.app.state.clips.forget(id)
    return found.as_json()


def _timeline(
    store: Store, before_s: float, limit: int, when: str | None, zone: str
) -> dict[str, Any]:
    moments = store.moments(before_s=before_s, limit=limit) if when is None else []
    for span in _meant(store, when, zone) if when is not None else ():
        end_s = min(before_s, span.end_s)
        moments += store.moments(start_s=span.start_s, before_s=end_s, limit=limit)
    moments = moments[-limit:]
    facts: list[list[Fact]] = [[] for _ in moments]
    if moments:
        starts = [moment.start_s for moment in moments]
        for fact in store.facts(start_s=starts[0], end_s=max(m.end_s for m in moments)):
            # Under the moment in which it began, once, however long it goes on.
            at = bisect.bisect_right(starts, fact.start_s) - 1
            if at >= 0 and fact.start_s < moments[at].end_s:
                facts[at].append(fact)
    kept = pinned(store)
    told = [_moment(one, of, kept) for one, of in zip(moments, facts, strict=True)]
    return {"duration_s": round(store.end_s(), 3), "moments": told}


def _meant(store: Store, when: str, zone: str) -> tuple[Span, ...]:
    clock = WallClock.of(store, zone)
    return times_meant(when, clock, store.end_s(), now_in(store, wall_time()))


def _moment(moment: Moment, facts: list[Fact], kept: list[Span]) -> dict[str, Any]:
    return {
        "id": moment.id,
        "start_s": round(moment.start_s, 3),
        "end_s": round(moment.end_s, 3),
        "text": moment.text,
        "keyframe": moment.keyframe,
        "level": moment.level,
        "size": moment.size,
        "pinned": is_pinned(Span(moment.start_s, moment.end_s), kept),
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
