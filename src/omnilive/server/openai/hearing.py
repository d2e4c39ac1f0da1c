"""What a client said, on its way back to it: speech, captions and turns as OpenAI's events."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from omnilive.dialogue.base import (
    SpeechStarted,
    SpeechStopped,
    Transcript,
    TranscriptDelta,
    TurnCommitted,
)
from omnilive.server.openai.items import Item, Items, new_id
from omnilive.server.openai.problems import Problem

Emit = Callable[[dict[str, Any]], None]
MOST_SAID = 16  # utterances of one turn: who never ends theirs by hand could talk for hours


class Hearing:
    """One item for each turn of the user; it has its id from the first word on."""

    def __init__(self, items: Items, emit: Emit) -> None:
        self._items, self._emit = items, emit
        self.start_s = 0.0  # session time at which the client's sound began
        self._item_id = new_id("item")
        self._said: dict[int, str] = {}  # words of each utterance of this turn, so far
        self._sent = ""  # of the transcript, as deltas
        self._is_speaking = False
        self._last: tuple[str, TurnCommitted] | None = None
        self._over: deque[int] = deque(maxlen=32)  # utterances of turns that are over

    def started(self, event: SpeechStarted) -> None:
        """Tell that somebody began to speak."""
        self._is_speaking = True
        self._speech("started", "audio_start_ms", event.start_s)

    def stopped(self, event: SpeechStopped) -> None:
        """Tell that they fell silent."""
        if self._is_speaking:
            self._is_speaking = False
            self._speech("stopped", "audio_end_ms", event.end_s)

    def caption(self, event: TranscriptDelta | Transcript) -> None:
        """Tell what it sounds like, and as a delta the words that two captions agree on."""
        if event.number in self._over:
            return
        if isinstance(event, Transcript) and event.by_assistant:
            self._said.pop(event.number, None)
            return
        before = self._said.get(event.number, "")
        self._said[event.number] = event.text
        while len(self._said) > MOST_SAID:
            del self._said[next(iter(self._said))]
        is_final = isinstance(event, Transcript)
        text = " ".join(filter(None, self._said.values()))
        self._emit({
            "type": "omnilive.transcript", "item_id": self._item_id, "text": text,
            "final": is_final,
        })  # fmt: skip
        agreed = event.text if is_final else _agreed(before, event.text)
        earlier = [said for number, said in self._said.items() if number != event.number]
        self._delta(" ".join(filter(None, [*earlier, agreed])))

    def commit(self, event: TurnCommitted) -> Item:
        """Tell that the turn is over; return its item."""
        self.stopped(SpeechStopped(t=event.t, number=-1, end_s=event.end_s))
        self._supersede(event)
        item = self._item(event.text)
        before = self._items.add(item)
        id = {"item_id": item["id"]}
        ours = {
            "addressed": event.addressed,
            "start_s": round(event.start_s, 3),
            "end_s": round(event.end_s, 3),
        }
        self._emit({
            "type": "input_audio_buffer.committed", **id, "previous_item_id": before,
            "omnilive": ours,
        })  # fmt: skip
        for what in ("added", "done"):
            kind = f"conversation.item.{what}"
            self._emit({"type": kind, "previous_item_id": before, "item": dict(item)})
        self._delta(event.text)
        usage = {"type": "duration", "seconds": round(max(0.0, event.end_s - event.start_s), 3)}
        self._emit({
            "type": "conversation.item.input_audio_transcription.completed", **id,
            "content_index": 0, "transcript": event.text, "usage": usage,
        })  # fmt: skip
        self._over.extend(event.utterance_numbers)
        self._last = (item["id"], event)
        self.forget()
        return item

    def forget(self) -> None:
        """Begin another turn."""
        self._item_id, self._said, self._sent = new_id("item"), {}, ""

    def let_go(self) -> None:
        """Forget this turn, and the one before."""
        self._last = None
        self.forget()

    def _supersede(self, event: TurnCommitted) -> None:
        """Take back a turn that was no whole one: who went on is heard as saying both."""
        if self._last is None:
            return
        id, before = self._last
        goes_on = set(before.utterance_numbers) & set(event.utterance_numbers)
        if goes_on and _letters(event.text).startswith(_letters(before.text)):
            with suppress(Problem):  # the client may have deleted it
                self._items.remove(id)
                self._emit({"type": "conversation.item.deleted", "item_id": id})

    def _item(self, text: str) -> Item:
        return {
            "id": self._item_id, "object": "realtime.item", "type": "message",
            "status": "completed", "role": "user",
            "content": [{"type": "input_audio", "transcript": text}],
        }  # fmt: skip

    def _speech(self, what: str, when: str, t: float) -> None:
        ms = max(0, round((t - self.start_s) * 1000))
        type = f"input_audio_buffer.speech_{what}"
        self._emit({"type": type, "item_id": self._item_id, when: ms})

    def _delta(self, text: str) -> None:
        """Send what is new; nothing where it contradicts what was sent: `completed` has it all."""
        if len(text) > len(self._sent) and text.startswith(self._sent):
            delta, self._sent = text[len(self._sent) :], text
            self._emit({
                "type": "conversation.item.input_audio_transcription.delta",
                "item_id": self._item_id, "content_index": 0, "delta": delta,
            })  # fmt: skip


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _agreed(old: str, new: str) -> str:
    """Return the leading words that two captions share, as the newer one writes them."""
    count = 0
    for a, b in zip(old.split(), new.split(), strict=False):
        if a != b:
            break
        count += 1
    return " ".join(new.split()[:count])
