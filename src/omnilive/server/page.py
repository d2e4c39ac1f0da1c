"""The web page: the built one where it is there, else a few words on how to build it."""

from pathlib import Path

from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

PAGE = Path(__file__).parent / "page"
_UNBUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>OmniLive</title>
<h1>OmniLive is running</h1>
<p>Its web page has not been built here. Type <code>make web</code> in the repository (Node 20 or
newer is needed), then load this page again.</p>
<p>The HTTP interface is there all the same: <a href="openapi.json">openapi.json</a> describes it.
</p>
</html>
"""


class Page:
    """ASGI app for everything that is no route. Looks anew each time, so a build shows at once."""

    def __init__(self, folder: Path = PAGE) -> None:
        self._folder = folder
        self._files = _Files(directory=folder, check_dir=False, html=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a file of the page."""
        if scope["type"] != "http":
            return
        if (self._folder / "index.html").is_file():
            await self._files(scope, receive, send)
        elif scope["path"] == "/" and scope["method"] in ("GET", "HEAD"):
            await HTMLResponse(_UNBUILT)(scope, receive, send)
        else:
            raise HTTPException(404, f"there is nothing at {scope['path']}")


class _Files(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        """Let names that hold a hash of their content be kept, and the rest be asked for anew."""
        response = await super().get_response(path, scope)
        is_hashed = Path(path).parts[:1] == ("assets",)
        keep = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
        response.headers["Cache-Control"] = keep
        return response
