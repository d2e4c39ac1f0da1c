"""Making a world: a folder of videos with samples.jsonl (dialogues) and truth.jsonl (all of it).

Stream i depends on the seed, the split, the settings and i alone: more can be made later, and what
was interrupted goes on.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol

from omnilive.core.errors import ConfigError
from omnilive_lab.live.dialogue import Sample, write_samples
from omnilive_lab.live.world.events import Event, plan_events
from omnilive_lab.live.world.render import Background, pictures, write_video
from omnilive_lab.live.world.scene import Pose, poses
from omnilive_lab.live.world.settings import PRESETS, Difficulty, Split, WorldConfig
from omnilive_lab.live.world.talk import Talk, make_talk

VERSION = 1  # of what the same settings give
TRUTH_FPS = 2
SAMPLES, TRUTH, WORLD = "samples.jsonl", "truth.jsonl", "world.json"


class Report(Protocol):
    """Hears how far it has got."""

    def stage(self, name: str, total: int) -> None:
        """So many streams are to be made."""
        ...

    def advance(self) -> None:
        """One more stream is there."""
        ...


@dataclass(frozen=True, slots=True)
class Stream:
    """All of one stream before it is drawn."""

    name: str
    seed: int  # of its background
    frames: int
    config: WorldConfig
    events: tuple[Event, ...]
    talk: Talk

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return self.frames / self.config.fps

    def poses(self, fps: float) -> Iterator[list[Pose]]:
        """Yield what there is, where, at each 1 / fps."""
        count = int(self.duration_s * fps)
        return poses(self.events, (k / fps for k in range(count)), self.config)


def plan_stream(seed: int, split: Split, index: int, config: WorldConfig) -> Stream:
    """Return stream `index` of a world."""
    random = Random(f"omnilive world {VERSION}: {seed}, {split}, {index}")
    frames = round(random.uniform(config.min_s, config.max_s) * config.fps)
    duration_s = frames / config.fps
    is_quiet = random.random() < config.quiet_share
    events = () if is_quiet else plan_events(random, split, config, duration_s)
    talk = make_talk(random, split, events, duration_s)
    return Stream(f"{split}-{index:05}", random.getrandbits(32), frames, config, events, talk)


def make_world(
    folder: Path,
    seed: int = 0,
    split: Split = "train",
    count: int = 400,
    difficulty: Difficulty = "normal",
    report: Report | None = None,
    config: WorldConfig | None = None,
) -> Path:
    """Make a world in `folder` and return the path of its samples; `config` beats `difficulty`.

    ConfigError where the folder holds another world.
    """
    config = config or PRESETS[difficulty]
    try:
        (folder / "video").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be made: {error.strerror}") from error
    _claim(folder, {"version": VERSION, "seed": seed, "split": split} | config.model_dump())
    streams = [plan_stream(seed, split, i, config) for i in range(count)]
    if report:
        report.stage(f"{split} streams", count)
    for stream in streams:
        path = folder / _video(stream)
        if not path.exists():
            background = Background(config, stream.seed)
            rgb = pictures(background, stream.poses(config.fps), config.fps)
            write_video(path, rgb, config.side_px, config.fps)
        if report:
            report.advance()
    _write_truth(folder / TRUTH, streams)
    write_samples(folder / SAMPLES, (sample_of(stream, seed) for stream in streams))
    return folder / SAMPLES


def sample_of(stream: Stream, seed: int) -> Sample:
    """Return the dialogue as a line of samples.jsonl."""
    talk = stream.talk
    return Sample(
        id=stream.name,
        source="synthetic",
        licence="CC0-1.0",
        video=_video(stream),
        duration_s=stream.duration_s,
        turns=talk.turns,
        made={"maker": "world", "version": VERSION, "seed": seed, "mode": talk.mode,
              "style": talk.style, "quiet": not stream.events},
    )  # fmt: skip


def truth_of(stream: Stream) -> dict[str, Any]:
    """Return a line of truth.jsonl: exact events, and what is where at each half second."""
    return {
        "id": stream.name,
        "video": _video(stream),
        "events": [_event(event) for event in stream.events],
        "frames": [
            {"t": k / TRUTH_FPS, "things": [_thing(pose) for pose in there]}
            for k, there in enumerate(stream.poses(TRUTH_FPS))
        ],
    }


def _video(stream: Stream) -> str:
    return f"video/{stream.name}.mp4"


def _event(event: Event) -> dict[str, Any]:
    thing = event.thing
    return {"t": event.t, "kind": event.kind, "to": event.to, "key": thing.key,
            "shape": thing.shape, "colour": thing.colour, "word": thing.word,
            "place": thing.place}  # fmt: skip


def _thing(pose: Pose) -> dict[str, Any]:
    thing = pose.thing
    return {"key": thing.key, "shape": thing.shape, "colour": thing.colour, "word": thing.word,
            "place": thing.place, "size": thing.size, "angle": round(pose.angle, 1),
            "box": pose.box}  # fmt: skip


def _write_truth(path: Path, streams: list[Stream]) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        for stream in streams:
            file.write(json.dumps(truth_of(stream)) + "\n")
    os.replace(part, path)


def _claim(folder: Path, world: dict[str, Any]) -> None:
    """Note in the folder which world it holds, or see that it is the same."""
    path, text = folder / WORLD, json.dumps(world, indent=1)
    if not path.exists():
        path.write_text(text)
        return
    try:
        old, new = json.loads(path.read_text()), json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path} cannot be read: remove it or take another folder") from error
    if old != new:
        other = [key for key in new if old.get(key) != new[key]]
        raise ConfigError(
            f"{folder} holds another world ({', '.join(other)} differ): take another folder"
        )
