"""Collects what the user says into turns, and tells when one is over. Pure logic, no clock.

All times are session seconds; `now` is handed in. One part is one utterance; people pause inside
a turn, so that a turn may have several.
"""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from omnilive.core.events import Percept
from omnilive.dialogue.base import Turn
from omnilive.dialogue.config import DialogueConfig
from omnilive.dialogue.gate import words_of
from omnilive.perception.audio.voice import Voice

CONTEXT_S = 8.0  # sound that a judgement looks back on
PATIENCE_S = 20.0  # longest wait for a transcript: half a sentence would get a wrong answer
LONGEST_S = 60.0  # of a turn that is ended by hand
SAME_S = 1e-3


@dataclass(slots=True)
class Part:
    """One utterance: its speech proper, its sound, and what is understood of it so far."""

    number: int
    start_s: float
    end_s: float
    pcm: np.ndarray
    text: str = ""
    language: str = ""
    confidence: float = 0.0
    until_s: float = -1e9  # up to which end of speech the text was heard with care
    ended: bool = False
    said_before: int = 0  # words of it that belong to a turn taken before

    @property
    def is_ready(self) -> bool:
        """Tell whether the text covers all that was said."""
        return self.until_s >= self.end_s - SAME_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A turn that is over. `asked`: by hand. The last two are when each became known."""

    pieces: tuple[tuple[int, str], ...]  # number and text of each utterance
    start_s: float
    end_s: float
    asked: bool = False
    joined: bool = False
    judged_t: float = 0.0
    heard_t: float = 0.0

    @property
    def text(self) -> str:
        """What was said, as one."""
        return " ".join(text for _, text in self.pieces)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The utterances of the turn."""
        return tuple(number for number, _ in self.pieces)


