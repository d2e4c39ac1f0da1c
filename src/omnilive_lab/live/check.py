"""Reports all that is wrong with a file of samples: line, field, what, remedy; and its figures.

One line is in memory at a time, and 24 bytes a line to find names that come twice.
"""

import json
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from omnilive_lab.live.dialogue import (
    LONGEST_LINE,
    Fault,
    Sample,
    faults,
    read_lines,
    schema_faults,
    video_path,
)
from omnilive_lab.live.grid import Layout, frame_range, layout
from omnilive_lab.live.leaks import leak
from omnilive_lab.live.lengths import video_length

Level = Literal["error", "warning"]
SLACK_S = 1.0  # annotations give the length of a video in rough figures
MOST_NAMES = 1000  # of licences, sources and kinds that are counted apart
WORDS_A_SECOND = 4.0  # somebody reading aloud in a hurry
# A sign of a script without spaces (and of Hangul) counts as a word.
WORD = re.compile(r"[\u2e80-\ud7ff]|[^\s\u2e80-\ud7ff]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or doubtful, in a line of the file."""

    line: int
    id: str
    level: Level
    field: str
    what: str
    remedy: str


@dataclass
class Figures:
    """What a file holds; times in seconds."""

    samples: int = 0
    videos: int = 0
    seconds: float = 0.0
    frames: int = 0
    silent: int = 0  # frames at which nothing is said
    turns: Counter[str] = field(default_factory=Counter)  # by role
    kinds: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)  # by role; words without a tokenizer
    licences: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    replaced: int = 0
    repeated: int = 0
    errors: int = 0
    warnings: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the figures and what follows from them."""
        minutes = self.seconds / 60
        return {
            "samples": self.samples,
            "videos": self.videos,
            "hours": round(self.seconds / 3600, 4),
            "frames": self.frames,
            "silent_share": round(self.silent / self.frames, 4) if self.frames else None,
            "turns": dict(self.turns),
            "turns_per_minute": {
                role: round(count / minutes, 3) for role, count in self.turns.items()
            } if minutes else {},
            "tokens": dict(self.tokens),
            "kinds": dict(self.kinds.most_common()),
            "licences": dict(self.licences.most_common()),
            "sources": dict(self.sources.most_common()),
            "replaced": self.replaced,
            "repeated": self.repeated,
            "errors": self.errors,
            "warnings": self.warnings,
        }  # fmt: skip


@dataclass
class Checker:
    """Checks one file; `figures` is whole when `findings` is through."""

    path: Path
    with_videos: bool = True  # whether the video files must be there
    count: Callable[[str], int] | None = None  # tokens of a text; words where there is none
    figures: Figures = field(default_factory=Figures)

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong, line by line, and at the end the names that come twice."""
        hashes, lines, videos = array("Q"), array("Q"), array("Q")
        for number, text in read_lines(self.path):
            sample, found = self._line(number, text)
            if sample is not None:
                placed = layout(sample)
                self._measure(sample, placed)
                if not found:
                    doubts = doubtful(sample, placed)
                    found = [_finding(number, sample.id, d, "warning") for d in doubts]
                hashes.append(_hash(sample.id))
                lines.append(number)
                if sample.video:
                    videos.append(_hash(sample.video))
            yield from map(self._counted, found)
        self.figures.videos = len(np.unique(np.asarray(videos, np.uint64)))
        if not self.figures.samples and not self.figures.errors:
            yield self._counted(_finding(0, "", Fault("", "no sample in it", "convert first")))
        yield from map(self._counted, _twice(hashes, lines))

    def _line(self, number: int, text: str) -> tuple[Sample | None, list[Finding]]:
        if len(text) >= LONGEST_LINE:
            fault = Fault("", f"longer than {LONGEST_LINE >> 20} MB", "cut it into several samples")
            return None, [_finding(number, "", fault)]
        try:
            sample = Sample.model_validate_json(text)
        except ValidationError as error:
            name = _name(text)
            return None, [_finding(number, name, fault) for fault in schema_faults(error)]
        wrong = [_finding(number, sample.id, fault) for fault in faults(sample)]
        if "\ufffd" in text:
            fault = Fault("", "bytes that are no UTF-8", "write the file in UTF-8")
            wrong.append(_finding(number, sample.id, fault))
        if self.with_videos:
            wrong += [_finding(number, sample.id, f) for f in video_faults(sample, self.path)]
        return sample, wrong

    def _measure(self, sample: Sample, placed: Layout) -> None:
        figures = self.figures
        figures.samples += 1
        figures.seconds += sample.duration_s
        _tally(figures.licences, sample.licence)
        _tally(figures.sources, sample.source)
        figures.replaced += placed.replaced
        figures.repeated += placed.repeated
        passed = len(frame_range(sample))
        spoken = {item.frame for item in placed.placed if item.turn.role == "assistant"}
        figures.frames += passed
        figures.silent += max(0, passed - len(spoken))
        for turn in sample.turns:
            figures.turns[turn.role] += 1
            _tally(figures.kinds, turn.kind or "(none)")
            figures.tokens[turn.role] += (self.count or words)(turn.text)

    def _counted(self, finding: Finding) -> Finding:
        if finding.level == "error":
            self.figures.errors += 1
        else:
            self.figures.warnings += 1
        return finding


