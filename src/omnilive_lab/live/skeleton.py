"""The frame of a dialogue about a timeline: who speaks when, before anything is worded.

As VideoLLM-online makes them from offline annotations: a few queries at random times, an answer to
each at once, and a place for a remark at every start and end of a step from the first query on.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from omnilive_lab.live.converters.base import Span
from omnilive_lab.live.grid import ceil_frame


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the dialogue that waits for words."""

    t: float  # on the frame grid
    role: Literal["user", "assistant"]
    kind: Literal["query", "answer", "event"]


def skeleton(
    spans: Sequence[Span],
    stretch: tuple[float, float],
    rng: random.Random,
    *,
    fps: float,
    queries: int = 3,
    events: bool = True,
) -> list[Slot]:
    """Return the slots in order; queries are at different frames, each with its answer."""
    asked = query_frames(stretch, rng, fps, queries)
    slots: list[Slot] = []
    for frame in asked:
        slots.append(Slot(frame / fps, "user", "query"))
        slots.append(Slot(frame / fps, "assistant", "answer"))
    if events and asked:
        slots += [
            Slot(frame / fps, "assistant", "event")
            for frame in event_frames(spans, stretch, fps)
            if frame >= asked[0] and frame not in asked
        ]
    return sorted(slots, key=lambda slot: slot.t)


def query_frames(
    stretch: tuple[float, float], rng: random.Random, fps: float, count: int
) -> list[int]:
    """Return up to `count` different frames in order, one at random of each of equal parts.

    (The original draws all from the whole stretch, so that questions may come in a heap.)
    """
    first = ceil_frame(stretch[0], fps)
    frames = max(1, ceil_frame(stretch[1], fps) - first)
    count = min(count, frames)
    return [
        first + rng.randrange(i * frames // count, (i + 1) * frames // count) for i in range(count)
    ]


def event_frames(spans: Sequence[Span], stretch: tuple[float, float], fps: float) -> list[int]:
    """Return the frames inside the stretch at which a span has just started or ended."""
    times = {t for span in spans for t in (span.start_s, span.end_s)}
    inside = (t for t in times if stretch[0] <= t <= stretch[1])
    last = ceil_frame(stretch[1], fps) - 1
    return sorted({min(ceil_frame(t, fps), max(last, 0)) for t in inside})