@dataclass(slots=True)
class Turns:
    """Feed voices, transcripts and judgements; `take` gives the turn once it is over."""

    config: DialogueConfig
    parts: list[Part] = field(default_factory=list)
    speaking: bool = False
    epoch: int = 0  # counts pauses: a judgement of an earlier one is void
    over_t: float | None = None  # when the end of the turn was judged or asked for
    committing: bool = False  # an end by hand is on its way through the sound before it
    asked: bool = False
    heard_t: float = 0.0
    late_s: float = 0.0  # how far hearing was behind the present at the last voice
    last: Said | None = None  # the turn taken before, while it may still be joined
    taken_t: float = -1e9

    def on_voice(self, voice: Voice, now: float) -> bool:
        """Note what the voice did; return whether the pause should be judged."""
        said = voice.utterance
        self.late_s = max(0.0, now - voice.t)
        if voice.state in ("began", "resumed"):
            self.speaking, self.over_t = True, None
            self.epoch += 1
        if voice.state in ("paused", "ended"):
            self.speaking = False
        part = None
        if said is not None and self._is_of_this_turn(voice):
            part = self._part(said.number, said.voiced_s, now)
            part.end_s, part.pcm = said.voiced_end_s, said.pcm
        if voice.state == "ended":
            if said is None and not voice.asked:
                self.parts = [p for p in self.parts if p.ended]
            if part is not None:
                part.ended = True
        if voice.asked:
            self.asked, self.committing, self.over_t = True, False, now
        if voice.state == "paused":
            self.epoch += 1
        is_pause = part is not None and voice.state == "paused"
        return is_pause and self._ends_by_itself and not self.asked

    def on_speech(self, heard: Percept, now: float) -> Part | None:
        """Note a transcript; return its part, None for one of a turn that is over."""
        number = number_of(heard)
        part = next((p for p in self.parts if p.number == number), None)
        if part is None:
            return None
        part.text, part.confidence = heard.text.strip(), heard.confidence
        part.language = str(heard.data.get("language", ""))
        if heard.final:
            part.until_s = part.end_s if part.ended else max(part.until_s, heard.end_s)
            self.heard_t = now
        elif "until_s" in heard.data:
            part.until_s = float(heard.data["until_s"])
            self.heard_t = now
        return part

    def judged(self, epoch: int, probability: float, now: float) -> bool:
        """Note a judgement of the pause `epoch`; return whether it ends the turn."""
        if epoch == self.epoch and not self.speaking and probability >= self.config.threshold:
            self.over_t = self.over_t or now
        return self.over_t is not None

    def due(self) -> float | None:
        """Return when to look again although nothing happens; None while that is not needed."""
        if self.speaking or self.committing or not self.is_pending:
            return None
        if self.over_t is not None:
            return self.over_t + PATIENCE_S
        return self._silent_from_s + self.config.max_delay_s

    @property
    def end_s(self) -> float:
        """The true end of speech so far."""
        return max((p.end_s for p in self.parts), default=-1e9)

    @property
    def is_pending(self) -> bool:
        """Tell whether a turn is under way that ends by itself, or is being ended."""
        return bool(self.parts) and (self._ends_by_itself or self.committing or self.asked)

    @property
    def _silent_from_s(self) -> float:
        """Since when silence counts: what is not heard yet, on a busy machine, is no silence."""
        return self.end_s + self.late_s

    @property
    def _ends_by_itself(self) -> bool:
        return self.config.answer != "push_to_talk"

    def take(self, now: float) -> Said | None:
        """Return the turn if it is over and understood; what follows is a new one."""
        if self.speaking or self.committing or (not self.parts and not self.asked):
            return None
        if self.over_t is None and self._ends_by_itself:
            if now - self._silent_from_s >= self.config.max_delay_s - SAME_S:
                self.over_t = now
        if self.over_t is None or (not self._ends_by_itself and not self.asked):
            return None
        if not all(p.is_ready for p in self.parts) and now < self.over_t + PATIENCE_S - SAME_S:
            return None
        return self._taken(now)

    def drop(self) -> tuple[int, ...]:
        """Forget what was said since the last turn: it was no turn. Return its utterances."""
        numbers = tuple(p.number for p in self.parts)
        self.parts, self.over_t, self.asked = [], None, False
        return numbers

    def forget(self, start_s: float, end_s: float) -> None:
        """Drop what was said in a span, and the turn before, which may have been."""
        self.parts = [p for p in self.parts if outside(p, start_s, end_s) is not None]
        self.last = None

    def forget_last(self) -> None:
        """The turn taken before can no longer be joined: its answer has been heard."""
        self.last = None

    def sound(self) -> np.ndarray:
        """Return the sound of the turn so far, the last seconds of it. Shapes: (S,) float32."""
        pcm = np.concatenate([p.pcm for p in self.parts] or [np.zeros(0, np.float32)])
        return pcm[-round(CONTEXT_S * 16000) :]

    def fresh_text(self) -> str:
        """Return what was said since the last turn, without what that one held already."""
        return " ".join(t for p in self.parts if (t := _after(p.text, p.said_before)))

    def _is_of_this_turn(self, voice: Voice) -> bool:
        """Tell a voice that is being followed, or begins, from the end of one dealt with."""
        assert voice.utterance is not None
        number = voice.utterance.number
        if voice.state in ("began", "resumed") or any(p.number == number for p in self.parts):
            return True
        return voice.asked and (self.last is None or number not in self.last.numbers)

    def _part(self, number: int, start_s: float, now: float) -> Part:
        part = next((p for p in self.parts if p.number == number), None)
        if part is not None:
            return part
        part = Part(number, start_s, start_s, np.zeros(0, np.float32))
        if self.last is not None and number in self.last.numbers:
            part.said_before = len(words_of(dict(self.last.pieces)[number]))
        if not self.parts and self.last is not None:
            goes_on = number in self.last.numbers or now - self.taken_t <= self.config.join_s
            if not goes_on:
                self.last = None
        self.parts.append(part)
        if not self._ends_by_itself:
            self.parts = [p for p in self.parts if now - p.start_s <= LONGEST_S]
        return part

    def _taken(self, now: float) -> Said:
        parts = [p for p in self.parts if p.text]
        before = self.last if parts else None
        start_s = min((p.start_s for p in parts), default=now)
        pieces = dict(before.pieces) if before is not None else {}
        pieces |= {p.number: p.text for p in parts}  # an utterance that went on is heard anew
        said = Said(
            pieces=tuple(pieces.items()),
            start_s=start_s if before is None else min(start_s, before.start_s),
            end_s=max((p.end_s for p in parts), default=now), asked=self.asked,
            joined=before is not None, judged_t=self.over_t or now, heard_t=self.heard_t,
        )  # fmt: skip
        self.drop()
        self.last, self.taken_t = (said if pieces else None), now
        return said


T = TypeVar("T", Part, Said, Turn)


def outside(said: T | None, start_s: float, end_s: float) -> T | None:
    """Return what was said, None where any of it was said within a span."""
    is_within = said is not None and said.start_s < end_s and said.end_s > start_s
    return None if is_within else said


def number_of(heard: Percept) -> int:
    """Return the number of the utterance that a speech percept is about."""
    return int(str(heard.data.get("id", "speech-1")).removeprefix("speech"))


def _after(text: str, words: int) -> str:
    """Return the text after its first `words` words."""
    if words == 0:
        return text
    return " ".join(words_of(text)[words:])
