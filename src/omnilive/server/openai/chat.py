"""`POST /v1/chat/completions`: a session answers as if it were a model of OpenAI's."""

import json
import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from omnilive.core.clock import wall_time
from omnilive.core.errors import OmniLiveError
from omnilive.core.events import Answer
from omnilive.reasoning.base import ToolCall
from omnilive.server.errors import Refusal
from omnilive.server.events import STREAM_HEADERS
from omnilive.server.hub import Hub
from omnilive.server.openai.messages import Asked, read_messages
from omnilive.server.openai.models import find_session
from omnilive.server.openai.problems import ErrorBody, OpenAIRoute, described
from omnilive.server.openai.request import ChatRequest
from omnilive.server.openai.usage import chat_usage
from omnilive.server.routing import SSE_EVENT, HubDep

logger = logging.getLogger(__name__)
router = APIRouter(tags=["openai"], route_class=OpenAIRoute)
Piece = str | ToolCall | Answer
Pieces = AsyncGenerator[Piece]
_EXAMPLE = {
    "id": "chatcmpl-5d41402abc4b2a76",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "omnilive:kitchen",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "At 31.5 s.", "refusal": None},
            "finish_reason": "stop",
            "logprobs": None,
        }
    ],
    "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12},
    "omnilive": {"t": 61.2, "supported": True, "model": "computed", "evidence": []},
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the completion; with `stream`: chunks as server-sent events",
        "content": {
            "application/json": {"example": _EXAMPLE},
            "text/event-stream": {"schema": SSE_EVENT},
        },
    },
    **{status: {"model": ErrorBody} for status in (400, 401, 403, 404, 413, 422, 429, 500, 503)},
}


@router.post(
    "/v1/chat/completions",
    responses=_RESPONSES,
)
async def complete(body: ChatRequest, hub: HubDep) -> Response:
    """Answer the last message from what the session remembers, its evidence in `omnilive`."""
    body.check()
    name = find_session(hub, body.model)
    asked = await run_in_threadpool(read_messages, body.messages)
    reply = _Reply(body.model, asked)
    pieces = _ask(hub, name, asked, body)
    if not body.stream:
        async with aclosing(pieces):
            async for piece in pieces:
                reply.take(piece)
        return JSONResponse(reply.whole())
    # The first piece is awaited here, so that what fails at once has its own HTTP status.
    first = await anext(pieces)
    has_usage = bool(body.stream_options and body.stream_options.include_usage)
    return StreamingResponse(
        _chunks(reply, first, pieces, has_usage),
        media_type="text/event-stream", headers=STREAM_HEADERS,
    )  # fmt: skip


def evidence_of(answer: Answer) -> dict[str, Any]:
    """Return the `omnilive` object: what an answer rests on, and where its time went."""
    body = answer.as_json()
    names = ("session", "t", "supported", "model", "evidence", "timing")
    return {name: body[name] for name in names}


@dataclass(slots=True)
class _Reply:
    """A completion as it comes."""

    model: str
    asked: Asked
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(wall_time()))
    text: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    omnilive: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def finish(self) -> str:
        """Why it ended."""
        return "tool_calls" if self.calls else "stop"

    def take(self, piece: Piece) -> dict[str, Any] | None:
        """Note a piece; return what a stream says of it."""
        if isinstance(piece, Answer):
            self.omnilive = evidence_of(piece)
            return None
        if isinstance(piece, str):
            self.text += piece
            return {"content": piece}
        function = {"name": piece.name, "arguments": piece.arguments}
        self.calls.append({"id": piece.call_id, "type": "function", "function": function})
        return {"tool_calls": [{"index": len(self.calls) - 1, **self.calls[-1]}]}

    def whole(self) -> dict[str, Any]:
        """Return the completion."""
        message = {"role": "assistant", "content": self.text or None, "refusal": None}
        if self.calls:
            message["tool_calls"] = self.calls
        else:
            message["content"] = self.text
        choice = {"index": 0, "message": message, "finish_reason": self.finish, "logprobs": None}
        return {
            **self._head("chat.completion"),
            "choices": [choice], "usage": self.usage(), "omnilive": self.omnilive,
        }  # fmt: skip

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        """Return one piece of the stream; the last one has the evidence."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        last = {"omnilive": self.omnilive} if finish else {}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **last}

    def usage_chunk(self) -> dict[str, Any]:
        """Return what a stream with usage ends with."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage()}

    def usage(self) -> dict[str, Any]:
        """Return the estimated numbers of tokens."""
        asked = self.asked
        texts = [asked.question, asked.instructions, *(m.text for m in asked.history)]
        said = self.text + "".join(json.dumps(call["function"]) for call in self.calls)
        return chat_usage(texts, len(asked.images), said)

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


async def _ask(hub: Hub, name: str, asked: Asked, body: ChatRequest) -> Pieces:
    t = body.omnilive.t if body.omnilive else None
    pieces = hub.answer(
        name, asked.question, t, instructions=asked.instructions, images=asked.images,
        tools=body.offered, history=asked.history or None,
    )  # fmt: skip
    async with aclosing(pieces):
        async for piece in pieces:
            yield piece


async def _chunks(
    reply: _Reply, first: Piece, pieces: Pieces, has_usage: bool
) -> AsyncGenerator[str]:
    async with aclosing(pieces):
        try:
            yield _sse(reply.chunk({"role": "assistant", "content": ""}))
            if (delta := reply.take(first)) is not None:
                yield _sse(reply.chunk(delta))
            async for piece in pieces:
                if (delta := reply.take(piece)) is not None:
                    yield _sse(reply.chunk(delta))
        except (OmniLiveError, Refusal) as error:
            status, detail = described(error)
            logger.log(logging.ERROR if status >= 500 else logging.INFO, "%s", error)
            yield _sse({"error": detail})
            return
    yield _sse(reply.chunk({}, reply.finish))
    if has_usage:
        yield _sse(reply.usage_chunk())
    yield "data: [DONE]\n\n"


def _sse(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
