"""Stands before every route: who may ask, from where, how much and how often."""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from omnilive.server.config import ServerConfig
from omnilive.server.errors import Refusal, refusal_answer
from omnilive.server.limits import Rate, refuse_full
from omnilive.server.tokens import hash_of, opens

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_IN_ADDRESS = ("/events", "/media", ".jpg", ".mp4")  # what browsers fetch without headers of ours
_IN_SUBPROTOCOL = "openai-insecure-api-key."  # the name that OpenAI's clients use
_NO_TOKEN = "a token is needed: Authorization: Bearer TOKEN; in a browser, open /?token=TOKEN once"
_COOKIE, _COOKIE_S = "omnilive_token", 30 * 86400
_CHAT = "/v1/chat/completions"
_ASKS = re.compile(rf"/v1/sessions/[^/]+/ask|/v1/ask|{_CHAT}")
_CREATIONS = re.compile(r"/v1/sessions(/[^/]+/(sources|whip|whep))?|/v1/realtime")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # an address may hold a token
    # blob: is how the page shows a file before it is uploaded, and what it has recorded.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        "font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": (
        "camera=(self), microphone=(self), display-capture=(self), geolocation=()"
    ),
}


class Guard:
    """ASGI middleware. Without a token only this machine is served, under its own names."""

    def __init__(self, app: ASGIApp, config: ServerConfig) -> None:
        self._app, self._config = app, config
        token = config.token.get_secret_value()
        self._token_hash = hash_of(token) if token else config.token_sha256
        self._asks = Rate(config.asks_per_minute)
        self._creations = Rate(config.creations_per_minute)
        self._sockets = 0

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
            self._check_host(headers)
            if token := self._page_token(scope):
                await _welcome(token, scope)(scope, receive, _with_headers(send))
                return
            self._check(scope, headers)
        except Refusal as error:
            await refusal_answer(error)(scope, receive, _with_headers(send))
            return
        limit_bytes = self._limit_bytes(scope, headers)
        if limit_bytes is not None:
            receive = _limited(receive, limit_bytes)
        await self._app(scope, receive, _with_headers(send))

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a WebSocket through, or answer its handshake with why not."""
        try:
            self.check_socket(Headers(scope=scope))
            refuse_full(self._sockets, self._config.sockets_max, "WebSockets open", "sockets_max")
            self._creations.take(_address(scope))
        except Refusal as error:
            await deny_socket(error, scope, receive, send)
            return
        self._sockets += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._sockets -= 1

    def check_socket(self, headers: Headers) -> None:
        """Refuse a WebSocket without the token, under a foreign name or from another site.

        Browsers cannot add headers to a WebSocket, so the token may also be a subprotocol.
        They do not ask before they connect across sites either: only Origin tells.
        """
        self._check_host(headers)
        given = _bearer(headers) or subprotocol_token(headers).encode("latin-1")
        self._check_token(given or _cookie(headers))
        _check_origin(headers)

    def _page_token(self, scope: Scope) -> str:
        """Return the token with which the page is opened, "" when it is opened without.

        Refusal when it is the wrong one.
        """
        if not self._token_hash or scope["path"] != "/" or scope["method"] != "GET":
            return ""
        if token := _in_address(scope):
            self._check_token(token.encode())
        return token

    def _check(self, scope: Scope, headers: Headers) -> None:
        path: str = scope["path"]
        is_safe = scope["method"] in _SAFE_METHODS
        if path.startswith("/v1"):
            given = _bearer(headers)
            if not given and is_safe and path.endswith(_IN_ADDRESS):
                given = _in_address(scope).encode()
            self._check_token(given or _cookie(headers))
        if not is_safe:
            _check_origin(headers)
        self._check_size(scope, headers)
        self._check_rate(scope)

    def _check_host(self, headers: Headers) -> None:
        if not self._token_hash and not is_loopback(_hostname(headers.get("host", ""))):
            # A foreign name that leads here is how a web page gets around the browser's rules.
            raise Refusal(403, "host", "this server answers as localhost only")

    def _check_token(self, given: bytes) -> None:
        if self._token_hash and not opens(given, self._token_hash):
            raise Refusal(401, "unauthorized", _NO_TOKEN)

    def _check_size(self, scope: Scope, headers: Headers) -> None:
        stated, limit_bytes = headers.get("content-length", ""), self._limit_bytes(scope, headers)
        if limit_bytes is not None and states_more(stated, limit_bytes):
            raise Refusal(413, "too_large", _too_large(limit_bytes))

    def _check_rate(self, scope: Scope) -> None:
        if scope["method"] == "POST":
            if _ASKS.fullmatch(scope["path"]):
                self._asks.take(_address(scope))
            elif _CREATIONS.fullmatch(scope["path"]):
                self._creations.take(_address(scope))

    def _limit_bytes(self, scope: Scope, headers: Headers) -> int | None:
        """Return how large a request may be; None for an upload, see upload.py."""
        is_form = headers.get("content-type", "").startswith("multipart/")
        if is_form and scope["path"].endswith("/sources"):
            return None
        is_chat = scope["path"] == _CHAT
        return self._config.chat_max_bytes if is_chat else self._config.body_max_bytes


def subprotocol_token(headers: Headers) -> str:
    """Return the token among the subprotocols that a WebSocket asks for; empty when none is."""
    for name in headers.get("sec-websocket-protocol", "").split(","):
        if name.strip().startswith(_IN_SUBPROTOCOL):
            return name.strip().removeprefix(_IN_SUBPROTOCOL)
    return ""


async def deny_socket(error: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a WebSocket's handshake with an HTTP error; plain 403 where the server cannot."""
    if "websocket.http.response" in scope.get("extensions", {}):
        await refusal_answer(error)(scope, receive, send)
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


def _bearer(headers: Headers) -> bytes:
    """Return the token of the Authorization header, as the bytes that came."""
    scheme, _, text = headers.get("authorization", "").partition(" ")
    return text.strip().encode("latin-1") if scheme.lower() == "bearer" else b""


def _cookie(headers: Headers) -> bytes:
    """Return the token that the page was opened with."""
    return unquote(cookie_parser(headers.get("cookie", "")).get(_COOKIE, "")).encode()


def _in_address(scope: Scope) -> str:
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return query.get("token", [""])[0]


def _welcome(token: str, scope: Scope) -> Response:
    """Let a browser keep the token, out of reach of scripts, and open the page without it.

    The cookie goes with pictures, streams and WebSockets too, but never with what another web
    site asks for; what would change something must name this site as its origin besides.
    """
    answer = RedirectResponse("/", 303, {"Cache-Control": "no-store"})
    answer.set_cookie(
        _COOKIE, quote(token, safe=""), max_age=_COOKIE_S, httponly=True, samesite="strict",
        secure=scope.get("scheme") == "https",
    )  # fmt: skip
    return answer


def _check_origin(headers: Headers) -> None:
    origin = headers.get("origin")
    if origin is not None and _netloc(origin) != headers.get("host"):
        raise Refusal(403, "origin", "requests from another web site are refused")


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _hostname(host: str) -> str:
    """Return a Host header without its port; empty when it makes no sense."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def states_more(content_length: str, limit_bytes: int) -> bool:
    """Tell whether a Content-Length header is a number, however long, above a limit."""
    is_number = content_length.isdecimal()
    return is_number and (len(content_length) > 18 or int(content_length) > limit_bytes)


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
