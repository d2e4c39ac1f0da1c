"""Cuts a stream of sound into utterances at pauses. Pure logic: probabilities in, cuts out."""

from dataclasses import dataclass, field

import numpy as np

from omnilive.perception.config import SegmenterConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """A stretch of speech. Shapes: pcm is (S,) float32, starting at `start_s`.

    `voiced_s` and `voiced_end_s` are the bounds of the speech proper, without the padding.
    """

    number: int
    start_s: float
    end_s: float
    pcm: np.ndarray
    speech_probability: float
    voiced_s: float = 0.0
    voiced_end_s: float = 0.0


@dataclass(slots=True)
class SegmentState:
    """The sound and the probabilities that are still undecided, one entry per VAD window."""

    t: float | None = None
    windows: list[np.ndarray] = field(default_factory=list)
    probs: list[float] = field(default_factory=list)
    first: int | None = None  # index of the first speech window of the open utterance
    last: int = 0  # index of the latest speech window
    number: int = 0


class Segmenter:
    """Feed windows in order; yields each utterance when the pause after it is sure."""

    def __init__(self, config: SegmenterConfig, rate_hz: int, window: int) -> None:
        self.config, self.rate_hz, self.window = config, rate_hz, window
        self._window_s = window / rate_hz
        self._pad = round(config.pad_s / self._window_s)
        self._pause = max(1, round(config.min_pause_s / self._window_s))
        self._longest = round(config.max_utterance_s / self._window_s)

    @property
    def pad_s(self) -> float:
        """Sound kept around speech, which is whole windows."""
        return self._pad * self._window_s

    def init_state(self) -> SegmentState:
        """Return the state of a stream that has not begun."""
        return SegmentState()

    def step(self, t: float, pcm: np.ndarray, prob: float, state: SegmentState) -> list[Utterance]:
        """Feed one VAD window that starts at `t`; return the utterances it completes."""
        if state.t is None:
            state.t = t
        state.windows.append(pcm)
        state.probs.append(prob)
        index = len(state.probs) - 1
        if state.first is None:
            if prob < self.config.start_probability:
                self._forget(state, keep=self._pad)
                return []
            state.first = state.last = index
        elif prob >= self.config.stay_probability:
            state.last = index
        if index - state.last >= self._pause:
            done = self._take(state, state.last + 1)
            self._forget(state, keep=self._pad)
            state.first = None
            return done
        if index - state.first + 1 >= self._longest:
            return self._split(state)
        return []

    def voiced(self, state: SegmentState) -> int:
        """Return how many windows of the open utterance hold speech."""
        if state.first is None:
            return 0
        return sum(p >= self.config.stay_probability for p in state.probs[state.first :])

    def close(self, state: SegmentState) -> list[Utterance]:
        """Close the open utterance now, whatever follows; the stream goes on."""
        if state.first is None:
            return []
        done = self._take(state, state.last + 1)
        self._forget(state, keep=0)
        state.first = None
        return done

    def flush(self, state: SegmentState) -> list[Utterance]:
        """Close the open utterance: the stream ended or broke off."""
        done = self._take(state, state.last + 1) if state.first is not None else []
        self._forget(state, keep=0)
        state.first, state.t = None, None
        return done

    def open_utterance(self, state: SegmentState) -> Utterance | None:
        """Return what has been said so far in the utterance that has not ended."""
        if state.first is None:
            return None
        return self._cut(state, len(state.probs), state.number)

    def _take(self, state: SegmentState, stop: int) -> list[Utterance]:
        assert state.first is not None
        speech = [p for p in state.probs[state.first : stop] if p >= self.config.stay_probability]
        if len(speech) * self._window_s < self.config.min_speech_s:
            return []
        state.number += 1
        return [self._cut(state, stop, state.number - 1)]

    def _split(self, state: SegmentState) -> list[Utterance]:
        """Cut an endless utterance at its quietest window; what follows stays open."""
        stop = self._quietest(state)
        assert state.first is not None
        done = [self._cut(state, stop, state.number, pad_after=0)]
        state.number += 1
        self._forget(state, keep=len(state.probs) - stop)
        state.first = 0
        voiced = [i for i, p in enumerate(state.probs) if p >= self.config.stay_probability]
        state.last = voiced[-1] if voiced else 0
        return done

    def _cut(
        self, state: SegmentState, stop: int, number: int, pad_after: int | None = None
    ) -> Utterance:
        assert state.first is not None and state.t is not None
        begin = max(0, state.first - self._pad)
        end = min(len(state.probs), stop + (self._pad if pad_after is None else pad_after))
        start_s = state.t + begin * self._window_s
        voiced_end = min(stop, state.last + 1) if state.last >= state.first else stop
        return Utterance(
            number=number,
            start_s=start_s,
            end_s=start_s + (end - begin) * self._window_s,
            pcm=np.concatenate(state.windows[begin:end]),
            speech_probability=float(np.mean(state.probs[state.first : stop])),
            voiced_s=state.t + state.first * self._window_s,
            voiced_end_s=state.t + voiced_end * self._window_s,
        )

    def _quietest(self, state: SegmentState) -> int:
        """Return the index after the quietest window of the last third, but never the last one."""
        assert state.first is not None
        length = len(state.probs) - state.first
        # Padded with what is at the edges: with zeros, the edges would seem the quietest.
        tail = np.pad(state.probs[-length // 3 :], 2, mode="edge")
        smooth = np.convolve(tail, np.ones(5) / 5, mode="valid")
        return len(state.probs) - len(smooth) + int(smooth[:-1].argmin()) + 1

    def _forget(self, state: SegmentState, keep: int) -> None:
        drop = len(state.probs) - keep
        if drop <= 0 or state.t is None:
            return
        del state.windows[:drop], state.probs[:drop]
        state.t += drop * self._window_s
