"""Stands before every route: who may ask, from where, and how much a request may carry."""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from omnilive.server.config import ServerConfig
from omnilive.server.errors import Refusal, error_answer

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_IN_ADDRESS = ("/events", "/media", ".jpg")  # what browsers fetch without headers of ours
_IN_SUBPROTOCOL = "openai-insecure-api-key."  # the name that OpenAI's clients use
_NO_TOKEN = "a token is needed: Authorization: Bearer TOKEN"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # an address may hold a token
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


class Guard:
    """ASGI middleware. Without a token only this machine is served, under its own names."""

    def __init__(self, app: ASGIApp, config: ServerConfig) -> None:
        self._app = app
        self._token = config.token.get_secret_value().encode()
        self._body_max_bytes = config.body_max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, or say why not."""
        if scope["type"] == "websocket":
            await self._serve_socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check(scope, headers)
        except Refusal as error:
            refusal = error_answer(error.status, error.code, str(error))
            await refusal(scope, receive, _with_headers(send))
            return
        if not _is_upload(scope, headers):
            receive = _limited(receive, self._body_max_bytes)
        await self._app(scope, receive, _with_headers(send))

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a WebSocket through, or answer its handshake with why not."""
        try:
            self.check_socket(Headers(scope=scope))
        except Refusal as error:
            await deny_socket(error, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def check_socket(self, headers: Headers) -> None:
        """Refuse a WebSocket without the token, under a foreign name or from another site.

        Browsers cannot add headers to a WebSocket, so the token may also be a subprotocol.
        They do not ask before they connect across sites either: only Origin tells.
        """
        if self._token:
            scheme, _, text = headers.get("authorization", "").partition(" ")
            given = text.strip() if scheme.lower() == "bearer" else subprotocol_token(headers)
            if not hmac.compare_digest(given.encode("latin-1"), self._token):
                raise Refusal(401, "unauthorized", _NO_TOKEN)
        elif not is_loopback(_hostname(headers.get("host", ""))):
            raise Refusal(403, "host", "this server answers as localhost only")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            raise Refusal(403, "origin", "connections from another web site are refused")

    def _check(self, scope: Scope, headers: Headers) -> None:
        if self._token:
            self._check_token(scope, headers)
        elif not is_loopback(_hostname(headers.get("host", ""))):
            # A foreign name that leads here is how a web page gets around the browser's rules.
            raise Refusal(403, "host", "this server answers as localhost only")
        origin = headers.get("origin")
        if origin is not None and scope["method"] not in _SAFE_METHODS:
            if urlsplit(origin).netloc != headers.get("host"):
                raise Refusal(403, "origin", "requests from another web site are refused")
        stated = headers.get("content-length", "")
        is_large = stated.isdecimal() and int(stated) > self._body_max_bytes
        if is_large and not _is_upload(scope, headers):
            raise Refusal(413, "too_large", _too_large(self._body_max_bytes))

    def _check_token(self, scope: Scope, headers: Headers) -> None:
        path: str = scope["path"]
        if not path.startswith("/v1"):
            return
        scheme, _, text = headers.get("authorization", "").partition(" ")
        given = text.strip().encode("latin-1")  # the bytes as they came
        if scheme.lower() != "bearer":
            given = b""
            if scope["method"] in _SAFE_METHODS and path.endswith(_IN_ADDRESS):
                query = parse_qs(scope["query_string"].decode("latin-1"))
                given = query.get("token", [""])[0].encode()
        if not hmac.compare_digest(given, self._token):
            raise Refusal(401, "unauthorized", _NO_TOKEN)


def subprotocol_token(headers: Headers) -> str:
    """Return the token among the subprotocols that a WebSocket asks for; empty when none is."""
    for name in headers.get("sec-websocket-protocol", "").split(","):
        if name.strip().startswith(_IN_SUBPROTOCOL):
            return name.strip().removeprefix(_IN_SUBPROTOCOL)
    return ""


async def deny_socket(error: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a WebSocket's handshake with an HTTP error; plain 403 where the server cannot."""
    if "websocket.http.response" in scope.get("extensions", {}):
        refusal = error_answer(error.status, error.code, str(error))
        await refusal(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": str(error)})


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_upload(scope: Scope, headers: Headers) -> bool:
    """Tell a request that has a limit of its own, see upload.py."""
    is_form = headers.get("content-type", "").startswith("multipart/")
    return is_form and scope["path"].endswith("/sources")


def _hostname(host: str) -> str:
    """Return a Host header without its port; empty when it makes no sense."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _too_large(limit_bytes: int) -> str:
    return f"the request is larger than {limit_bytes} bytes"


def _limited(receive: Receive, limit_bytes: int) -> Receive:
    """Stop a body that states no length, or a wrong one, at the limit."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit_bytes:
            raise HTTPException(413, _too_large(limit_bytes))
        return message

    return limited


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
