"""A line: one caller on one session. What they send is a source of it, what they hear is one
conversation. WebRTC peers and WebSocket clients are lines alike."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from omnilive.core.clock import SystemClock

if TYPE_CHECKING:
    from omnilive.dialogue.base import Output, Tell
    from omnilive.dialogue.config import DialogueConfig
    from omnilive.dialogue.conversation import Conversation
    from omnilive.media.push import PushSource
    from omnilive.pipeline import Pipeline
    from omnilive.server.hub import Hub
    from omnilive.server.running import Watch

T = TypeVar("T")
SETTLE_STEP_S, SETTLE_STEPS = 0.01, 300  # sound on its way is waited for 3 s at most


class Connection(Protocol):
    """How the caller's connection is doing."""

    def as_json(self) -> dict[str, Any]:
        """Return the public JSON form."""
        ...


class Lines:
    """The lines of a process, and who else hears what a session says."""

    def __init__(self) -> None:
        self.open: set[Line] = set()
        self._hearers: dict[str, list[Output]] = {}

    @contextmanager
    def hearing(self, session: str, output: "Output") -> Iterator[None]:
        """Let `output` hear all that is said on any line of the session."""
        hearers = self._hearers.setdefault(session, [])
        hearers.append(output)
        try:
            yield
        finally:
            hearers.remove(output)
            if not hearers:
                self._hearers.pop(session, None)

    def at(self, session: str, source_id: int) -> "Line | None":
        """Return the line whose caller feeds a source."""
        here = (line for line in self.open if line.session == session)
        return next((line for line in here if line.source_id == source_id), None)

    async def close(self, session: str) -> None:
        """End all lines of a session, while what was said can still be noted."""
        here = [line for line in self.open if line.session == session]
        await asyncio.gather(*(line.close() for line in here))

    def hearers(self, session: str) -> "list[Output]":
        """Return who else hears what the session says."""
        return list(self._hearers.get(session, ()))


class Tee:
    """An Output of a line that others hear too; what was played is what the line played."""

    def __init__(self, output: "Output", others: "Callable[[], list[Output]]") -> None:
        self.rate_hz = output.rate_hz
        self._output, self._others = output, others

    def begin(self) -> None:
        """Open a new response."""
        for output in self._all():
            output.begin()

    def play(self, pcm: np.ndarray) -> None:
        """Queue (S,) float32 mono samples."""
        for output in self._all():
            output.play(pcm if output.rate_hz == self.rate_hz else _resampled(pcm, self, output))

    def pause(self) -> None:
        """Fall silent."""
        for output in self._all():
            output.pause()

    def resume(self) -> None:
        """Go on."""
        for output in self._all():
            output.resume()

    def clear(self) -> float:
        """Drop the rest; return the seconds that the line played."""
        for output in self._others():
            output.clear()
        return self._output.clear()

    @property
    def played_s(self) -> float:
        """Seconds of this response that the line played."""
        return self._output.played_s

    @property
    def pending_s(self) -> float:
        """Seconds queued on the line and not yet played."""
        return self._output.pending_s

    def _all(self) -> "list[Output]":
        return [self._output, *self._others()]


