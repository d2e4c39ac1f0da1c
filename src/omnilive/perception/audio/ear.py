"""The ear: chunks of sound in, utterances and sound events out. Plain sync code, one stream."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from omnilive.core.events import AudioChunk, Percept
from omnilive.perception.audio.base import VAD, SoundClassifier
from omnilive.perception.audio.segment import Segmenter, SegmentState, Utterance
from omnilive.perception.audio.voice import Voice, VoiceFollower, VoiceState
from omnilive.perception.config import EarConfig
from omnilive.perception.continuation import Continuation
from omnilive.perception.spans import Span, SpanFollower, SpanState

CAPTION_S = 0.4  # speech from which a caption of a running sentence is worth making


class NoVAD:
    """Stands in for a voice activity detector that is switched off: never any speech."""

    rate_hz = 16000
    window = 512

    def init_state(self) -> None:
        """There is nothing to remember."""

    def step(self, pcm: np.ndarray, state: None) -> np.ndarray:
        """Return no decisions at all."""
        return np.zeros(0, np.float32)


@dataclass(slots=True)
class EarState:
    """What the ear remembers of one stream."""

    vad: Any
    segments: SegmentState
    sounds: SpanState
    voice: VoiceState = field(default_factory=VoiceState)
    tail: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    tail_t: float = 0.0  # time of the tail's first sample
    recent: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    sound_t: float = 0.0
    end_t: float | None = None  # None before the first chunk and after a hole


class Ear:
    """Speech is cut into utterances; sounds are named every second or two."""

    def __init__(
        self, config: EarConfig, vad: VAD[Any] | None, sounds: SoundClassifier | None
    ) -> None:
        self.config, self._classifier = config, sounds
        self._vad: VAD[Any] = vad or NoVAD()
        self._segmenter = Segmenter(config.segmenter, self._vad.rate_hz, self._vad.window)
        window_s = self._vad.window / self._vad.rate_hz
        self._voices = VoiceFollower(self._segmenter, window_s, config.began_s, config.pause_s)
        self._follower = SpanFollower(confirm=1, patience=2, sure=0.0, likeness=1.0)

    def init_state(self, before: Continuation = Continuation()) -> EarState:  # noqa: B008
        """Return the state of a stream that has not begun, or that goes on after a break."""
        state = EarState(
            self._vad.init_state(), self._segmenter.init_state(), self._follower.init_state()
        )
        state.segments.number = state.sounds.number = before.next_number
        return state

    def step(self, chunk: AudioChunk, state: EarState) -> list[Utterance | Percept]:
        """Feed one chunk; return what it completes. A hole in time ends what was open."""
        out: list[Utterance | Percept] = []
        if isinstance(self._vad, NoVAD):
            state.tail_t = chunk.end_t
        if state.end_t is not None and abs(chunk.t - state.end_t) > 0.15:
            out += self.end(state)
        if state.end_t is None:
            state.tail_t = state.sound_t = chunk.t
        state.end_t = chunk.end_t
        samples = np.concatenate([state.tail, chunk.pcm])
        size = self._vad.window
        for i, prob in enumerate(self._vad.step(chunk.pcm, state.vad)):
            window = samples[i * size : (i + 1) * size]
            done = self._segmenter.step(state.tail_t, window, float(prob), state.segments)
            state.tail_t += size / self._vad.rate_hz
            self._voices.step(state.tail_t, state.segments, done, state.voice)
            out += done
        state.tail = samples[len(samples) // size * size :]
        return out + self._sounds(chunk, state)

    def open_utterance(self, state: EarState) -> Utterance | None:
        """Return what has been said so far in the utterance that has not ended."""
        return self._segmenter.open_utterance(state.segments)

    def is_speaking(self, state: EarState) -> bool:
        """Tell whether the newest sound of the open utterance is speech, and enough of it came
        to be worth a caption."""
        segments = state.segments
        if segments.first is None or segments.last < len(segments.probs) - 1:
            return False
        return self._segmenter.voiced(segments) * self._vad.window >= CAPTION_S * self._vad.rate_hz

    def voices(self, state: EarState) -> list[Voice]:
        """Return what the voice did since this was asked last."""
        events, state.voice.events = state.voice.events, []
        return events

    def close_utterance(self, state: EarState) -> list[Utterance]:
        """Close the open utterance now: someone said by hand that the turn is over."""
        done = self._segmenter.close(state.segments)
        state.voice.began = state.voice.paused = False
        said = done[-1] if done else None
        state.voice.events.append(Voice(t=state.tail_t, state="ended", utterance=said, asked=True))
        return done

    def settled_t(self, state: EarState) -> float:
        """Return the time before which every utterance has been handed out."""
        open_one = self.open_utterance(state)
        if open_one is not None:
            return open_one.start_s
        return state.tail_t - self._segmenter.pad_s if state.end_t is not None else -1e9

    def is_worth_hearing(self, utterance: Utterance) -> bool:
        """Tell whether an utterance holds speech rather than music or singing alone."""
        if self._classifier is None:
            return True
        shares = self._classifier.classify(utterance.pcm)
        drowned = max(shares.get("music", 0.0), shares.get("singing", 0.0)) >= 0.5
        return not drowned or shares.get("speech", 1.0) >= self.config.speech_share

    def end(self, state: EarState) -> list[Utterance | Percept]:
        """Close what is open: the stream ended or broke off."""
        done = self._segmenter.flush(state.segments)
        self._voices.end(state.tail_t, done[-1] if done else None, state.voice)
        out: list[Utterance | Percept] = [*done]
        out += [_sound(span, ended=True) for span in self._follower.end(state.sounds)]
        state.vad = self._vad.init_state()
        state.tail = state.recent = np.zeros(0, np.float32)
        state.end_t = None
        return out

    def _sounds(self, chunk: AudioChunk, state: EarState) -> list[Percept]:
        if self._classifier is None:
            return []
        keep = round(self._classifier.window_s * chunk.rate_hz)
        state.recent = np.concatenate([state.recent, chunk.pcm])[-keep:]
        if chunk.end_t - state.sound_t < self.config.sound_every_s - 1e-6:
            return []
        state.sound_t = chunk.end_t
        shares = self._classifier.classify(state.recent)
        found = [(k, v) for k, v in shares.items() if v >= self.config.sound_share]
        known = {span.text for span in state.sounds.spans}
        began, ended = self._follower.step(chunk.end_t, found, state.sounds)
        for span in state.sounds.spans:
            if span.text not in known:  # it began inside the window, not at its end
                heard_s = shares[span.text] * len(state.recent) / chunk.rate_hz
                span.first_t = chunk.end_t - heard_s
        for span in state.sounds.spans:
            if span.misses == 1:  # it ended inside the window, as far before now as it is short
                share = shares.get(span.text, 0.0)
                heard_s = share * len(state.recent) / chunk.rate_hz
                window_t = chunk.end_t - len(state.recent) / chunk.rate_hz
                span.last_t = min(span.last_t, window_t + heard_s)
        return [_sound(s, ended=True) for s in ended] + [_sound(s, ended=False) for s in began]


def _sound(span: Span, *, ended: bool) -> Percept:
    return Percept(
        t=span.last_t,
        kind="sound",
        start_s=span.first_t,
        end_s=span.last_t,
        text=span.text,
        confidence=min(1.0, span.score),
        final=ended,
        data={"id": f"sound{span.number}", "event": "ended" if ended else "began"},
    )
