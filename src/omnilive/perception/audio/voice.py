"""Follows one voice window by window: began, paused, resumed, ended. Pure logic."""

from dataclasses import dataclass, field
from typing import Literal

from omnilive.core.events import Event
from omnilive.perception.audio.segment import Segmenter, SegmentState, Utterance

State = Literal["began", "paused", "resumed", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Voice(Event):
    """Someone began to speak, paused, went on, or finished; `t` is the sound heard so far.

    `utterance` is what they said up to now; None when there was not enough to keep, or when
    nothing was open although its end was asked for (`asked`).
    """

    state: State
    utterance: Utterance | None
    asked: bool = False


@dataclass(slots=True)
class VoiceState:
    """Whether a voice has been announced, and the events not yet fetched."""

    began: bool = False
    paused: bool = False
    events: list[Voice] = field(default_factory=list)


class VoiceFollower:
    """Watches the segmenter's state after each window; remembers only what it has announced."""

    def __init__(
        self, segmenter: Segmenter, window_s: float, began_s: float, pause_s: float
    ) -> None:
        self._segmenter = segmenter
        self._began = max(1, round(began_s / window_s))
        self._pause = max(1, round(pause_s / window_s))

    def step(
        self, t: float, segments: SegmentState, done: list[Utterance], state: VoiceState
    ) -> None:
        """Look at the segmenter after the window that ended at `t`; `done` is what it closed."""
        for utterance in done:
            self.end(t, utterance, state)
        if segments.first is None:
            if state.began:
                self.end(t, None, state)
            return
        if not state.began:
            self._begin(t, segments, state, goes_on=bool(done))
            return
        silent = len(segments.probs) - 1 - segments.last
        if not state.paused and silent >= self._pause:
            state.paused = True
            self._tell(t, "paused", segments, state)
        elif state.paused and silent == 0:
            state.paused = False
            self._tell(t, "resumed", segments, state)

    def end(self, t: float, utterance: Utterance | None, state: VoiceState) -> None:
        """Say that what was announced is over; nothing is said of what never was."""
        if state.began:
            state.events.append(Voice(t=t, state="ended", utterance=utterance))
        state.began = state.paused = False

    def _begin(self, t: float, segments: SegmentState, state: VoiceState, goes_on: bool) -> None:
        if not goes_on and self._segmenter.voiced(segments) < self._began:
            return
        state.began, state.paused = True, False
        self._tell(t, "began", segments, state)

    def _tell(self, t: float, name: State, segments: SegmentState, state: VoiceState) -> None:
        utterance = self._segmenter.open_utterance(segments)
        state.events.append(Voice(t=t, state=name, utterance=utterance))
