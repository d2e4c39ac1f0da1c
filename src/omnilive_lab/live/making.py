"""From timelines to samples: which video, which stretch of it, which talk."""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from omnilive_lab.live.augment import augment
from omnilive_lab.live.converters.base import Converter, Notes, Timeline
from omnilive_lab.live.dialogue import Sample, Turn
from omnilive_lab.live.endpoint import Endpoint
from omnilive_lab.live.filling import draft, fill
from omnilive_lab.live.leaks import leaks_in
from omnilive_lab.live.lengths import video_length
from omnilive_lab.live.refine import refine
from omnilive_lab.live.styles import Part, Style, Wording, joined, make_turns, narrate

SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v")
LEAD_FRAMES = 20  # at the most, before the first remark of a narration
TAIL_S = 1.0  # after the last annotation where the length of the video is unknown


@dataclass(frozen=True, slots=True)
class Making:
    """What a run of the converter makes."""

    out: Path  # the file of samples; videos are named relative to its folder
    videos: Path | None = None  # a folder of them, or one file
    licence: str = ""
    source: str = ""
    style: Style = "narrate"
    wording: Wording = field(default_factory=Wording)
    seed: int = 0
    min_s: float = 0.0  # shorter stretches are left out
    max_s: float = 600.0  # longer ones are cut; 0: never
    dialogues: int = 1  # of each stretch, with other words and times
    keep_leaks: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One sample to be made; its random choices depend on its name and the seed alone."""

    id: str
    part: Part
    video: str  # as the sample names it
    seed: int

    @property
    def rng(self) -> random.Random:
        """Return the same row of random numbers each time."""
        return random.Random(f"{self.seed}/{self.id}")


def jobs(
    timelines: Iterator[Timeline],
    converter: Converter,
    making: Making,
    notes: Notes,
    wants: Callable[[str], bool] | None = None,
) -> Iterator[Job]:
    """Yield what is to be made of the videos that are wanted, by name, piece and round."""
    for timeline in timelines:
        if wants is not None and not wants(timeline.video):
            continue
        name = "/".join(filter(None, (converter.name, timeline.video, timeline.part)))
        for number, (part, video) in enumerate(parts(timeline, making, notes)):
            for again in range(making.dialogues):
                yield Job(f"{name}/{number}.{again}", part, video, making.seed)


def by_templates(
    todo: Iterator[Job], converter: Converter, making: Making, notes: Notes
) -> Iterator[Sample]:
    """Yield the samples in the style that is wanted, without a language model."""
    for job in todo:
        turns = make_turns(making.style, job.part, making.wording, job.rng)
        sample = _sample(job, turns, converter, making, {"mode": "template", "style": making.style})
        if usable(sample, making, notes):
            yield sample


def by_endpoint(
    todo: Iterator[Job], converter: Converter, making: Making, notes: Notes, endpoint: Endpoint
) -> Iterator[Sample]:
    """Yield what a language model words; what fails is counted by the endpoint.

    It fills the skeleton of a dialogue, or rewords the remarks of a narration.
    """
    is_narration = making.style == "narrate"
    style = "narrate" if is_narration else "dialogue"
    made = {"mode": "endpoint", "style": style, "model": endpoint.config.model}

    def work(job: Job) -> list[Turn]:
        if is_narration:
            part = replace(job.part, spans=refine(job.part.spans, endpoint, making.seed))
            return narrate(part, replace(making.wording, tags=False, you=False), job.rng)
        part = replace(job.part, spans=joined(job.part.spans))
        asked = draft(part, making.wording, job.rng)
        return fill(asked, endpoint.complete(asked.prompt, making.seed))

    for job, turns in endpoint.run(todo, work):
        if turns is None:
            continue
        sample = _sample(job, turns, converter, making, made)
        if usable(sample, making, notes):
            yield sample


def augmented(samples: Iterator[Sample], seed: int, sorry: bool) -> Iterator[Sample]:
    """Yield each sample with one reply changed: augment.py."""
    for sample in samples:
        yield augment(sample, random.Random(f"{seed}/{sample.id}/augment"), sorry=sorry)


def _sample(
    job: Job,
    turns: Sequence[Turn],
    converter: Converter,
    making: Making,
    made: dict[str, str],
) -> Sample:
    start, end = job.part.stretch
    return Sample(
        id=job.id,
        source=making.source or converter.title,
        licence=making.licence or converter.licence,
        video=job.video,
        start_s=start,
        duration_s=end - start,
        fps=making.wording.fps,
        turns=tuple(turns),
        made={"converter": converter.name, "seed": making.seed, **made},
    )


def usable(sample: Sample, making: Making, notes: Notes) -> bool:
    """Whether the sample says anything, and gives no time away; noted where not."""
    if not any(turn.role == "assistant" for turn in sample.turns):
        notes.add(sample.id, "nothing to say in this stretch: left out")
        return False
    found = [] if making.keep_leaks else leaks_in(sample.turns)
    if found:
        notes.add(sample.id, "gives a time away: left out", repr(found[0][1]))
    return not found


def parts(timeline: Timeline, making: Making, notes: Notes) -> Iterator[tuple[Part, str]]:
    """Yield the stretches that become samples, and the video of each as a sample names it."""
    path = find_video(timeline.video, making.videos)
    if path is not None and not path.is_file():
        notes.add(timeline.video, "no such video (the sample is made all the same)", str(path))
    name = os.path.relpath(path, making.out.parent) if path is not None else timeline.video
    if making.videos is None and not Path(timeline.video).suffix:
        name = f"{timeline.video}.mp4"
    start, end = stretch_of(timeline, path, making)
    if end - start < making.min_s:
        notes.add(timeline.video, f"shorter than {making.min_s:g} s: left out")
        return
    pieces = windows(start, end, making.max_s)
    for window in pieces:
        inside = [s for s in timeline.spans if s.end_s >= window[0] and s.start_s < window[1]]
        after = [s for s in timeline.spans if s.start_s >= window[1]]
        if inside:
            spans = (*inside, *after[:1])
            part = Part(spans, window, timeline.goal, is_last=window == pieces[-1])
            yield part, name.replace(os.sep, "/")


def stretch_of(timeline: Timeline, path: Path | None, making: Making) -> tuple[float, float]:
    """Return which stretch of the video is used, in seconds.

    Remarks on moments say nothing of what comes before the first and after the last: the stretch
    ends with the last, and starts a few frames before the first, drawn by the seed.
    """
    spans, fps = timeline.spans, making.wording.fps
    if timeline.stretch:
        return timeline.stretch
    last_s = max(span.end_s for span in spans)
    if all(span.start_s == span.end_s for span in spans):
        rng = random.Random(f"{making.seed}/{timeline.video}/{timeline.part}/lead")
        lead_s = rng.randint(0, LEAD_FRAMES) / fps
        return max(0.0, spans[0].start_s - lead_s), last_s + 1 / fps
    known_s = timeline.duration_s or (video_length(path) if path is not None else 0.0)
    return 0.0, known_s or last_s + TAIL_S


def windows(start: float, end: float, max_s: float) -> Sequence[tuple[float, float]]:
    """Return the stretch in equal pieces of at most `max_s`."""
    count = max(1, -int(-(end - start) // max_s)) if max_s else 1
    size = (end - start) / count
    borders = [start + i * size for i in range(count)] + [end]
    return list(zip(borders, borders[1:], strict=False))


def find_video(name: str, videos: Path | None) -> Path | None:
    """Return the file of a video, there or not; None where no place is known."""
    if videos is None:
        return None
    if videos.suffix and not videos.is_dir():
        return videos
    for candidate in (videos / name, *(videos / f"{name}{suffix}" for suffix in SUFFIXES)):
        if candidate.is_file():
            return candidate
    return videos / (name if Path(name).suffix in SUFFIXES else f"{name}.mp4")
