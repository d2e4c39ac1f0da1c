"""Errors in the shape of OpenAI's API: `{"error": {"message", "type", "param", "code"}}`."""

import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from omnilive.core.errors import OmniLiveError
from omnilive.server.errors import Refusal, status_of

logger = logging.getLogger(__name__)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


class Problem(Refusal):
    """What a client did wrong; `param` names the field."""

    def __init__(
        self, message: str, *, code: str = "invalid_value", param: str | None = None,
        status: int = 400,
    ) -> None:  # fmt: skip
        super().__init__(status, code, message)
        self.param = param

    def within(self, place: str) -> "Problem":
        """Return the same problem, with its field named from further out."""
        param = f"{place}.{self.param}" if self.param else place
        return Problem(str(self), code=self.code, param=param, status=self.status)


class ErrorDetail(BaseModel):
    """What went wrong, as OpenAI's clients read it; the guard in front names code and message."""

    message: str
    type: str | None = None
    param: str | None = None
    code: str | None


class ErrorBody(BaseModel):
    """The body of every error of these routes."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "message": "there is no session 'kitchen'",
                        "type": "invalid_request_error",
                        "param": "model",
                        "code": "model_not_found",
                    }
                }
            ]
        }
    )
    error: ErrorDetail


class OpenAIRoute(APIRoute):
    """A route whose errors have OpenAI's shape; what is invalid is a 400 there, not a 422."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:
        """Return the handler, with its errors answered."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                refuse_halves(await request.body())
                return await handle(request)
            except (Refusal, OmniLiveError, RequestValidationError, HTTPException) as error:
                status, detail = described(error)
                if status >= 500:
                    logger.error("%s", error)
                return JSONResponse({"error": detail}, status)

        return answered


def refuse_halves(text: str | bytes) -> None:
    """Raise Problem for JSON with half a surrogate pair: no answer that holds it can be sent."""
    data = text.encode(errors="surrogatepass") if isinstance(text, str) else text
    if _HALF.search(data) is None:
        return
    try:
        json.dumps(json.loads(data), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Problem(
            "half a character: a surrogate without its other half", code="invalid_json"
        ) from None
    except (ValueError, RecursionError):
        pass  # told by whoever reads it


def described(error: Exception) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status of an error and what its body, or its event, says."""
    param = None
    if isinstance(error, Refusal):
        status, code, message = error.status, error.code, str(error)
        param = error.param if isinstance(error, Problem) else None
    elif isinstance(error, OmniLiveError):
        (status, code), message = status_of(error), str(error)
    elif isinstance(error, RequestValidationError):
        status, code, (message, param) = 400, "invalid_value", _first(error)
    elif isinstance(error, HTTPException):
        status, code, message = error.status_code, "http", str(error.detail)
    else:
        status, code, message = 500, "internal", "the server failed: its log says where"
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return status, {"message": message, "type": kind, "param": param, "code": code}


def _first(error: RequestValidationError) -> tuple[str, str | None]:
    found = error.errors()[0]
    place = ".".join(str(part) for part in found["loc"][1:])
    return (f"{place}: {found['msg']}" if place else found["msg"]), place or None
