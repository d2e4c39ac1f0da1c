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
    from omnilive.media.base import MaskConfig
    from omnilive.memory.store import Store

router = APIRouter(tags=["memory"])
KEPT = 8  # clips that are kept, because players ask for one piece by piece
Seconds = Annotated[float, Query(ge=0, allow_inf_nan=False, description="session time, seconds")]


class Cut(NamedTuple):
    """What is to be cut: files and when each begins, the span, and what is to be hidden.

    Times are on one clock: a file's own, or that of the session for recorded segments.
    """

    files: tuple[tuple[Path, float], ...]
    start_s: float
    end_s: float
    masks: "tuple[MaskConfig, ...]" = ()

    @property
    def key(self) -> str:
        """Differs when the clip would."""
        changed = [path.stat().st_mtime_ns for path, _ in self.files]
        return f"{self}\0{changed}"


class Clips:
    """The latest clips, in a folder of their own that goes with the process."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._names: OrderedDict[str, str] = OrderedDict()  # name of the file -> session
        self._cutting = asyncio.Lock()  # one at a time: encoding takes all cores

    async def get(self, session: str, cut: Cut) -> Path:
        """Return the clip; it is cut on a thread when it is not there yet."""
        key = f"{session}\0{cut.key}"
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
    """Cut a span out of the file that was watched then, or out of what was recorded.

    What the settings mask is masked in the clip too. What came live is there only with
    `memory.recording` switched on.
    """
    limit_s = hub.server.clip_max_s
    if not SHORTEST_S <= end_s - start_s <= limit_s:
        raise Refusal(
            422,
            "span",
            f"end_s must be after start_s, by {limit_s:g} s at most: {start_s}, {end_s}",
        )
    cut = await hub.read(id, _find, Span(start_s, end_s), hub.config.media.masks)
    clips: Clips = request.app.state.clips
    path = await clips.get(id, cut)
    return send_file(request, path, "video/mp4", f"{id}-{start_s:g}-{end_s:g}.mp4")


def _find(store: "Store", span: Span, masks: "tuple[MaskConfig, ...]") -> Cut:
    """Return what holds most of the span; Refusal 404 when nothing does, or it was forgotten."""
    from omnilive.memory.control.keeper import masks_for  # loads the libraries of media
    from omnilive.memory.control.recordings import of_span, unplayable

    if any(overlaps(span, gone) for gone in unplayable(store)):
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
            hidden = masks_for(store, row.id, row.url, masks)
            start_s = part.start_s - row.offset_s
            best = Cut(((path, 0.0),), start_s, start_s + length_s, hidden)
    if best is None and (found := of_span(store, span)):
        start_s, end_s = max(span.start_s, found[0].start_s), min(span.end_s, found[-1].end_s)
        files = tuple((store.folder / s.path, s.start_s) for s in found)
        best = Cut(files, start_s, end_s)  # masked when it was recorded
    if best is None:
        raise _not_recorded()
    return best


def _cut(cut: Cut, out: Path) -> bool:
    from omnilive.media.clip import Piece, cut_clip  # loads the libraries of media

    pieces = [Piece(str(path), start_s) for path, start_s in cut.files]
    return cut_clip(pieces, cut.start_s, cut.end_s, out, cut.masks)


def _not_recorded() -> Refusal:
    return Refusal(
        404,
        "not_recorded",
        "nothing was recorded then: only files are there, and what came live with "
        "memory.recording.enabled",
    )
