"""Files as answers: asked for anew each time, and not sent again while they are the same."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import FileResponse
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse

UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "the file that the client has (If-None-Match) is the same"}
}
PARTIAL: dict[int | str, dict[str, Any]] = {
    206: {"description": "the part that a Range header asks for"}
}


def send_file(request: Request, path: Path, media_type: str, filename: str = "") -> Response:
    """Return a file, or 304. With a `filename` it is to be saved rather than shown.

    It may not be kept unasked: a session may be deleted, and another made under its name.
    """
    response = FileResponse(
        path,
        media_type=media_type,
        filename=filename or None,
        headers={"Cache-Control": "private, no-cache"},
        stat_result=path.stat(),
    )
    known = request.headers.get("if-none-match", "")
    if response.headers["etag"] in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
        return NotModifiedResponse(response.headers)
    return response
