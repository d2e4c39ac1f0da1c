"""Errors in, HTTP answers out: one shape for all, `{"error": {"code", "message"}}`."""

import errno
import logging
import math
import sqlite3

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from omnilive.core.errors import BackendError, OmniLiveError, SourceError, StoreError

logger = logging.getLogger(__name__)

_CODES = {404: "not_found", 405: "method", 413: "too_large"}
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Refusal(Exception):
    """A request that cannot be served as it is, with the status and code that say why."""

    def __init__(
        self, status: int, code: str, message: str, *, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after_s = status, code, retry_after_s


def answer_errors(app: FastAPI) -> None:
    """Make every error of the app an answer of the one shape."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(OmniLiveError, _failed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


def error_answer(status: int, code: str, message: str) -> JSONResponse:
    """Return the answer that tells of an error."""
    body = {"error": {"code": code, "message": message}}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(body, status, headers)


def refusal_answer(refusal: Refusal) -> JSONResponse:
    """Return the answer that a refusal is, with the time to come back where it has one."""
    answer = error_answer(refusal.status, refusal.code, str(refusal))
    if refusal.retry_after_s is not None:
        answer.headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after_s)))
    return answer


def status_of(error: OmniLiveError) -> tuple[int, str]:
    """Return the HTTP status and the code of an error."""
    if isinstance(error, SourceError):
        return 422, "source"
    if isinstance(error, BackendError):
        return 503, "backend"
    if isinstance(error, StoreError):
        return _store_status(error.__cause__)
    return 400, "config"


def _store_status(cause: BaseException | None) -> tuple[int, str]:
    """Tell by what the disk or SQLite said, for the words of the message may change."""
    code = getattr(cause, "sqlite_errorcode", None)
    number = cause.errno if isinstance(cause, OSError) else None
    if code == sqlite3.SQLITE_FULL or number in _DISK_FULL:
        return 507, "disk_full"
    if code in _HELD or isinstance(cause, BlockingIOError):
        return 409, "busy"
    return 500, "store"


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refusal)
    return refusal_answer(error)


async def _failed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OmniLiveError)
    status, code = status_of(error)
    if status >= 500:
        logger.error("%s", error)
    return error_answer(status, code, str(error))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = [f"{_place(item['loc'])}: {item['msg']}" for item in error.errors()]
    return error_answer(422, "invalid", "; ".join(found))


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "http")
    answer = error_answer(error.status_code, code, str(error.detail))
    answer.headers.update(error.headers or {})
    return answer


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return error_answer(500, "internal", "the server failed: its log says where")


def _place(loc: tuple[str | int, ...]) -> str:
    """Name the field: `loc` begins with the part of the request that it is in."""
    return ".".join(str(part) for part in loc[1:]) or "body"
