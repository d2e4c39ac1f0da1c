"""What the real engine says over whole streams, against what was to be said.

Its own remarks stand in its context, right or wrong: nothing is teacher-forced. Times are seconds
on the video's clock, of the last frame that was seen.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from omnilive.core.clock import stopwatch
from omnilive.live.base import Ended
from omnilive.live.engine import Engine, EngineConfig
from omnilive.live.model import LiveModel
from omnilive_lab.live.dialogue import Sample
from omnilive_lab.live.grid import Message, frame_range, frames
from omnilive_lab.metrics.remarks import match_remarks

EXACT_S = 1e-6  # of times that went through arithmetic


@dataclass(frozen=True, slots=True)
class Line:
    """Something said at stream time `t`."""

    t: float
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, what was to be answered, and what was."""

    kind: str
    wanted: str
    said: str

    @property
    def is_right(self) -> bool:
        """Word for word."""
        return self.said.strip() == self.wanted.strip()


@dataclass(frozen=True, slots=True)
class Played:
    """One stream: remarks that were due, those that were made, and the answers."""

    end_s: float  # time of the last frame
    wanted: tuple[Line, ...]
    said: tuple[Line, ...]
    answers: tuple[Answer, ...]
    is_quiet: bool = False  # known that nothing happens in it


def play(
    model: LiveModel,
    samples: Sequence[Sample],
    features: Sequence[np.ndarray],
    config: EngineConfig,
    fps: float,
) -> tuple[list[Played], float]:
    """Return what the engine says over each sample (features (F, N, D)), and the seconds it took.

    `config.streams` of them go in one batch. All frames wait at once, so `max_frames` is raised
    to hold them; the engine sees to it that it decides as it would frame by frame.
    """
    most = max((len(f) for f in features), default=1)
    engine = Engine(model, config.model_copy(update={"max_frames": max(most, 1)}))
    order = sorted(range(len(samples)), key=lambda i: len(features[i]))
    found: dict[int, Played] = {}
    began = stopwatch()
    for first in range(0, len(order), config.streams):
        wave = order[first : first + config.streams]
        tapes = {i: _Tape(engine, samples[i], features[i], fps) for i in wave}
        by_stream = {tape.stream: tape for tape in tapes.values()}
        for event in engine.run():
            if isinstance(event, Ended):
                by_stream[event.stream].take(event)
        for i, tape in tapes.items():
            engine.close(tape.stream)
            found[i] = tape.played()
    return [found[i] for i in range(len(samples))], stopwatch() - began


class _Tape:
    """A sample that is put into the engine, and what comes out of it."""

    def __init__(
        self, engine: Engine, sample: Sample, features_FND: np.ndarray, fps: float
    ) -> None:
        self.stream = engine.open()
        self._asked: dict[int, Message] = {}  # number of the query -> answer that is wanted
        self._kinds: dict[int, str] = {}
        self._said: list[Line] = []
        self._answers: dict[int, str] = {}
        self._messages = frames(sample, fps)
        self._is_quiet = bool(sample.made.get("quiet"))
        grid = frame_range(sample, fps)
        self._end_s = (grid.stop - 1) / fps if grid else 0.0
        for number, features_ND in zip(grid, features_FND, strict=True):
            engine.feed(self.stream, number / fps, features_ND)
        for message, after in _with_next(self._messages):
            if message.role == "user":
                self._hear(engine, message, after)
        engine.end(self.stream)

    def _hear(self, engine: Engine, message: Message, after: Message | None) -> None:
        if after is not None and after.role == "assistant":
            number = engine.ask(self.stream, message.text, message.t)
            self._asked[number], self._kinds[number] = after, message.kind
        else:
            engine.instruct(self.stream, message.text, message.t)

    def take(self, event: Ended) -> None:
        """Take a reply."""
        if event.query is None:
            self._said.append(Line(event.t, event.text))
        else:
            self._answers[event.query] = event.text

    def played(self) -> Played:
        """Return what came of it."""
        wanted = [
            Line(message.t, message.text)
            for before, message in zip([None, *self._messages], self._messages, strict=False)
            if message.role == "assistant" and not (before and before.role == "user")
        ]
        answers = [
            Answer(self._kinds[number], message.text, self._answers.get(number, ""))
            for number, message in self._asked.items()
        ]
        said = tuple(self._said)
        return Played(self._end_s, tuple(wanted), said, tuple(answers), self._is_quiet)


def played_figures(streams: Sequence[Played], within_s: float) -> dict[str, float | None]:
    """Return figures over all streams; None where nothing was to be measured.

    `f1`: remarks made and due, paired one to one, at most `within_s` apart; `f1_text`: only pairs
    with the right text count. `delay_s`: see `delays`. `missed_share`: no remark before the next
    was due. `quiet_share`: of the streams in which nothing happens, those without any remark;
    `mute_share`: the same of all in which nothing was to be remarked. `answers_right`: word for
    word, also by what was asked about.
    """
    timings = [match_remarks(_times(s.said), _times(s.wanted), within_s + EXACT_S) for s in streams]
    pairs = sum(len(timing.pairs) for timing in timings)
    right = sum(
        s.said[a].text == s.wanted[b].text
        for s, timing in zip(streams, timings, strict=True)
        for a, b in timing.pairs
    )
    said, wanted = sum(t.said for t in timings), sum(t.wanted for t in timings)
    late = [delay for s in streams for delay in delays(s, within_s)]
    quiet = [not s.said for s in streams if s.is_quiet]
    mute = [not s.said for s in streams if not s.wanted]
    answers = [answer for s in streams for answer in s.answers]
    return {
        "f1": _share(2 * pairs, said + wanted),
        "precision": _share(pairs, said),
        "recall": _share(pairs, wanted),
        "f1_text": _share(2 * right, said + wanted),
        "delay_s": _share(math.fsum(seconds for seconds, _ in late), len(late)),
        "missed_share": _share(sum(is_missed for _, is_missed in late), len(late)),
        "quiet_share": _share(sum(quiet), len(quiet)),
        "mute_share": _share(sum(mute), len(mute)),
        "answers_right": _share(sum(a.is_right for a in answers), len(answers)),
        **{
            f"answers_right_{kind}": _share(sum(a.is_right for a in same), len(same))
            for kind in sorted({a.kind for a in answers})
            if (same := [a for a in answers if a.kind == kind])
        },
    }


def delays(stream: Played, within_s: float) -> Iterator[tuple[float, bool]]:
    """Yield for each remark that was due how far off it came, and whether it was missed.

    It is the first one made from `within_s` before its time to `within_s` before that of the next
    that is due: late ones are not capped. One that never comes counts as late as it could have
    been: until the next is due, or the stream ends.
    """
    times = _times(stream.wanted)
    for due, after in zip(times, [*times[1:], math.inf], strict=False):
        low, high = due - within_s - EXACT_S, after - within_s - EXACT_S
        made = next((line.t for line in stream.said if low <= line.t < high), None)
        if made is not None:
            yield abs(made - due), False
        else:
            yield min(after, stream.end_s) - due, True


def _times(lines: Sequence[Line]) -> list[float]:
    return [line.t for line in lines]


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _with_next(messages: Sequence[Message]) -> Iterator[tuple[Message, Message | None]]:
    yield from zip(messages, [*messages[1:], None], strict=True)
