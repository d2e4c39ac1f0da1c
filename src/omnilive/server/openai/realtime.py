"""OpenAI's Realtime protocol for one line, whatever carries the events."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Literal

from starlette.concurrency import run_in_threadpool

from omnilive.core.errors import OmniLiveError
from omnilive.dialogue.base import DialogueEvent, TurnCommitted
from omnilive.dialogue.config import DialogueConfig
from omnilive.server.errors import Refusal
from omnilive.server.openai.formats import PCM
from omnilive.server.openai.intake import Intake
from omnilive.server.openai.items import Items, new_id, read_item
from omnilive.server.openai.models import PREFIX
from omnilive.server.openai.needs import LineLike, Talk
from omnilive.server.openai.problems import Problem, described, refuse_halves
from omnilive.server.openai.speaker import Speaker
from omnilive.server.openai.telling import Telling
from omnilive.server.openai.terms import Terms
from omnilive.server.openai.wanted import Wanted, wanted_of

logger = logging.getLogger(__name__)

INBOX = 512  # events that wait to be handled
INBOX_BYTES = 24 * 2**20
EVENT_MAX_BYTES = 12 * 2**20
Event = dict[str, Any]


OpenLine = Callable[["RealtimeProtocol"], Awaitable[LineLike]]


class RealtimeProtocol:
    """Events in by `handle`, events out by `send`; `run` does the work until `close`.

    `open_line` is called once, when the first event needs a line; it hands `tell` (and, where
    sound travels as events, `speaker`) to the line that it opens. `sound` says whether sound
    travels as events or on tracks beside them. `send` must not block.
    """

    def __init__(
        self,
        send: Callable[[Event], None],
        open_line: OpenLine,
        *,
        session: str,
        dialogue: DialogueConfig,
        sound: Literal["events", "tracks"] = "events",
        voice: str = "",
        responses_per_minute: int = 120,
    ) -> None:
        self.id, self.model = new_id("sess"), PREFIX + session
        self.terms = Terms.of(dialogue)
        self.speaker = Speaker(PCM.rate_hz)  # other formats are made of it
        self.items = Items()
        self.intake = Intake()
        self._send, self._open_line, self._base, self._voice = send, open_line, dialogue, voice
        self._is_on_track = sound == "tracks"
        self.telling = Telling(self, self._is_on_track, responses_per_minute)
        self._inbox: deque[str | bytes | Event] = deque()
        self._waiting_bytes = 0  # since the inbox was empty last
        self._wake, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._line: asyncio.Task[LineLike] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._is_over = False
        self.fate = ""  # why `run` returned, unless it was closed

    # for whoever carries the events

    def start(self) -> None:
        """Greet the client."""
        self.emit({"type": "session.created", "session": self._session()})

    def handle(self, message: str | bytes | Event) -> None:
        """Take one event, as JSON text or read already; it is dealt with in its turn."""
        size = len(message) if isinstance(message, str | bytes) else 0
        if len(self._inbox) >= INBOX or self._waiting_bytes + size > INBOX_BYTES:
            self._complain(Problem("events come too fast: this one is dropped", code="too_fast"))
            return
        self._inbox.append(message)
        self._waiting_bytes += size
        if len(self._inbox) >= INBOX // 2 or self._waiting_bytes > INBOX_BYTES // 4:
            self._room.clear()
        self._wake.set()

    async def wait_for_room(self) -> None:
        """Return when more events can be taken: for carriers that can let the client wait."""
        await self._room.wait()

    async def run(self) -> None:
        """Deal with events one after the other, until `close` or until the line ends."""
        while not self._is_over:
            if not self._inbox:
                self._waiting_bytes = 0
                self._room.set()
                self._wake.clear()
                await self._wake.wait()
                continue
            await self._take(self._inbox.popleft())

    def tell(self, event: DialogueEvent) -> None:
        """Take what the conversation tells."""
        if self._is_over:
            return
        try:
            self.telling.tell(event)
        except Problem as error:  # such as an item of the client's with an id of ours
            self._complain(error)
            self.telling.forget_turn()
        if isinstance(event, TurnCommitted) and event.addressed and self.terms.answers_commits:
            # Not at once: the conversation is in the middle of the turn that it tells of.
            asyncio.get_running_loop().call_soon(self._answer_committed)

    def _answer_committed(self) -> None:
        """Answer what was said while the button was held."""
        if self._is_over or (talk := self._present_talk()) is None:
            return
        try:
            wanted = replace(wanted_of(None, self.terms, Items()), text=None)
            self.telling.want(wanted)
        except Problem as error:
            self._complain(error)
        else:
            _respond(talk, wanted)

    async def close(self) -> None:
        """End the line."""
        self._end("closed")
        if self._watcher is not None:
            self._watcher.cancel()
        if self._line is not None:
            self._line.cancel()  # nothing, where it is open
            await asyncio.wait({self._line})
            if not self._line.cancelled() and self._line.exception() is None:
                await self._line.result().close()

    def go_away(self, reason: str) -> None:
        """Tell that the connection will be closed by us."""
        self.emit({"type": "omnilive.going_away", "reason": reason})

    # for the parts of the protocol

    def emit(self, event: Event) -> None:
        """Send an event."""
        self._send({"event_id": new_id("event"), **event})

    def dialogue(self) -> DialogueConfig:
        """Return the settings of a conversation on the present terms."""
        return self.terms.dialogue(self._base)

    async def line(self) -> LineLike:
        """Return the line, opened by the first who asks. Raises what opening it raises."""
        if self._line is None:
            self._line = asyncio.create_task(self._opened())
            self._line.add_done_callback(self._note_failure)
        return await asyncio.shield(self._line)

    async def _opened(self) -> LineLike:
        line = await self._open_line(self)
        self.telling.begin(line.source.now_t)
        self.intake.open(line.source)
        self._watcher = asyncio.create_task(self._watch(line))
        self._settle_terms(line.conversation)
        return line

    def _settle_terms(self, talk: Talk) -> None:
        """Let a conversation go by the present terms."""
        terms = self.terms
        talk.update(self.dialogue())
        talk.brief(instructions=terms.instructions, tools=terms.offered, speak=terms.is_spoken)

    def _present_talk(self) -> Talk | None:
        """Return the conversation if its line is open already; opening may take a while."""
        line = self._line
        if line is None or not line.done() or line.cancelled() or line.exception() is not None:
            return None
        return line.result().conversation

    def _begin_opening(self) -> None:
        """Have the line opened behind what comes meanwhile."""
        if self._line is None:
            opening = asyncio.ensure_future(self.line())
            opening.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _note_failure(self, task: asyncio.Task[LineLike]) -> None:
        """Tell it once, also where nobody awaits the line; the connection is of no use then."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._complain(error)
            self._end("the session cannot be joined now")

    async def _watch(self, line: LineLike) -> None:
        await line.ended.wait()
        if not self._is_over:
            self.go_away("the session stopped listening")
            self._end("the session stopped listening")

    def _end(self, reason: str) -> None:
        self.fate = self.fate or reason
        self._is_over = True
        self._wake.set()
        self._room.set()

    # events of the client

    async def _take(self, message: str | bytes | Event) -> None:
        event: Event = {}
        try:
            event = _read(message)
            await self._handler(event)(self, event)
        except _Told:
            pass
        except Exception as error:  # whatever a client sends may not end its connection
            self._complain(error, event.get("event_id"))

    def _handler(self, event: Event) -> Callable[["RealtimeProtocol", Event], Awaitable[None]]:
        type = event.get("type")
        handler = self._handlers.get(type) if isinstance(type, str) else None
        if handler is None:
            known = ", ".join(self._handlers)
            raise Problem(f"unknown event {type!r:.80}; known are {known}", param="type")
        return handler

    def _complain(self, error: BaseException, event_id: Any = None) -> None:
        if not isinstance(error, Refusal | OmniLiveError):
            logger.error("a realtime event failed", exc_info=error)
            error = Problem("the server failed: its log says where", code="internal", status=500)
        _, detail = described(error)
        id = event_id if isinstance(event_id, str) else None
        self.emit({"type": "error", "error": {**detail, "event_id": id}})

    async def _talk(self) -> Talk:
        try:
            return (await self.line()).conversation
        except (Refusal, OmniLiveError) as error:
            raise _Told from error  # the failed opening was told already

    async def _update_session(self, event: Event) -> None:
        terms = self.terms.updated(event.get("session"), self.model)
        if self.telling.is_active and terms.spoken != self.terms.spoken:
            raise Problem(
                "the format cannot change while a response is being given",
                param="session.audio.output.format",
            )
        self.terms = terms
        if (talk := self._present_talk()) is not None:
            self._settle_terms(talk)
        self.emit({"type": "session.updated", "session": self._session()})

    async def _append_audio(self, event: Event) -> None:
        self.intake.append_audio(event.get("audio"), self.terms.heard)
        self._begin_opening()

    async def _append_picture(self, event: Event) -> None:
        await self.intake.append_picture(event.get("image"), event.get("timestamp_ms"))
        self._begin_opening()

    async def _commit(self, event: Event) -> None:
        if not self._is_on_track:
            self.intake.commit()
        talk = await self._talk()
        await (await self.line()).settle()
        talk.commit()

    async def _clear(self, event: Event) -> None:
        self.intake.uncommitted_s = 0.0
        if (talk := self._present_talk()) is not None:
            talk.clear_input()
        self.telling.forget_turn()
        self.emit({"type": "input_audio_buffer.cleared"})

    async def _create_item(self, event: Event) -> None:
        item, pictures = await run_in_threadpool(read_item, event.get("item"))
        before = self.items.add(item, pictures, event.get("previous_item_id"))
        for what in ("added", "done"):
            type = f"conversation.item.{what}"
            self.emit({"type": type, "previous_item_id": before, "item": dict(item)})

    async def _retrieve_item(self, event: Event) -> None:
        item = self.items.find(event.get("item_id"))
        self.emit({"type": "conversation.item.retrieved", "item": dict(item)})

    async def _delete_item(self, event: Event) -> None:
        self.items.remove(event.get("item_id"))
        self.emit({"type": "conversation.item.deleted", "item_id": event.get("item_id")})

    async def _truncate_item(self, event: Event) -> None:
        if event.get("item_id") in self.telling.forgotten:
            return
        heard_ms = event.get("audio_end_ms")
        item = self.items.find(event.get("item_id"))
        if not isinstance(heard_ms, int) or isinstance(heard_ms, bool) or heard_ms < 0:
            raise Problem("milliseconds, as a whole number", param="audio_end_ms")
        if event.get("content_index", 0) != 0:
            raise Problem("there is one part, 0", param="content_index")
        if self.telling.truncate(item["id"], heard_ms):
            (await self._talk()).truncate(heard_ms / 1000)
        place = {"item_id": item["id"], "content_index": 0, "audio_end_ms": heard_ms}
        self.emit({"type": "conversation.item.truncated", **place})

    async def _create_response(self, event: Event) -> None:
        wanted = wanted_of(event.get("response"), self.terms, self.items)
        self.telling.want(wanted)
        try:
            _respond(await self._talk(), wanted)
        except Exception as error:
            self.telling.give_up("failed", str(error))
            raise

    async def _cancel(self, event: Event) -> None:
        self.telling.cancel(event.get("response_id"))
        (await self._talk()).cancel("client_cancelled")
        self.telling.give_up("cancelled")

    async def _clear_output(self, event: Event) -> None:
        if self.telling.is_active:
            await self._cancel({})

    _handlers: dict[str, Callable[["RealtimeProtocol", Event], Awaitable[None]]] = {
        "session.update": _update_session,
        "input_audio_buffer.append": _append_audio,
        "input_audio_buffer.commit": _commit,
        "input_audio_buffer.clear": _clear,
        "input_video_buffer.append": _append_picture,
        "conversation.item.create": _create_item,
        "conversation.item.retrieve": _retrieve_item,
        "conversation.item.delete": _delete_item,
        "conversation.item.truncate": _truncate_item,
        "response.create": _create_response,
        "response.cancel": _cancel,
        "output_audio_buffer.clear": _clear_output,
    }

    def _session(self) -> dict[str, Any]:
        return self.terms.as_json(self.id, self.model, self._voice)


def _respond(talk: Talk, wanted: Wanted) -> None:
    talk.respond(
        wanted.text, instructions=wanted.instructions, tools=wanted.tools,
        images=wanted.images, history=wanted.history, speak=wanted.is_spoken,
    )  # fmt: skip


class _Told(Exception):
    """The client has been told already."""


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _read(message: str | bytes | Event) -> Event:
    """Return a client's event; raises Problem when it is none."""
    if isinstance(message, bytes):
        raise Problem("binary messages are not understood: send events as text")
    if isinstance(message, str):
        if len(message) > EVENT_MAX_BYTES:
            raise Problem(f"larger than {EVENT_MAX_BYTES} bytes", code="too_large")
        refuse_halves(message)
        try:
            message = json.loads(message, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise Problem("this is not JSON", code="invalid_json") from None
    if not isinstance(message, dict):
        raise Problem("an event is an object", code="invalid_json")
    return message
