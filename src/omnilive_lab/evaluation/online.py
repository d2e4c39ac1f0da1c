"""Plays one clip through a real session, and puts each question when the clip has come to it.

Nothing is built anew here: perception, memory, recall, reasoning and watches run as users run
them. At pace fast the session's clock is a manual one that stands still between two pictures, so
that no answer depends on how quick the machine is; at pace live it is the system's, and the lags
are those of a user. Only what happened up to the question's time can be seen in an answer.
"""

import os
import resource
import statistics
import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omnilive.config import SessionConfig
from omnilive.core.clock import ManualClock, SystemClock, stopwatch
from omnilive.core.errors import ConfigError, SourceError
from omnilive.core.events import Answer, Timing
from omnilive.memory.library import Library
from omnilive.pipeline import Lags, Pipeline
from omnilive.reasoning.base import Message
from omnilive.session import Pace, Session
from omnilive_lab.bench.base import Alert

NAME = "exam"
MOST_NOTES = 16_000  # characters of percepts in one prompt, the newest
RULES = "These notes were taken of a video and its sound. Answer from them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is put to the session at stream time `t`. `watch`: as a standing watch, no question.

    `from_notes` shows the language model all percepts so far instead of asking the session.
    """

    id: str
    t: float
    text: str
    instructions: str = ""
    history: tuple[str, ...] = ()  # ids of earlier questions of the same dialogue
    watch: bool = False
    from_notes: bool = False
    system: str = ""


@dataclass(slots=True)
class Heard:
    """What came of a clip. `trouble` is why it could not be watched to its end."""

    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    lags_s: dict[str, float] = field(default_factory=dict[str, float])
    alerts: dict[str, list[Alert]] = field(default_factory=dict[str, list[Alert]])
    not_understood: dict[str, str] = field(default_factory=dict[str, str])
    remarks: list[Alert] = field(default_factory=list[Alert])
    speech: list[str] = field(default_factory=list[str])
    figures: dict[str, Any] = field(default_factory=dict[str, Any])
    trouble: str = ""


class Exam(Session):
    """A session whose questions at their times are those of an exam, asked by their id."""

    def __init__(self, questions: Sequence[Question], config: SessionConfig, **shared: Any) -> None:
        super().__init__(NAME, config, **shared)
        self.heard = Heard()
        self._questions = {question.id: question for question in questions}
        self._watches: dict[str, str] = {}  # id of the watch -> id of the question
        self._lags: Lags | None = None
        self._notes: dict[str, dict[str, Any]] = {}  # the newest line of each percept
        self.listeners.append(self._take)

    async def ask(self, question: str, t: float | None = None) -> Answer:
        """Put the question of this id; anything else is asked as it is."""
        if (put := self._questions.get(question)) is None or t is None:
            return await super().ask(question, t)
        if put.watch:
            answer = await self._set_up(put)
        elif put.from_notes:
            answer = await self._from_notes(put)
        else:
            answer = await self._asked(put)
        self.heard.answers[put.id] = answer
        return answer

    async def play(self, path: Path, pace: Pace, narrate: bool) -> None:
        """Watch the file; what happens is in `heard`."""
        asks = [(question.id, question.t) for question in self._questions.values()]
        if narrate:
            await self.watches.narrate("commentary")
        try:
            summary = await self.watch(str(path), pace, asks, on_open=self._clocked)
        except SourceError as error:
            self.heard.trouble = str(error)
            return
        if pace == "live" and self._lags is not None:
            self.heard.figures |= _lags(self._lags)
        watched_s, wall_s = summary["duration_s"], summary["wall_s"]
        self.heard.figures |= {
            "clip_s": watched_s,
            "wall_s": wall_s,
            "speed_x": round(watched_s / wall_s, 3) if wall_s else None,
            "frames": summary["frames"],
        }

    def _clocked(self, pipeline: Pipeline) -> None:
        """Time how long each question waits until all that came before it is perceived."""
        mark, self._lags = pipeline.mark, pipeline.lags
        names = {f"at-{put.t}-{put.id}": put.id for put in self._questions.values()}

        async def timed(name: str, t: float, **which: bool) -> None:
            began = stopwatch()
            await mark(name, t, **which)
            if (id := names.get(name)) is not None:
                self.heard.lags_s[id] = stopwatch() - began

        setattr(pipeline, "mark", timed)  # noqa: B010

    async def _asked(self, put: Question) -> Answer:
        pieces = self.stream(
            put.text, put.t, instructions=put.instructions, history=self._past(put)
        )
        async with aclosing(pieces) as stream:
            async for piece in stream:
                if isinstance(piece, Answer):
                    return piece
        raise AssertionError("an answer always ends with itself")

    def _past(self, put: Question) -> tuple[Message, ...]:
        """Return the earlier exchanges of this dialogue; of other questions it knows nothing."""
        past: list[Message] = []
        for id in put.history:
            if (answer := self.heard.answers.get(id)) is not None:
                past.append(Message(role="user", text=self._questions[id].text))
                past.append(Message(role="assistant", text=answer.text))
        return tuple(past)

    async def _set_up(self, put: Question) -> Answer:
        self.heard.alerts[put.id] = []
        try:
            added = await self.watches.add(put.text)
            self._watches[added["id"]] = put.id
        except ConfigError as error:
            self.heard.not_understood[put.id] = str(error)
        return _answer(put, "", "watch")

    async def _from_notes(self, put: Question) -> Answer:
        # No line is of later: the file waits while a question is answered.
        lines = sorted(self._notes.values(), key=lambda line: line["start_s"])
        notes = "\n".join(map(_note, lines))[-MOST_NOTES:]
        messages = [
            Message(role="system", text=put.system or RULES),
            *self._past(put),
            Message(role="user", text=f"{RULES}\n\n{notes}\n\n{put.text}"),
        ]
        began = stopwatch()
        most_tok = self.config.reasoning.max_answer_tok
        text = await self.mind.complete(messages, most_tok)
        return _answer(put, text.strip(), "notes", stopwatch() - began)

    def _take(self, line: dict[str, Any]) -> None:
        kind = line["type"]
        if kind == "percept" and line["text"]:
            if line["kind"] == "speech" and line["final"]:
                self.heard.speech.append(line["text"])
            id = line.get("data", {}).get("id", line["seq"])
            self._notes[f"{line['kind']} {id}"] = line
        elif kind == "remark":
            self.heard.remarks.append(Alert(t=line["t"], text=line["text"]))
        elif kind == "alert" and (id := self._watches.get(line["watch"])):
            alert = Alert(t=line["t"], text=line["text"], at_s=line["at_s"])
            self.heard.alerts[id].append(alert)


async def play(
    path: Path,
    questions: Sequence[Question],
    config: SessionConfig,
    folder: Path,
    shared: Mapping[str, Any],
    *,
    pace: Pace = "fast",
    narrate: bool = False,
) -> Heard:
    """Watch a file in a memory of its own under `folder`, asking on the way.

    `shared` holds the loaded senses and mind. SourceError is noted in the result; a model that
    fails is a BackendError.
    """
    library = Library(folder)
    reset_peak()
    clock = ManualClock if pace == "fast" else SystemClock
    exam = Exam(questions, config, library=library, clock=clock, **shared)
    async with exam:
        await exam.play(path, pace, narrate)
    exam.heard.figures |= {"peak_rss_bytes": peak_bytes(), "store_bytes": _bytes_under(folder)}
    return exam.heard


def _answer(put: Question, text: str, model: str, total_s: float = 0.0) -> Answer:
    return Answer(
        session=NAME, t=put.t, question=put.text, text=text, evidence=(), supported=bool(text),
        model=model, timing=Timing(total_s=total_s),
    )  # fmt: skip


def _note(line: Mapping[str, Any]) -> str:
    end = f"to {line['end_s']:.1f} s" if line["final"] else "on"
    return f"from {line['start_s']:.1f} {end}, {line['kind']}: {line['text']}"


def _lags(lags: Lags) -> dict[str, float]:
    """Return how far behind the stream what is seen and what is said became known, in seconds."""
    known = {"picture_lag_s": lags.video_s, "speech_lag_s": lags.final_s}
    return {name: round(statistics.median(found), 3) for name, found in known.items() if found}


def _bytes_under(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def reset_peak() -> None:
    """Begin to measure the peak anew, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # then the peak is that of the whole run


def peak_bytes() -> int:
    """Return the most memory that this process has held since `reset_peak`."""
    try:
        for line in Path(f"/proc/{os.getpid()}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