class Line:
    """One caller. Lives on the event loop; `close` may be called any number of times."""

    def __init__(
        self, hub: "Hub", session: str, label: str, watch: "Watch", conversation: "Conversation"
    ) -> None:
        self.session, self.label = session, label
        self.conversation = conversation
        self.connection: Connection | None = None
        self.ended: asyncio.Event = asyncio.Event()
        self._hub, self._watch = hub, watch
        self._wired = ExitStack()
        self._closing: asyncio.Task[None] | None = None
        self._follower = asyncio.create_task(self._follow())

    @classmethod
    async def open(
        cls,
        hub: "Hub",
        session: str,
        *,
        label: str,
        has_video: bool,
        has_audio: bool,
        output: "Output",
        tell: "Tell",
        dialogue: "DialogueConfig | None" = None,
    ) -> "Line":
        """Begin to watch what the caller sends and to converse with them.

        Raises what `Hub.watch` does. Without a voice or a turn model the line works all the
        same: answers stay text, turns end by silence.
        """
        from omnilive.dialogue.conversation import Conversation
        from omnilive.media.push import PushSource

        def source(offset_s: float) -> PushSource:
            return PushSource(
                label, has_video=has_video, has_audio=has_audio, offset_s=offset_s,
                config=hub.config.media,
            )  # fmt: skip

        # In turn: what is refused is refused before anything is loaded for it.
        number = await hub.watch(session, f"push:{label}", "live", source)
        watch = hub.watch_of(session, number)
        running = hub.running.get(session)
        assert watch is not None and running is not None
        try:
            voice, end_of_turn = await asyncio.gather(hub.shared.voice(), hub.shared.end_of_turn())
        except BaseException:
            watch.pipeline.source.close()
            raise
        conversation = Conversation(
            dialogue or hub.config.dialogue, running.session,
            Tee(output, lambda: hub.lines.hearers(session)), voice, end_of_turn, watch.pipeline,
            tell, SystemClock(), label,
        )  # fmt: skip
        line = cls(hub, session, label, watch, conversation)
        line._wire(watch.pipeline)
        return line

    @property
    def source(self) -> "PushSource":
        """Where what the caller sends goes."""
        from omnilive.media.push import PushSource

        source = self._watch.pipeline.source
        assert isinstance(source, PushSource)
        return source

    @property
    def source_id(self) -> int:
        """The number of the caller's source in the session."""
        return self._watch.source_id

    @property
    def pipeline(self) -> "Pipeline":
        """What perceives the caller."""
        return self._watch.pipeline

    async def settle(self) -> None:
        """Return when all sound that came so far is with what perceives it."""
        sound_s = self.source.sound_s
        for _ in range(SETTLE_STEPS):
            if self.pipeline.audio_s >= sound_s - 1e-3:
                return
            await asyncio.sleep(SETTLE_STEP_S)

    async def close(self) -> None:
        """End the conversation and the source; what was sent is perceived and stored."""
        self._closing = self._closing or asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._wired.close()
        self._hub.lines.open.discard(self)
        try:
            await self.conversation.close()
        finally:
            self.source.close()
        await asyncio.wait({self._watch.task}, timeout=self._hub.server.stop_s)
        if not self._watch.task.done():
            self._watch.task.cancel()
        await asyncio.wait({self._follower})

    def _wire(self, pipeline: "Pipeline") -> None:
        self._hub.lines.open.add(self)
        self._subscribe(pipeline.voice_listeners, self.conversation.on_voice)
        self._subscribe(pipeline.speech_listeners, self.conversation.on_speech)
        self._wired.enter_context(self._hub.listening(self.session, self._on_log))

    def _subscribe(self, listeners: list[Callable[[T], None]], on: Callable[[T], None]) -> None:
        listeners.append(on)
        self._wired.callback(listeners.remove, on)

    def _on_log(self, line: dict[str, Any]) -> None:
        """Say an alert aloud, if its watch wants that, or a remark of the narration; forget."""
        if line["type"] == "forgotten":
            self.conversation.forget(line["start_s"], line["end_s"])
        if line["type"] not in ("alert", "remark") or not is_spoken(line):
            return
        self.conversation.say(
            line["text"], watch=line.get("watch"), urgent=line.get("urgency") == "high"
        )

    async def _follow(self) -> None:
        """Note when the source is over, whoever ended it."""
        await asyncio.wait({self._watch.task})
        self.ended.set()


def is_spoken(alert: dict[str, Any]) -> bool:
    """Tell whether an alert is said aloud: its watch tells by voice, and is not of low urgency."""
    return "voice" in alert.get("to", ()) and alert.get("urgency") != "low"


def _resampled(pcm: np.ndarray, source: "Tee", target: "Output") -> np.ndarray:
    """Return the samples at another rate, straight lines between them: for those who listen in."""
    length = round(len(pcm) * target.rate_hz / source.rate_hz)
    at = np.arange(length) * source.rate_hz / target.rate_hz
    return np.interp(at, np.arange(len(pcm)), pcm).astype(np.float32)