def video_faults(sample: Sample, file: Path) -> Iterator[Fault]:
    """Yield what is wrong with a sample's video file."""
    path = video_path(sample, file)
    if path is None:
        return
    length_s = video_length(path)
    if not path.is_file():
        yield Fault("video", f"no file {sample.video}", "get it, or check with --no-videos")
    elif not length_s:
        yield Fault("video", f"{sample.video} cannot be opened", "get it again, or drop the sample")
    elif sample.end_s > length_s + SLACK_S:
        what = f"{sample.end_s:g} s is the end, but the video lasts {length_s:.2f} s"
        yield Fault("duration_s", what, "mend start_s and duration_s, or get the whole video")


def doubtful(sample: Sample, found: Layout) -> Iterator[Fault]:
    """Yield what can be used, but hardly as it was meant."""
    placed = found.placed
    kept = {id(item.turn) for item in placed}
    for i, turn in enumerate(sample.turns):
        at = f"turns[{i}]"
        if turn.role == "assistant" and (given := leak(turn.text)):
            yield Fault(f"{at}.text", f"gives the time away: {given!r}", "reword or drop it")
        if id(turn) not in kept:
            what = "a later turn on the same frame replaces it, or it repeats the one before"
            yield Fault(f"{at}.t", what, "join the texts, or move one by a frame")
    for before, after in zip(placed, placed[1:], strict=False):
        is_asked = before.turn.role == "user" and before.turn.kind != "instruction"
        if is_asked and after.turn.role == "user":
            yield Fault("turns", "a user speaks twice without an answer", "add the answer")
            break
        room_s = (after.frame - before.frame) / sample.fps
        if before.turn.role == "assistant" and words_time(before.turn.text) > max(room_s, 5.0):
            what = f"a reply of {words(before.turn.text)} words has {room_s:g} s"
            yield Fault("turns", what, "shorten it")
            break
    if not any(turn.role == "assistant" and turn.learn for turn in sample.turns):
        yield Fault("turns", "the assistant never speaks", "fine where silence is the lesson")


def words(text: str) -> int:
    """Return the number of words; of scripts without spaces, the number of signs."""
    return len(WORD.findall(text))


def words_time(text: str) -> float:
    """Return how long the text takes at least to be said, in seconds."""
    return words(text) / WORDS_A_SECOND


def _finding(number: int, id: str, fault: Fault, level: Level = "error") -> Finding:
    return Finding(number, id, level, fault.field, fault.what, fault.remedy)


def _name(text: str) -> str:
    """Return the name in a line that is no sample, where it has one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return str(found.get("id", ""))[:100] if isinstance(found, dict) else ""


def _tally(counts: Counter[str], name: str) -> None:
    counts[name if name in counts or len(counts) < MOST_NAMES else "(others)"] += 1


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def _twice(hashes: array, lines: array) -> Iterator[Finding]:
    """Yield a finding for each line whose name stands in an earlier line."""
    names, places = np.asarray(hashes, np.uint64), np.asarray(lines, np.uint64)
    order = np.argsort(names, kind="stable")
    same = np.flatnonzero(names[order][1:] == names[order][:-1])
    for i in same:
        first, again = int(places[order[i]]), int(places[order[i + 1]])
        yield _finding(again, "", Fault("id", f"the same as in line {first}", "rename one"))
