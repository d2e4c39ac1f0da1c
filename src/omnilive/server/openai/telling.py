"""What a conversation tells, sorted: about the user's turns, and about responses."""

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

from omnilive.core.clock import stopwatch
from omnilive.dialogue.base import (
    AudioDelta,
    DialogueEvent,
    Forgot,
    FunctionCall,
    Paused,
    ResponseDone,
    ResponseEvent,
    ResponseStarted,
    Resumed,
    SpeechStarted,
    SpeechStopped,
    Status,
    TextDelta,
    Transcript,
    TranscriptDelta,
    TurnCommitted,
    Unspoken,
)
from omnilive.server.openai.hearing import Hearing
from omnilive.server.openai.items import new_id, text_of
from omnilive.server.openai.problems import Problem
from omnilive.server.openai.replies import Reply
from omnilive.server.openai.usage import realtime_usage
from omnilive.server.openai.wanted import Wanted

if TYPE_CHECKING:
    from omnilive.server.openai.realtime import RealtimeProtocol

REMEMBERED = 64  # answers whose length is known, for truncation


class Telling:
    """Turns what a conversation tells into events of the protocol."""

    def __init__(self, protocol: "RealtimeProtocol", on_track: bool, per_minute: int) -> None:
        self._protocol, self._on_track = protocol, on_track
        self._hearing = Hearing(protocol.items, protocol.emit)
        self._conversation_id = new_id("conv")
        self._replies: dict[int, Reply] = {}
        self._asked: Reply | None = None  # by the client, and not begun yet
        self._held: SpeechStarted | None = None  # perhaps an interruption, perhaps none
        self._lengths: OrderedDict[str, tuple[int, int]] = OrderedDict()  # generation, ms
        self.forgotten: list[str] = []  # items that the client may not know to be deleted yet
        self._times: deque[float] = deque()  # of responses within the last minute
        self._per_minute = per_minute

    @property
    def is_active(self) -> bool:
        """Whether a response is being given, or is about to."""
        return bool(self._replies) or self._asked is not None

    def begin(self, start_s: float) -> None:
        """Count the client's sound from a session time on."""
        self._hearing.start_s = start_s

    def want(self, wanted: Wanted) -> None:
        """Begin the response that a client asked for; Problem when it cannot be now."""
        if self.is_active:
            raise Problem(
                "Conversation already has an active response: wait for response.done or cancel it",
                code="conversation_already_has_active_response",
            )
        now = stopwatch()
        while self._times and now - self._times[0] > 60:
            self._times.popleft()
        if len(self._times) >= self._per_minute:
            raise Problem(
                f"more than {self._per_minute} responses in a minute: try again in "
                f"{60 - (now - self._times[0]):.0f} s",
                code="rate_limit_exceeded", status=429,
            )  # fmt: skip
        self._times.append(now)
        self._asked = self._reply(wanted.is_spoken, dict(wanted.metadata))
        self._asked.pictures = len(wanted.images)
        self._asked.begin()

    def give_up(self, status: Status, error: str = "") -> None:
        """End the response that was asked for, if it has not begun."""
        if (reply := self._asked) is not None:
            self._asked = None
            done = ResponseDone(
                t=0.0, generation=-1, status=status, text="", heard="", error=error, reason="create"
            )
            self._finish(reply, done)

    def cancel(self, response_id: Any) -> None:
        """Note that the client ends the response; Problem when there is none."""
        reply = next(iter(self._replies.values()), self._asked)
        if reply is None or response_id not in (None, reply.id):
            raise Problem(
                "Cancellation failed: no active response found", code="response_cancel_not_active"
            )
        reply.stop_reason = "client_cancelled"

    def truncate(self, item_id: str, heard_ms: int) -> bool:
        """Note how much of an answer was heard; return whether it is the conversation's last."""
        if item_id not in self._lengths:
            raise Problem(f"{item_id!r} is no spoken answer", param="item_id")
        generation, length_ms = self._lengths[item_id]
        if heard_ms > length_ms + 1:
            raise Problem(
                f"Audio content of {length_ms}ms is already shorter than {heard_ms}ms",
                param="audio_end_ms",
            )
        is_last = item_id == next(reversed(self._lengths)) and not self._replies
        return is_last or generation in self._replies

    def forget_turn(self) -> None:
        """Begin another turn of the user."""
        self._hearing.forget()

    def tell(self, event: DialogueEvent) -> None:
        """Take one event of the conversation."""
        match event:
            case ResponseStarted():
                self._start(event)
            case ResponseEvent():
                self._about_response(event)
            case SpeechStarted() | SpeechStopped() if self._protocol.terms.turn is None:
                pass  # whoever ends turns by hand knows when they speak
            case SpeechStarted():
                # A client that plays by itself stops for good at speech_started: it is told
                # once it is clear that somebody interrupts.
                if not self._on_track and self._protocol.speaker.pending_s > 0 and self._replies:
                    self._held = event
                else:
                    self._hearing.started(event)
            case SpeechStopped():
                if self._held is None:
                    self._hearing.stopped(event)
            case TranscriptDelta() | Transcript():
                self._hearing.caption(event)
            case TurnCommitted():
                self._release()
                self._commit(event)
            case Forgot():
                self._forget()

    def _start(self, event: ResponseStarted) -> None:
        is_asked = event.reason in ("create", "typed")
        reply, self._asked = (self._asked, None) if is_asked else (None, self._asked)
        if reply is None:
            is_proactive = event.reason == "proactive"
            why = {"reason": "proactive", "watch": event.watch or ""} if is_proactive else {}
            reply = self._reply(self._protocol.terms.is_spoken, why)
            reply.begin()
        reply.question = event.question
        self._replies[event.generation] = reply

    def _reply(self, is_spoken: bool, metadata: dict[str, str]) -> Reply:
        sound = self._protocol.terms.spoken if is_spoken else None
        return Reply(
            self._protocol.items, self._protocol.emit, self._conversation_id, sound,
            self._on_track, metadata,
        )  # fmt: skip

    def _about_response(self, event: ResponseEvent) -> None:
        reply = self._replies.get(event.generation)
        if isinstance(event, ResponseDone):
            if event.status == "cancelled":
                self._release()
            is_unbegun = reply is None and event.reason in ("create", "typed")
            reply = self._asked if is_unbegun else reply
            if reply is not None:
                self._asked = None if reply is self._asked else self._asked
                self._replies.pop(event.generation, None)
                self._finish(reply, event)
        elif reply is not None:
            self._go_on(reply, event)

    def _go_on(self, reply: Reply, event: ResponseEvent) -> None:
        match event:
            case TextDelta():
                reply.say(event.text)
            case AudioDelta():
                reply.sound_out(event.pcm, event.rate_hz)
                self._measure(reply, event)
            case FunctionCall():
                reply.call(event)
            case Unspoken():
                body = {"text": event.text, "reason": event.reason}
                self._protocol.emit({"type": "omnilive.unspoken", "response_id": reply.id, **body})
            case Paused():
                self._protocol.emit({"type": "omnilive.paused", "response_id": reply.id})
            case Resumed():
                self._held = None
                self._hearing.forget()
                self._protocol.emit({"type": "omnilive.resumed", "response_id": reply.id})

    def _finish(self, reply: Reply, done: ResponseDone) -> None:
        usage = realtime_usage(
            [reply.question, self._protocol.terms.instructions],
            reply.pictures,
            done.text,
            reply.sound is not None,
        )
        ours = reply.end(done, usage)
        if done.status == "cancelled" and reply.output:
            content = reply.output[-1].get("content")
            if content:  # what was not heard was not said
                key = "transcript" if reply.sound else "text"
                reply.output[-1]["content"] = [{**content[0], key: done.heard}]
        self._turn("assistant", done.heard if reply.sound else done.text, reply, ours)
        self._protocol.emit({"type": "rate_limits.updated", "rate_limits": [self._limit()]})

    def _turn(self, role: str, text: str, reply: Reply, ours: dict[str, Any]) -> None:
        item_id = reply.output[0]["id"] if reply.output else None
        place = {"response_id": reply.id, "item_id": item_id}
        self._protocol.emit(
            {"type": "omnilive.turn", "role": role, **place, "text": text, "omnilive": ours}
        )

    def _commit(self, event: TurnCommitted) -> None:
        item = self._hearing.commit(event)
        ours = {
            "addressed": event.addressed,
            "start_s": round(event.start_s, 3),
            "end_s": round(event.end_s, 3),
        }
        self._protocol.emit({
            "type": "omnilive.turn", "role": "user", "response_id": None, "item_id": item["id"],
            "text": text_of(item), "omnilive": ours,
        })  # fmt: skip

    def _forget(self) -> None:
        """Let go of all that was said: what of it tells of the span that is gone, nobody knows."""
        self._hearing.let_go()
        self._lengths.clear()
        self.forgotten = [item["id"] for item in self._protocol.items]
        for item in list(self._protocol.items):
            if item.get("role") != "system":
                self._protocol.items.remove(item["id"])
                self._protocol.emit({"type": "conversation.item.deleted", "item_id": item["id"]})

    def _release(self) -> None:
        """Tell that somebody spoke, now that it is clear that they interrupted."""
        if self._held is not None:
            held, self._held = self._held, None
            self._hearing.started(held)

    def _measure(self, reply: Reply, event: AudioDelta) -> None:
        if (id := reply.message_id) is not None:
            _, before_ms = self._lengths.get(id, (0, 0))
            length_ms = before_ms + round(1000 * len(event.pcm) / event.rate_hz)
            self._lengths[id] = (event.generation, length_ms)
            while len(self._lengths) > REMEMBERED:
                self._lengths.popitem(last=False)

    def _limit(self) -> dict[str, Any]:
        left_s = 60 - (stopwatch() - self._times[0]) if self._times else 0.0
        return {
            "name": "requests",
            "limit": self._per_minute,
            "remaining": max(0, self._per_minute - len(self._times)),
            "reset_seconds": round(max(0.0, left_s), 1),
        }
