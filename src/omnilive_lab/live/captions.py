"""Single frames of the synthetic world in words: what the small decoder learns before any stream.

It stands in for what a language model and an image encoder from elsewhere would bring along, and
knows nothing of time: it never sees two frames. All objectives begin from it.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from omnilive_lab.live.grid import Message
from omnilive_lab.live.sequences import Layout
from omnilive_lab.live.train import Lesson
from omnilive_lab.live.world.make import TRUTH

QUESTION = "What is there?"
SIZES = {-1: "small ", 0: "", 1: "big "}


def caption_lessons(
    world: Path, features: Sequence[np.ndarray], layout: Layout, every: int
) -> list[Lesson]:
    """Return a lesson for every so many frames of each stream, with the features (1, N, D)."""
    lessons = []
    streams = (world / TRUTH).read_text().splitlines()
    for line, frames_TND in zip(streams, features, strict=False):
        shown = json.loads(line)["frames"][: len(frames_TND)]
        for k in range(0, len(shown), every):
            laid = layout.lay(_dialogue(caption(shown[k]["things"])))
            lessons.append(Lesson(laid, frames_TND[k : k + 1]))
    return lessons


def texts(world: Path) -> Iterator[str]:
    """Yield what is said in all of these lessons."""
    yield QUESTION
    for line in (world / TRUTH).read_text().splitlines():
        for shown in json.loads(line)["frames"]:
            yield caption(shown["things"])


def caption(things: Sequence[dict[str, Any]]) -> str:
    """Return what is there from left to right, then what the card says."""
    shapes = sorted((t for t in things if not t["word"]), key=lambda t: t["box"][0])
    said = [f"{SIZES[t['size']]}{t['colour']} {t['shape']} {t['place']}" for t in shapes]
    said += [f"card says {t['word']}" for t in things if t["word"]]
    return ", ".join(said) or "nothing"


def _dialogue(text: str) -> list[Message]:
    return [
        Message("stream", 0.0, num_frames=1, learn=False),
        Message("user", 0.0, text=QUESTION),
        Message("assistant", 0.0, text=text),
    ]
