"""Clips: a span of a watched file, cut out as an mp4 that plays anywhere."""

import asyncio
import hashlib
import shutil
import tempfile
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response
from starlette.concurrency import run_in_threadpool

from omnilive.memory.spans import SHORTEST_S, Span, overlaps
from omnilive.server.errors import Refusal
from omnilive.server.files import PARTIAL, UNCHANGED, send_file
from omnilive.server.routing import SESSION, HubDep, errors

if TYPE_CHECKING:
    from omnilive.memory.store import Store

router = APIRouter(tags=["memory"])
KEPT = 8  # clips that are kept, because players ask for one piece by piece
Seconds = Annotated[float, Query(ge=0, allow_inf_nan=False, description="session time, seconds")]


class Cut(NamedTuple):
    """What is to be cut: a file, and the span in seconds from its own start."""

    path: Path
    start_s: float
    end_s: float


class Clips:
    """The latest clips, in a folder of their own that goes with the process."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._names: OrderedDict[str, str] = OrderedDict()  # name of the file -> session
        self._cutting = asyncio.Lock()  # one at a time: encoding takes all cores

    async def get(self, session: str, cut: Cut) -> Path:
        """Return the clip; it is cut on a thread when it is not there yet."""
        key = f"{session}\0{cut}\0{cut.path.stat().st_mtime_ns}"
        name = hashlib.sha256(key.encode()).hexdigest()[:32] + ".mp4"
        async with self._cutting:
            if self._folder is None:
                self._folder = Path(await run_in_threadpool(tempfile.mkdtemp, "", "omnilive-"))
            path = self._folder / name
            if name not in self._names and not await run_in_threadpool(_cut, cut, path):
                raise _not_recorded()
            self._names[name] = session
            self._names.move_to_end(name)
            while len(self._names) > KEPT:
                self._remove(next(iter(self._names)))
        return path

    async def forget(self, session: str) -> None:
        """Remove the clips of a session, that which is being cut included."""
        async with self._cutting:
            for name in [name for name, of in self._names.items() if of == session]:
                self._remove(name)

    def close(self) -> None:
        """Remove all clips."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _remove(self, name: str) -> None:
        del self._names[name]
        assert self._folder is not None
        (self._folder / name).unlink(missing_ok=True)


@router.get(
    SESSION + "/clip.mp4", response_class=FileResponse,
    responses=errors(416, 503) | PARTIAL | UNCHANGED | {
        200: {"description": "the clip, from exactly start_s on", "content": {"video/mp4": {}}}
    },
)  # fmt: skip
async def clip(
    id: str, start_s: Seconds, end_s: Seconds, hub: HubDep, request: Request
) -> Response:
    """Cut a span out of the file that was watched then. What only came live is not recorded."""
    limit_s = hub.server.clip_max_s
    if not SHORTEST_S <= end_s - start_s <= limit_s:
        raise Refusal(
            422,
            "span",
            f"end_s must be after start_s, by {limit_s:g} s at most: {start_s}, {end_s}",
        )
    cut = await hub.read(id, _find, Span(start_s, end_s))
    clips: Clips = request.app.state.clips
    path = await clips.get(id, cut)
    return send_file(request, path, "video/mp4", f"{id}-{start_s:g}-{end_s:g}.mp4")


def _find(store: "Store", span: Span) -> Cut:
    """Return the file that holds most of the span; Refusal 404 when there is none."""
    if any(overlaps(span, gone) for gone in store.forgotten()):
        raise Refusal(404, "forgotten", "this span was forgotten, in whole or in part")
    best: Cut | None = None
    for row in store.sources():
        path = Path(row.url)
        end_s = row.offset_s + (row.duration_s or max(row.video_s, row.audio_s))
        part = Span(max(span.start_s, row.offset_s), min(span.end_s, end_s))
        length_s = part.end_s - part.start_s
        if row.kind != "file" or length_s < SHORTEST_S or not path.is_file():
            continue
        if best is None or length_s > best.end_s - best.start_s:
            best = Cut(path, part.start_s - row.offset_s, part.end_s - row.offset_s)
    if best is None:
        raise _not_recorded()
    return best


def _cut(cut: Cut, out: Path) -> bool:
    from omnilive.media.clip import cut_clip  # loads the libraries of media

    return cut_clip(str(cut.path), cut.start_s, cut.end_s, out)


def _not_recorded() -> Refusal:
    return Refusal(
        404, "not_recorded", "nothing was recorded then: only what was watched from a file is"
    )
