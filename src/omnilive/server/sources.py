"""Sources of a session: add a URL or an uploaded file, see how each is doing, stop, play back."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from omnilive.media.open import kind_of
from omnilive.memory.base import SourceRow
from omnilive.memory.control.forget import span_of
from omnilive.memory.spans import Span, overlaps
from omnilive.server.errors import Refusal
from omnilive.server.files import PARTIAL, UNCHANGED, send_file
from omnilive.server.hub import Hub
from omnilive.server.permits import check_source
from omnilive.server.routing import SESSION, HubDep, errors
from omnilive.server.running import Pace, Watch
from omnilive.server.shapes import NewSource, SourceFacts, SourceList
from omnilive.server.upload import receive_file

if TYPE_CHECKING:
    from omnilive.media.base import MaskConfig
    from omnilive.memory.store import Store

router = APIRouter(tags=["sources"])

ACTIVE = ("connecting", "watching", "live", "stalled", "reconnecting")
PLAYABLE = {  # what browsers play, as far as a name can tell
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
    ".ogv": "video/ogg", ".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".wav": "audio/wav",
    ".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg", ".flac": "audio/flac",
    ".aac": "audio/aac",
}  # fmt: skip
PLAYABLE_TYPES = set(PLAYABLE.values())
_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": NewSource.model_json_schema()},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
    },
}


class Hidden(NamedTuple):
    """What may not be seen of files: spans of the session, and sources that are masked."""

    spans: list[Span]
    masked: frozenset[int]


@router.get(SESSION + "/sources", response_model=SourceList, responses=errors())
async def list_sources(id: str, hub: HubDep) -> dict[str, Any]:
    """List the session's sources and how each is doing."""
    return {"sources": await _sources(hub, id)}


@router.post(
    SESSION + "/sources", status_code=201, response_model=SourceFacts,
    responses=errors(409, 413, 415, 429, 503, 507), openapi_extra={"requestBody": _BODY},
)  # fmt: skip
async def add_source(id: str, request: Request, hub: HubDep) -> dict[str, Any]:
    """Watch a URL (JSON) or an uploaded file (multipart field `file`); answers once it is open."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        number = await _watch_upload(hub, id, request)
    elif kind == "application/json":
        source = _parsed(await request.body())
        check_source(hub.server, source.url)
        pace: Pace = source.pace or ("fast" if kind_of(source.url) == "file" else "live")
        number = await hub.watch(id, source.url, pace)
    else:
        raise Refusal(415, "media_type", "send JSON with a url, or a multipart form with a file")
    return _numbered(await _sources(hub, id), number)


@router.delete(SESSION + "/sources/{n}", status_code=204, responses=errors())
async def stop_source(id: str, n: int, hub: HubDep) -> Response:
    """Stop watching a source; what was perceived is kept."""
    await hub.stop(id, n)
    return Response(status_code=204)


@router.get(
    SESSION + "/sources/{n}/media", response_class=FileResponse,
    responses=errors(416) | PARTIAL | UNCHANGED | {
        200: {"description": "the file", "content": {kind: {} for kind in sorted(PLAYABLE_TYPES)}}
    },
)  # fmt: skip
def play_source(id: str, n: int, hub: HubDep, request: Request) -> Response:
    """Send the file of a source, whole or in part."""
    with hub.readers.reading(id) as store:
        row = next((row for row in store.sources() if row.id == n), None)
        hidden = _hidden(store, hub.config.media.masks)
    if row is None or not _is_playable(row, hidden):
        raise Refusal(404, "not_playable", f"{id!r} has no source {n} that can be played")
    path = Path(row.url)
    return send_file(request, path, PLAYABLE[path.suffix.lower()])


async def _watch_upload(hub: Hub, name: str, request: Request) -> int:
    await hub.check_free(name)
    folder = hub.library.folder(name) / "uploads"
    path = await receive_file(request, folder, hub.server.upload_max_bytes)
    try:
        return await hub.watch(name, str(path), "fast")
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _parsed(body: bytes) -> NewSource:
    try:
        return NewSource.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        located = [{**item, "loc": ("body", *item["loc"])} for item in found]
        raise RequestValidationError(located) from error


async def _sources(hub: Hub, name: str) -> list[dict[str, Any]]:
    masks = hub.config.media.masks
    rows, hidden = await hub.read(name, lambda store: (store.sources(), _hidden(store, masks)))
    elsewhere = await hub.is_written_elsewhere(name)

    def described() -> list[dict[str, Any]]:
        return [_described(row, hub.watch_of(name, row.id), elsewhere, hidden) for row in rows]

    found = await run_in_threadpool(described)
    for source in found:
        line = hub.lines.at(name, source["id"])
        connection = line.connection if line else None
        source["connection"] = connection.as_json() if connection else None
    return found


def _numbered(sources: list[dict[str, Any]], number: int) -> dict[str, Any]:
    return next(source for source in sources if source["id"] == number)


def _described(
    row: SourceRow, watch: Watch | None, elsewhere: bool, hidden: Hidden
) -> dict[str, Any]:
    # A process that was killed could not note that its watching was broken off.
    is_lost = row.state in ACTIVE and watch is None and not elsewhere
    return {
        "id": row.id,
        "url": row.url,
        "kind": row.kind,
        "state": "interrupted" if is_lost else row.state,
        "detail": row.detail,
        "offset_s": round(row.offset_s, 3),
        "duration_s": row.duration_s,
        "position_s": round(_position_s(row, watch), 3),
        "has_video": row.has_video,
        "has_audio": row.has_audio,
        "playable": _is_playable(row, hidden),
        "lag_s": None if watch is None else _lag_s(watch),
        "dropped": 0 if watch is None else watch.pipeline.dropped,
    }


def _lag_s(watch: Watch) -> float | None:
    """Return how far perception is behind a live source; None while a file is read at its pace."""
    pipeline = watch.pipeline
    if not pipeline.live or pipeline.t < 0:
        return None
    # A sentence that goes on is no delay: pictures tell, where there are any.
    has_video = pipeline.source.info.has_video
    known_t = pipeline.progress.video_t if has_video else pipeline.progress.t
    since_start_s = pipeline.t - pipeline.ledger.offset_s
    return round(min(max(0.0, pipeline.t - known_t), since_start_s), 3)


def _position_s(row: SourceRow, watch: Watch | None) -> float:
    """Return up to where the source is perceived, in seconds from its start."""
    if row.state == "ended" and row.duration_s is not None:
        return row.duration_s
    media = ((row.has_video, row.video_s), (row.has_audio, row.audio_s))
    stored_s = min((s for is_there, s in media if is_there), default=0.0)
    if watch is None:
        return stored_s
    perceived_t = min(watch.pipeline.t, watch.pipeline.progress.t)
    return max(stored_s, perceived_t - row.offset_s)


def _hidden(store: "Store", masks: "tuple[MaskConfig, ...]") -> Hidden:
    from omnilive.memory.control.keeper import masks_for  # loads the libraries of media
    from omnilive.memory.control.recordings import unplayable

    rows = store.sources()
    masked = frozenset(row.id for row in rows if masks_for(store, row.id, row.url, masks))
    return Hidden(unplayable(store), masked)


def _is_playable(row: SourceRow, hidden: Hidden) -> bool:
    """Tell whether a file can be sent; not when some of it may not be seen: it is sent whole."""
    path = Path(row.url)
    if row.id in hidden.masked or any(overlaps(span_of(row), span) for span in hidden.spans):
        return False
    return row.kind == "file" and path.suffix.lower() in PLAYABLE and path.is_file()
