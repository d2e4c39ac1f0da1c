"""What a conversation is made of: who answers, where sound goes, what it tells its line.

All `t`, `*_s` are seconds on the session clock unless a docstring says otherwise. Everything
here is called on the event loop; nothing may block.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from omnilive.core.events import Answer, Event
from omnilive.reasoning.base import Message as Message
from omnilive.reasoning.base import ToolCall as ToolCall

Reason: TypeAlias = Literal["turn", "typed", "proactive", "create"]
Status: TypeAlias = Literal["completed", "cancelled", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Where the time of a turn went: seconds since the true end of speech (last voiced window).

    For a typed question, seconds since it was asked. None: that never happened.
    """

    end_of_turn_s: float | None = None
    transcript_s: float | None = None
    recall_s: float | None = None
    first_text_s: float | None = None
    first_audio_s: float | None = None
    total_s: float | None = None

    def as_json(self) -> dict[str, float | None]:
        """Return the public JSON form."""
        names = ("end_of_turn", "transcript", "recall", "first_text", "first_audio", "total")
        values = {f"{name}_s": getattr(self, f"{name}_s") for name in names}
        return {k: None if v is None else round(v, 3) for k, v in values.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of the dialogue, as it is remembered.

    `text` of the assistant is what was heard (or read, where nothing is spoken); `full_text`
    what it had to say. `answer` is the log sequence number of the answer with its evidence.
    """

    role: Literal["user", "assistant"]
    text: str
    start_s: float
    end_s: float
    spoken: bool
    line: str
    interrupted: bool = False
    answer: int | None = None
    latency: Latency | None = None
    addressed: bool = True
    full_text: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the body of the `turn` log line (without seq and t)."""
        shared = {
            "role": self.role,
            "text": self.text,
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            "spoken": self.spoken,
            "line": self.line,
        }
        if self.role == "user":
            return {**shared, "addressed": self.addressed}
        return {
            **shared,
            "interrupted": self.interrupted,
            "answer": self.answer,
            "latency": self.latency.as_json() if self.latency else None,
            "full_text": self.full_text,
        }


class Brain(Protocol):
    """What answers: a Session."""

    def stream(
        self,
        question: str,
        t: float | None = None,
        *,
        catch_up_s: float | None = None,
        pictures_only: bool = False,
        instructions: str = "",
        tools: Sequence[Mapping[str, Any]] = (),
        images: Sequence[bytes] = (),
        history: Sequence[Message] | None = None,
        spoken: tuple[float, float] | None = None,
        only_supported: bool = False,
        before_log: Callable[[], Awaitable[None]] | None = None,
    ) -> AsyncIterator["str | ToolCall | Answer"]:
        """Yield pieces of text, tool calls, and the whole Answer last; stops when closed.

        `pictures_only` does not wait for speech before the question to be transcribed;
        `catch_up_s` bounds the wait for what is waited for (None: as suits the question).
        `history` are the messages so far, results of functions included (then `question` may
        be empty); None: what the log holds of the dialogue. `spoken` is when the question
        itself was being said: that speech is no evidence. With `only_supported` nothing is
        yielded unless what is remembered supports an answer. The Answer's `seq` is its log line;
        `before_log` is awaited before that is written: the question is to stand above it.
        """
        ...

    async def note_turn(self, turn: Turn) -> dict[str, Any]:
        """Write the `turn` line into the log, tell listeners, return the line; {} if it was
        said in a span that has been forgotten since."""
        ...


class Output(Protocol):
    """Where a line's sound goes. Never blocks; bounded by what one response can hold."""

    rate_hz: int
    """Samples a second that `play` wants."""

    def begin(self) -> None:
        """Open a new response: `played_s` starts at 0, nothing is paused."""
        ...

    def play(self, pcm: np.ndarray) -> None:
        """Queue (S,) float32 mono samples."""
        ...

    def pause(self) -> None:
        """Fall silent at once and keep the place."""
        ...

    def resume(self) -> None:
        """Go on from where it paused."""
        ...

    def clear(self) -> float:
        """Drop the rest; return the seconds of this response that were really played."""
        ...

    @property
    def played_s(self) -> float:
        """Seconds of this response that were really played."""
        ...

    @property
    def pending_s(self) -> float:
        """Seconds queued and not yet played."""
        ...


class Mouth(Protocol):
    """What speaks: text in, sound out."""

    name: str
    languages: Sequence[str]
    rate_hz: int

    def can_say(self, text: str) -> bool:
        """Tell whether the voice knows the language (script) of the text."""
        ...

    def say(self, text: str) -> AsyncIterator[np.ndarray]:
        """Yield (S,) float32 mono pieces of speech; BackendError when the voice fails."""
        ...


class EndOfTurn(Protocol):
    """Judges whether someone who paused has finished."""

    async def probability(self, pcm: np.ndarray) -> float:
        """Return how sure it is that (S,) float32 16 kHz speech, up to now, is a whole turn."""
        ...


class Ears(Protocol):
    """What a conversation asks of the pipeline that hears its line."""

    @property
    def now_t(self) -> float:
        """Session time now."""
        ...

    def end_utterance(self) -> None:
        """Close the open utterance now instead of after the next long pause."""
        ...

    def label_utterance(self, number: int, **data: Any) -> None:
        """Add to the data of what was or will be heard as this utterance."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DialogueEvent(Event):
    """Something a line may want to tell its client."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpeechStarted(DialogueEvent):
    """Someone began to speak at `start_s`."""

    number: int
    start_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpeechStopped(DialogueEvent):
    """They fell silent at `end_s` (last voiced window)."""

    number: int
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TranscriptDelta(DialogueEvent):
    """What an utterance sounds like so far: the whole text, which a later one replaces."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transcript(DialogueEvent):
    """What an utterance was; `by_assistant` when it was the assistant's own voice."""

    number: int
    text: str
    language: str = ""
    by_assistant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TurnCommitted(DialogueEvent):
    """The user's turn is over. `addressed` False: remembered and not answered."""

    text: str
    utterance_numbers: tuple[int, ...]
    start_s: float
    end_s: float
    addressed: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forgot(DialogueEvent):
    """A span of the session was forgotten: let go of what was said in it, or about it."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResponseEvent(DialogueEvent):
    """Something about one response; `generation` tells responses of a line apart."""

    generation: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResponseStarted(ResponseEvent):
    """A response begins; `question` is what it answers, "" for a proactive one."""

    reason: Reason
    question: str = ""
    watch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TextDelta(ResponseEvent):
    """The next piece of the response's text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AudioDelta(ResponseEvent):
    """The next piece of sound, as queued for playing. Shapes: pcm is (S,) float32 mono.

    `text` is the phrase it belongs to, on the first piece of the phrase, else "".
    """

    pcm: np.ndarray
    rate_hz: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unspoken(ResponseEvent):
    """A piece of the response stays text only; `reason` says why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paused(ResponseEvent):
    """The assistant fell silent because somebody speaks; decided soon: Resumed or ResponseDone."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resumed(ResponseEvent):
    """It was no interruption: the assistant goes on where it paused."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FunctionCall(ResponseEvent):
    """The model asks the client to run a function."""

    name: str
    arguments: str
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResponseDone(ResponseEvent):
    """A response is over: its text, what of it was heard, and where the time went.

    `heard_s` is how many seconds of its sound were played.
    """

    status: Status
    text: str
    heard: str
    heard_s: float = 0.0
    answer: Answer | None = None
    latency: Latency = Latency()
    error: str = ""
    watch: str | None = None
    reason: Reason = "turn"


Tell: TypeAlias = Callable[[DialogueEvent], None]
