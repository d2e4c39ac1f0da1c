"""Where every thing is at a given time: the events as poses, in pixels."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from omnilive_lab.live.world.events import Event, Thing
from omnilive_lab.live.world.settings import WorldConfig

MOVES_S = {"jump": 1.2, "spin": 1.5}  # how long these take; every other event is over at once
_X = {"left": 0.19, "middle": 0.5, "right": 0.81, "": 0.5}
_Y, _CARD_Y = 0.42, 0.86
_SIZES = {-1: 0.68, 0: 1.0, 1: 1.3}
_CARD_HALF = (0.29, 0.105)


@dataclass(frozen=True, slots=True)
class Pose:
    """A thing at one time: its middle, radius and angle (degrees), in pixels."""

    thing: Thing
    x: float
    y: float
    radius: float
    angle: float

    @property
    def half(self) -> tuple[float, float]:
        """Half of the width and of the height."""
        if not self.thing.is_card:
            return self.radius, self.radius
        return self.radius * _CARD_HALF[0], self.radius * _CARD_HALF[1]

    @property
    def box(self) -> list[float]:
        """Left, top, right, bottom."""
        w, h = self.half
        return [round(v, 1) for v in (self.x - w, self.y - h, self.x + w, self.y + h)]


def poses(
    events: Iterable[Event], times_s: Iterable[float], config: WorldConfig
) -> Iterator[list[Pose]]:
    """Yield the poses at each of these times, which ascend."""
    coming = list(events)
    there: tuple[Thing, ...] = ()
    moves: dict[int, Event] = {}
    for t in times_s:
        while coming and coming[0].t <= t:
            event = coming.pop(0)
            there = event.there
            if event.kind in MOVES_S:
                moves[event.thing.key] = event
        yield [_pose(thing, moves.get(thing.key), t, config) for thing in there]


def _pose(thing: Thing, move: Event | None, t: float, config: WorldConfig) -> Pose:
    side = config.side_px
    phase = 2.4 * thing.key
    x = _X[thing.place] + thing.dx + config.wobble * math.sin(1.9 * t + phase)
    y = (_CARD_Y + 0.2 * thing.dy if thing.is_card else _Y + thing.dy) + config.wobble * math.sin(
        1.4 * t + phase
    )
    radius = 1.0 if thing.is_card else config.size * _SIZES[thing.size]
    angle = 0.0
    if move is not None and (gone := t - move.t) < MOVES_S[move.kind]:
        if move.kind == "jump":
            y -= _height(gone)
        else:
            angle = _angle(gone)
    return Pose(thing, x * side, y * side, radius * side, angle)


def _height(gone_s: float) -> float:
    """Sides above the ground. A jump starts with a leap, so that its first frame shows it."""
    return 0.09 + 0.11 * math.sin(math.pi * gone_s / MOVES_S["jump"])


def _angle(gone_s: float) -> float:
    """Degrees. Slow for half a second, in which no shape comes to look as it did; then round."""
    slow = 22 + 60 * min(gone_s, 0.5)
    return slow + max(gone_s - 0.5, 0.0) * (360 - 52) / (MOVES_S["spin"] - 0.5)
