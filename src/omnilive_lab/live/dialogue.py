"""The file format of streaming dialogues: JSON lines, one sample a line (docs/live-data.md).

A sample is a stretch of a video with what a user and an assistant say in it, and when. Times are
seconds on the video's own clock, as in any player, also where the stretch starts later.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TextIO

from pydantic import ConfigDict, Field, ValidationError

from omnilive.core.config import Config
from omnilive.core.errors import ConfigError

LONGEST_LINE = 64 << 20  # characters: what is longer is no sample
SLACK_S = 1e-6  # of sums and of times that were rounded when written

Seconds = Annotated[float, Field(ge=0, le=1e8, allow_inf_nan=False)]  # up to three years
Learned = bool | Annotated[int, Field(ge=0)]


class _Line(Config):
    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", use_attribute_docstrings=True
    )


class Turn(_Line):
    """Something that is said."""

    role: Literal["user", "assistant"]
    """Who says it."""
    t: Seconds
    """When, in seconds on the video's clock. An assistant's turn is due at the first frame that is
    not before; a user is heard after the last frame that is not later."""
    text: str
    """What is said, in any script, in one paragraph or several. Empty only where it is not to be
    learned."""
    learn: bool = True
    """Whether an assistant's words, and that it speaks here, are learned. A user's never are."""
    wait: Learned = True
    """Which of the frames from here to the next turn are learned to be silent at: true all, false
    none, a number only so many of the first."""
    kind: str = ""
    """What it is for statistics: "instruction", "past", "present", "next", "remark", "answer"..."""


class Sample(_Line):
    """One dialogue over one stretch of one video: a line of the file."""

    id: Annotated[str, Field(min_length=1)]
    """Unique in the file."""
    source: Annotated[str, Field(min_length=1)]
    """Where the annotation comes from: a data set, a file, "synthetic"."""
    licence: Annotated[str, Field(min_length=1)]
    """What it may be used under: an SPDX name or the name of an agreement."""
    video: str
    """The video file, relative to the folder of this file, or absolute. Empty: there is none."""
    duration_s: Seconds
    """Length of the stretch in seconds. 0 only where there is no video."""
    fps: Annotated[float, Field(gt=0, le=240, allow_inf_nan=False)] = 2.0
    """Frames a second of the grid that it was made for; it may be used at another."""
    start_s: Seconds = 0.0
    """Where the stretch starts, in seconds on the video's clock."""
    wait: Learned = True
    """Which of the frames before the first turn are learned to be silent at, as in a turn."""
    turns: tuple[Turn, ...] = Field(strict=False)
    """In the order in which they are said, times never falling."""
    made: dict[str, str | int | float | bool] = {}
    """How it was made: converter, mode, seed and so on."""

    @property
    def end_s(self) -> float:
        """Where the stretch ends, in seconds on the video's clock."""
        return self.start_s + self.duration_s


class Fault(NamedTuple):
    """What is wrong with a field, and what to do about it."""

    field: str
    what: str
    remedy: str


def faults(sample: Sample) -> list[Fault]:
    """Return what no reader can make sense of, beyond the types of the fields."""
    found = []
    if sample.video and not sample.duration_s:
        found.append(Fault("duration_s", "0, but there is a video", "give its length in seconds"))
    if not sample.video and sample.duration_s:
        found.append(
            Fault("video", "empty, but the stretch is not", "name it, or set duration_s: 0")
        )
    last_s = 0.0
    for i, turn in enumerate(sample.turns):
        at = f"turns[{i}]"
        if turn.t < last_s:
            what = f"{turn.t:g} s comes after {last_s:g} s"
            found.append(Fault(f"{at}.t", what, "sort the turns by time"))
        if not sample.start_s - SLACK_S <= turn.t <= sample.end_s + SLACK_S:
            what = f"{turn.t:g} s is outside {sample.start_s:g} to {sample.end_s:g} s"
            found.append(Fault(f"{at}.t", what, "drop the turn, or mend start_s and duration_s"))
        if not turn.text.strip() and (turn.learn or turn.role == "user"):
            found.append(Fault(f"{at}.text", "empty", "drop the turn, or write what is said"))
        last_s = max(last_s, turn.t)
    return found


def schema_faults(error: ValidationError) -> list[Fault]:
    """Return what pydantic found, field by field."""
    return [
        Fault(_place(found["loc"]), found["msg"], _remedy(found["type"]))
        for found in error.errors(include_url=False)
    ]


def parse_sample(line: str) -> Sample:
    """Return the sample of a line. ConfigError names the first field that is wrong."""
    try:
        sample = Sample.model_validate_json(line)
        wrong = faults(sample)
    except ValidationError as error:
        wrong = schema_faults(error)
    if wrong:
        place = f"{wrong[0].field}: " if wrong[0].field else ""
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise ConfigError(f"{place}{wrong[0].what}; {wrong[0].remedy}{more}")
    return sample


def read_samples(path: Path) -> Iterator[Sample]:
    """Yield the samples of a file, one line in memory at a time. ConfigError names line, field."""
    for number, line in read_lines(path):
        try:
            yield parse_sample(line)
        except ConfigError as error:
            hint = f"`omnilive train data check {path}` lists all"
            raise ConfigError(f"{path}, line {number}: {error}; {hint}") from error


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (number, line) of the lines that are not blank; at most LONGEST_LINE of each.

    What is no UTF-8 comes as U+FFFD.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
            number = 0
            while line := file.readline(LONGEST_LINE):
                number += 1
                if len(line) == LONGEST_LINE and not line.endswith("\n"):
                    _skip_line(file)
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def _skip_line(file: TextIO) -> None:
    while (rest := file.readline(LONGEST_LINE)) and not rest.endswith("\n"):
        pass


def write_samples(path: Path, samples: Iterable[Sample]) -> int:
    """Write the file whole or not at all; return how many. ConfigError for a sample with faults."""
    draft, count = path.with_name(f"{path.name}.part"), 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            for sample in samples:
                if wrong := faults(sample):
                    raise ConfigError(f"sample {sample.id!r}, {wrong[0].field}: {wrong[0].what}")
                file.write(sample.model_dump_json() + "\n")
                count += 1
        os.replace(draft, path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()
    return count


def video_path(sample: Sample, file: Path) -> Path | None:
    """Return where the video of a sample of `file` lies; None where it has none."""
    return file.parent / sample.video if sample.video else None


def _place(loc: tuple[int | str, ...]) -> str:
    """Return ("turns", 2, "t") as turns[2].t, without the names of a union's branches."""
    parts = [p for p in loc if p not in ("bool", "int", "float", "str", "constrained-int")]
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


def _remedy(kind: str) -> str:
    """Return what to do about one of pydantic's error types."""
    if kind == "missing":
        return "add the field"
    if kind == "extra_forbidden":
        return "remove the field, or correct its name"
    if kind.startswith("json"):
        return "each line must be one whole JSON object; write the file again"
    return "see the fields in docs/live-data.md"
