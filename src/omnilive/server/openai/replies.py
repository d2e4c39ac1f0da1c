"""One response on its way to a client: what a conversation tells becomes OpenAI's events."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from omnilive.dialogue.base import FunctionCall, ResponseDone
from omnilive.server.openai.chat import evidence_of
from omnilive.server.openai.formats import AudioFormat
from omnilive.server.openai.items import Item, Items, new_id

if TYPE_CHECKING:
    from omnilive.server.openai.resample import Resampler

PIECE_S = 0.4  # sound in one event, at most
Emit = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class Reply:
    """A response and its events, in OpenAI's order.

    `sound` is None when answers are text; `on_track` when the sound goes another way, and
    only its beginning and end are told.
    """

    items: Items
    emit: Emit
    conversation_id: str
    sound: AudioFormat | None
    on_track: bool
    metadata: dict[str, str]
    question: str = ""
    pictures: int = 0  # that were asked about
    id: str = field(default_factory=lambda: new_id("resp"))
    text: str = ""
    sound_s: float = 0.0
    stop_reason: str = "turn_detected"  # why it would be cancelled
    output: list[Item] = field(default_factory=list[Item])
    _message: Item | None = None
    _index: int = 0
    _sounds: bool = False
    _resampler: "Resampler | None" = None

    @property
    def message_id(self) -> str | None:
        """The id of the item that is being said."""
        return self._message["id"] if self._message else None

    def begin(self) -> None:
        """Tell that a response begins, and why when nobody asked for it."""
        self.emit({"type": "response.created", "response": self._response("in_progress")})

    def say(self, text: str) -> None:
        """Tell the next piece of its text."""
        self._open_message()
        self.text += text
        kind = "output_audio_transcript" if self.sound else "output_text"
        self._part(f"response.{kind}.delta", delta=text)

    def sound_out(self, pcm: np.ndarray, rate_hz: int) -> None:
        """Tell the next piece of its sound."""
        if self.sound is None:
            return
        self._open_message()
        self.sound_s += len(pcm) / rate_hz
        if self.on_track:
            if not self._sounds:
                self.emit({"type": "output_audio_buffer.started", "response_id": self.id})
        else:
            self._send_sound(self._resampled(pcm, rate_hz))
        self._sounds = True

    def call(self, call: FunctionCall) -> None:
        """Tell that the client is to run a function."""
        self._close_message("completed")
        names = {"name": call.name, "call_id": call.call_id}
        item: Item = {
            "id": new_id("item"), "object": "realtime.item", "type": "function_call",
            "status": "in_progress", **names, "arguments": "",
        }  # fmt: skip
        self._add(item)
        place = {"response_id": self.id, "item_id": item["id"], "output_index": self._index}
        kind = "response.function_call_arguments"
        told = {"call_id": call.call_id}
        self.emit({"type": f"{kind}.delta", **place, **told, "delta": call.arguments})
        item["arguments"] = call.arguments
        self.emit({"type": f"{kind}.done", **place, **names, "arguments": call.arguments})
        self._finish(item, "completed")

    def end(self, done: ResponseDone, usage: Mapping[str, Any]) -> dict[str, Any]:
        """Tell that it is over; return its `omnilive` object."""
        if done.status == "completed" and not self.output and self._message is None:
            self._open_message()  # an empty answer is an answer
        self._close_message("completed" if done.status == "completed" else "incomplete")
        if self.on_track and self._sounds:
            what = "stopped" if done.status == "completed" else "cleared"
            self.emit({"type": f"output_audio_buffer.{what}", "response_id": self.id})
        if self.on_track and done.status == "cancelled" and self.output and self._sounds:
            self.emit({
                "type": "conversation.item.truncated", "item_id": self.output[0]["id"],
                "content_index": 0, "audio_end_ms": round(done.heard_s * 1000),
            })  # fmt: skip
        ours = told(done)
        response = self._response(done.status)
        response |= {"usage": usage, "status_details": self._details(done)}
        self.emit({"type": "response.done", "response": response, "omnilive": ours})
        return ours

    def _send_sound(self, pcm: np.ndarray) -> None:
        assert self.sound is not None
        for piece in _pieces(pcm, round(PIECE_S * self.sound.rate_hz)):
            delta = base64.b64encode(self.sound.encode(piece)).decode()
            self._part("response.output_audio.delta", delta=delta)

    def _resampled(self, pcm: np.ndarray, rate_hz: int) -> np.ndarray:
        assert self.sound is not None
        if rate_hz == self.sound.rate_hz:
            return pcm
        if self._resampler is None:
            from omnilive.server.openai.resample import Resampler

            self._resampler = Resampler(self.sound.rate_hz)
        return self._resampler.add(pcm, rate_hz)

    def _details(self, done: ResponseDone) -> dict[str, Any] | None:
        if done.status == "cancelled":
            return {"type": "cancelled", "reason": self.stop_reason}
        if done.status == "failed":
            error = {"type": "server_error", "code": "failed", "message": done.error}
            return {"type": "failed", "error": error}
        return None

    def _response(self, status: str) -> dict[str, Any]:
        modalities = ["audio" if self.sound else "text"]
        output = {"output": {"format": self.sound.as_json()}} if self.sound else {}
        return {
            "id": self.id, "object": "realtime.response", "status": status,
            "status_details": None, "output": [dict(item) for item in self.output],
            "conversation_id": self.conversation_id, "output_modalities": modalities,
            "max_output_tokens": "inf", "audio": output, "usage": None,
            "metadata": self.metadata or None,
        }  # fmt: skip

    def _open_message(self) -> None:
        if self._message is not None:
            return
        self.text = ""
        self._message = {
            "id": new_id("item"), "object": "realtime.item", "type": "message",
            "status": "in_progress", "role": "assistant", "content": [],
        }  # fmt: skip
        self._add(self._message)
        part = {"type": "audio", "transcript": ""} if self.sound else {"type": "text", "text": ""}
        self._part("response.content_part.added", part=part)

    def _close_message(self, status: str) -> None:
        item = self._message
        if item is None:
            return
        if self.sound:
            item["content"] = [{"type": "output_audio", "transcript": self.text}]
            if not self.on_track:
                if self._resampler is not None:
                    self._send_sound(self._resampler.rest())
                self._part("response.output_audio.done")
            self._part("response.output_audio_transcript.done", transcript=self.text)
            part = {"type": "audio", "transcript": self.text}
        else:
            item["content"] = [{"type": "output_text", "text": self.text}]
            self._part("response.output_text.done", text=self.text)
            part = {"type": "text", "text": self.text}
        self._part("response.content_part.done", part=part)
        self._finish(item, status)
        self._message = None

    def _add(self, item: Item) -> None:
        place = {"response_id": self.id, "output_index": self._index}
        self.emit({"type": "response.output_item.added", **place, "item": dict(item)})
        before = self.items.add(item)
        self.emit(
            {"type": "conversation.item.added", "previous_item_id": before, "item": dict(item)}
        )

    def _finish(self, item: Item, status: str) -> None:
        item["status"] = status
        self.output.append(item)
        self.emit({"type": "conversation.item.done", "item": dict(item)})
        place = {"response_id": self.id, "output_index": self._index}
        self.emit({"type": "response.output_item.done", **place, "item": dict(item)})
        self._index += 1

    def _part(self, type: str, **body: Any) -> None:
        place = {"item_id": self.message_id, "output_index": self._index, "content_index": 0}
        self.emit({"type": type, "response_id": self.id, **place, **body})


def told(done: ResponseDone) -> dict[str, Any]:
    """Return the `omnilive` object of a response: evidence, latency, and why it was given."""
    return {
        "reason": done.reason,
        "watch": done.watch,
        "heard": done.heard,
        "interrupted": done.status == "cancelled",
        "latency": done.latency.as_json(),
        "answer": evidence_of(done.answer) if done.answer else None,
    }


def _pieces(pcm: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(pcm), size):
        yield pcm[start : start + size]
