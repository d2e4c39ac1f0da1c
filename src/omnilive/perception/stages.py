"""The perception stages: functions from channels to channels, run side by side in a session.

    pictures --watch--> pages --read_text--.
                 `------------------------- percepts
    sound ---listen--> speech --transcribe-'

A Mark travels through both branches behind everything that came before it. Every stage tells
`Progress` how far it has got, in seconds on the session clock.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from omnilive.core.channel import Channel
from omnilive.core.events import (
    AudioChunk,
    Event,
    Gap,
    Keyframe,
    Mark,
    Percept,
    VideoFrame,
)
from omnilive.core.trace import Tracer
from omnilive.core.worker import Worker
from omnilive.perception.audio.base import ASR, Transcript
from omnilive.perception.audio.ear import Ear
from omnilive.perception.audio.segment import Utterance
from omnilive.perception.audio.voice import Voice
from omnilive.perception.continuation import Continuation
from omnilive.perception.video.look import Eye
from omnilive.perception.video.read import Reader

Output: TypeAlias = Percept | Keyframe | Gap | Mark
T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """Up to which time each medium is fully perceived; infinite for one that is absent."""

    video_t: float = -1e9
    audio_t: float = -1e9
    looked: int = 0
    still: int = 0
    reading: bool = False  # a page is with the reader now

    @property
    def t(self) -> float:
        """Everything before this time is perceived."""
        return min(self.video_t, self.audio_t)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Page(Event):
    """A picture on its way to the reader."""

    frame: VideoFrame
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Speech(Event):
    """An utterance on its way to the recogniser; not final while it is still being spoken.

    A quick one is a caption that will be renewed at once; one at a pause may be the whole turn.
    """

    utterance: Utterance
    is_final: bool
    is_quick: bool = False
    is_pause: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EndUtterance(Event):
    """Whoever speaks has finished, by their own word: close the open utterance."""


@dataclass(slots=True)
class Attention:
    """Who follows the voice as it is heard: with nobody, pauses cost nothing.

    `voiced_end_s` is up to when speech was heard, so that what was said before is known stale.
    """

    on_voice: list[Callable[[Voice], None]] = field(default_factory=list)
    on_speech: list[Callable[[Percept], None]] = field(default_factory=list)
    voiced_end_s: float = -1e9

    def voice(self, event: Voice) -> None:
        """Tell everyone what the voice did."""
        if event.utterance is not None:
            self.voiced_end_s = event.utterance.voiced_end_s
        _tell_all(self.on_voice, event)

    def speech(self, percept: Percept) -> None:
        """Tell everyone what was understood."""
        _tell_all(self.on_speech, percept)

    def is_stale(self, item: Speech) -> bool:
        """Tell whether a pause was no end: the voice has gone on since."""
        return item.is_pause and item.utterance.voiced_end_s < self.voiced_end_s - 1e-6


def _tell_all(listeners: Sequence[Callable[[T], None]], event: T) -> None:
    for listener in list(listeners):
        try:
            listener(event)
        except Exception:  # a conversation that fails may not end what is seen and heard
            logger.exception("a follower of the voice failed")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled(Event):
    """No utterance before `t` is still to come."""


async def watch(
    pictures: Channel[VideoFrame | Gap | Mark],
    pages: Channel[Page | Gap | Mark],
    percepts: Channel[Output],
    eye: Eye,
    worker: Worker,
    progress: Progress,
    tracer: Tracer,
    before: Continuation,
) -> None:
    """Objects, scenes and keyframes of the pictures worth a look; passes those on to be read."""
    state = eye.init_state(before)
    is_cut = False
    async for item in pictures:
        if isinstance(item, VideoFrame):
            look = await worker.call(eye.decide, item, state)
            if not look.wanted:
                progress.still = state.still
                if not len(pages) and not progress.reading:
                    progress.video_t = max(progress.video_t, item.t)
                continue
            with tracer.span("look"):
                found = await worker.call(eye.step, item, look, state)
            progress.looked = state.looked
            for event in found:
                await percepts.put(event)
            # A cut must reach the reader even if the page that showed it is dropped unread.
            is_cut = look.is_cut or (is_cut and pages.drops_next)
            await pages.put(Page(t=item.t, frame=item, is_cut=is_cut))
        else:
            if isinstance(item, Gap):
                for event in eye.end(state):
                    await percepts.put(event)
            if isinstance(item, Mark) and item.only_seen:
                await percepts.put(item)
                continue
            await pages.put(item)
    for event in eye.end(state):
        await percepts.put(event)
    await pages.close()


async def read_text(
    pages: Channel[Page | Gap | Mark],
    percepts: Channel[Output],
    reader: Reader | None,
    worker: Worker,
    progress: Progress,
    tracer: Tracer,
    before: Continuation,
) -> None:
    """Text on screen, when it changes. Without a reader, pages only pass by."""
    state = reader.init_state(before) if reader else None
    async for item in pages:
        progress.reading = True
        if isinstance(item, Page) and reader and state:
            with tracer.span("read"):
                found = await worker.call(reader.step, item.frame, item.is_cut, state)
            for event in found:
                await percepts.put(event)
        elif isinstance(item, Mark):
            await percepts.put(item)
        elif isinstance(item, Gap) and reader and state:
            for event in reader.end(state):
                await percepts.put(event)
        progress.video_t = max(progress.video_t, item.t)
        progress.reading = False
    if reader and state:
        for event in reader.end(state):
            await percepts.put(event)
    progress.video_t = 1e12


async def listen(
    sound: Channel[AudioChunk | Gap | Mark | EndUtterance],
    speech: Channel[Speech | Settled | Gap | Mark],
    percepts: Channel[Output],
    ear: Ear,
    worker: Worker,
    partial_every_s: float,
    before: Continuation,
    attention: Attention,
) -> None:
    """Cut speech into utterances and name sounds.

    While someone speaks, what is said so far goes to the recogniser every `partial_every_s`
    when it has nothing else to do (0: never), and before every Mark; and at once at a pause,
    when somebody follows the voice.
    """
    state = ear.init_state(before)
    partial_t = 0.0
    async for item in sound:
        if isinstance(item, AudioChunk):
            found = await worker.call(ear.step, item, state)
            voices = ear.voices(state)
            await _follow(voices, speech, attention)
            await _hand_over(found, speech, percepts)
            open_one = ear.open_utterance(state)
            due = partial_every_s and item.t - partial_t >= partial_every_s
            if any(voice.state == "paused" for voice in voices):
                partial_t = item.t
            elif open_one is not None and due and ear.is_speaking(state) and not len(speech):
                partial_t = item.t
                await speech.put(
                    Speech(t=item.t, utterance=open_one, is_final=False, is_quick=True)
                )
            elif open_one is None and not len(speech):
                # Not behind what waits for a slow recogniser: no voice would be heard meanwhile.
                await speech.put(Settled(t=ear.settled_t(state)))
            continue
        if isinstance(item, EndUtterance):
            await _hand_over(ear.close_utterance(state), speech, percepts)
            await _follow(ear.voices(state), speech, attention)
            continue
        if isinstance(item, Gap):
            await _hand_over(ear.end(state), speech, percepts)
            await _follow(ear.voices(state), speech, attention)
        elif (open_one := ear.open_utterance(state)) is not None:
            await speech.put(Speech(t=item.t, utterance=open_one, is_final=False))
        await speech.put(item)
    await _hand_over(ear.end(state), speech, percepts)
    await _follow(ear.voices(state), speech, attention)
    await speech.close()


async def _follow(
    voices: list[Voice], speech: Channel[Speech | Settled | Gap | Mark], attention: Attention
) -> None:
    for voice in voices:
        attention.voice(voice)
        if voice.state == "paused" and voice.utterance is not None and attention.on_voice:
            await speech.put(
                Speech(t=voice.t, utterance=voice.utterance, is_final=False, is_pause=True)
            )


async def _hand_over(
    found: Sequence[Utterance | Percept],
    speech: Channel[Speech | Settled | Gap | Mark],
    percepts: Channel[Output],
) -> None:
    for item in found:
        if isinstance(item, Percept):
            await percepts.put(item)
        else:
            await speech.put(Speech(t=item.end_s, utterance=item, is_final=True))


async def transcribe(
    speech: Channel[Speech | Settled | Gap | Mark],
    percepts: Channel[Output],
    asr: ASR | None,
    ear: Ear,
    worker: Worker,
    progress: Progress,
    tracer: Tracer,
    attention: Attention,
) -> None:
    """Words of each utterance; a partial is replaced by the next percept of the same id.

    What was understood at a pause is the final transcript when nothing was said after it.
    """
    at_pause: tuple[Speech, Transcript] | None = None
    async for item in speech:
        if isinstance(item, Speech) and (attention.is_stale(item) or item.is_quick and len(speech)):
            continue  # better is on its way
        if isinstance(item, Speech) and asr is not None:
            said = _said_before(item, at_pause)
            if said is None:
                name = "transcribe" if item.is_final or item.is_pause else "partial"
                with tracer.span(name):
                    said = await worker.call(_hear, asr, ear, item)
            at_pause = (item, said) if item.is_pause else at_pause
            percept = _speech(item, said)
            attention.speech(percept)
            if said.text or item.is_final:
                await percepts.put(percept)
            if item.is_final:
                progress.audio_t = max(progress.audio_t, item.utterance.end_s)
        elif isinstance(item, Settled | Speech):
            progress.audio_t = max(progress.audio_t, item.t)
        elif isinstance(item, Mark):
            await percepts.put(item)
    progress.audio_t = 1e12


def _said_before(item: Speech, at_pause: tuple[Speech, Transcript] | None) -> Transcript | None:
    """Return the transcript of the same words, if they were heard with care at a pause."""
    if at_pause is None or item.is_pause or item.is_quick:
        return None
    before, said = at_pause
    a, b = before.utterance, item.utterance
    is_same = a.number == b.number and abs(a.voiced_end_s - b.voiced_end_s) < 1e-3
    return said if is_same and abs(a.start_s - b.start_s) < 1e-3 else None


def _hear(asr: ASR, ear: Ear, item: Speech) -> Transcript:
    if not ear.is_worth_hearing(item.utterance):
        return Transcript(text="")
    return asr.transcribe(item.utterance.pcm, quick=item.is_quick)


def _speech(item: Speech, said: Transcript) -> Percept:
    """Return the percept; a final one without text takes back the partials of the same id."""
    start_s = item.utterance.start_s
    words = [
        {"w": w.text, "s": round(start_s + w.start_s, 2), "e": round(start_s + w.end_s, 2)}
        for w in said.words
    ]
    data: dict[str, object] = {
        "id": f"speech{item.utterance.number}",
        "language": said.language,
        **({"words": words} if words else {}),
        **({"until_s": item.utterance.voiced_end_s} if item.is_pause else {}),
    }
    first, last = (words[0]["s"], words[-1]["e"]) if words else (start_s, item.utterance.end_s)
    return Percept(
        t=item.t,
        kind="speech",
        start_s=max(start_s, first),
        end_s=min(item.utterance.end_s, max(last, first + 0.1)),
        text=said.text,
        confidence=said.confidence,
        final=item.is_final,
        data=data,
    )
