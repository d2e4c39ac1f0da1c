"""Questions: answered as JSON, or as server-sent events while the words come."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from omnilive.core.errors import ConfigError, OmniLiveError
from omnilive.core.events import Answer
from omnilive.reasoning.base import ToolCall
from omnilive.server.errors import status_of
from omnilive.server.events import STREAM_HEADERS, sse
from omnilive.server.routing import SESSION, SSE_EVENT, HubDep, errors
from omnilive.server.shapes import AnswerFacts, Question

router = APIRouter(tags=["questions"])
Pieces = AsyncGenerator[str | ToolCall | Answer]


@router.post(
    SESSION + "/ask", response_model=AnswerFacts,
    responses=errors(413, 429, 503) | {
        200: {
            "description": "the answer; as text/event-stream: events `delta` {text}, then `answer`",
            "content": {"text/event-stream": {"schema": SSE_EVENT}},
        }
    },
)  # fmt: skip
async def ask(id: str, body: Question, request: Request, hub: HubDep) -> Response:
    """Answer from what is remembered, up to stream time `t`."""
    if not body.question.strip():
        raise ConfigError('the question is empty: ask something, such as "what was said?"')
    pieces = hub.answer(id, body.question.strip(), body.t)
    if "text/event-stream" not in request.headers.get("accept", ""):
        return JSONResponse((await _last(pieces)).as_json())
    # The first piece is awaited here, so that what fails at once has its own HTTP status.
    first = await anext(pieces)
    return StreamingResponse(
        _events(first, pieces), media_type="text/event-stream", headers=STREAM_HEADERS
    )


async def _last(pieces: Pieces) -> Answer:
    answer = None
    async with aclosing(pieces):
        async for piece in pieces:
            answer = piece
    assert isinstance(answer, Answer)
    return answer


async def _events(first: str | ToolCall | Answer, pieces: Pieces) -> AsyncIterator[str]:
    async with aclosing(pieces) as rest:
        try:
            yield _event(first)
            async for piece in rest:
                yield _event(piece)
        except OmniLiveError as error:
            _, code = status_of(error)
            yield sse("error", {"error": {"code": code, "message": str(error)}})


def _event(piece: str | ToolCall | Answer) -> str:
    data: dict[str, Any] = piece.as_json() if isinstance(piece, Answer) else {"text": piece}
    return sse("answer" if isinstance(piece, Answer) else "delta", data)
