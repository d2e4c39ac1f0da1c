"""What happens in one stream: the events, their exact times, and what is there after each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from omnilive_lab.live.world.settings import Split, WorldConfig
from omnilive_lab.live.world.splits import (
    ACTIONS,
    COLOURS,
    HELD_ACTIONS,
    HELD_SHAPES,
    SHAPES,
    WORDS,
    may_be,
    may_do,
    pick_held,
)

KINDS = ("appear", "leave", "jump", "spin", "grow", "shrink", "turn", "show", "take")
_WEIGHTS: dict[str, float] = {"appear": 3.0, "take": 1.5}  # of the others: 1.2
PLACES = ("left", "middle", "right")
OFF_GRID_S = 0.06  # an event is this far from the nearest half second, at least


@dataclass(frozen=True, slots=True)
class Thing:
    """A shape or a card (then `shape` is "card" and `word` what it says)."""

    key: int
    shape: str
    place: str
    colour: str = ""
    word: str = ""
    size: int = 0  # -1 small, 0 ordinary, 1 big
    dx: float = 0.0  # off the middle of its place, in sides
    dy: float = 0.0

    @property
    def is_card(self) -> bool:
        """Whether this is a card."""
        return self.shape == "card"


@dataclass(frozen=True, slots=True)
class Event:
    """At `t` seconds `thing` (as it was before; for "appear" and "show": as it is) does `kind`.

    `to` is the new colour of a "turn". `there` is what there is from then on.
    """

    t: float
    kind: str
    thing: Thing
    to: str
    there: tuple[Thing, ...]


def plan_events(
    random: Random, split: Split, config: WorldConfig, duration_s: float
) -> tuple[Event, ...]:
    """Return the events of a stream that starts empty, in order of time."""
    return tuple(_events(random, split, config, duration_s))


def _events(
    random: Random, split: Split, config: WorldConfig, duration_s: float
) -> Iterator[Event]:
    there: tuple[Thing, ...] = ()
    low, high = config.gap_s
    t, key = _off_grid(random, random.uniform(1.5, 3.5)), 0
    while t < duration_s - 2.0:
        event = _next(random, split, config, t, there, key)
        yield event
        there, key = event.there, key + 1
        t = max(_off_grid(random, t + random.uniform(low, high)), round(t + low, 2))
        t = t if _is_off_grid(t) else round(t + 2 * OFF_GRID_S, 2)


def _off_grid(random: Random, t: float) -> float:
    return round(t // 0.5 * 0.5 + random.uniform(OFF_GRID_S, 0.5 - OFF_GRID_S), 2)


def _is_off_grid(t: float) -> bool:
    return OFF_GRID_S - 0.005 <= t % 0.5 <= 0.505 - OFF_GRID_S


def _next(
    random: Random, split: Split, config: WorldConfig, t: float, there: tuple[Thing, ...], key: int
) -> Event:
    choices = list(_choices(split, config, there))
    kinds = sorted({kind for kind, _ in choices}, key=KINDS.index)
    kind = random.choices(kinds, [_WEIGHTS.get(kind, 1.2) for kind in kinds])[0]
    if kind in ("appear", "show"):
        new = (_new_card if kind == "show" else _new_shape)(random, split, config, there, key)
        return Event(t, kind, new, "", (*there, new))
    things = [thing for k, thing in choices if k == kind and thing]
    held = [(o.colour, kind) in HELD_ACTIONS.get(split, ()) for o in things]
    thing = pick_held(random, things, held, config.held_out_share)
    if kind in ("leave", "take"):
        return Event(t, kind, thing, "", tuple(o for o in there if o is not thing))
    to = random.choice(_new_colours(split, thing, there)) if kind == "turn" else ""
    step = {"grow": 1, "shrink": -1}.get(kind, 0)
    after = replace(thing, size=thing.size + step, colour=to or thing.colour)
    return Event(t, kind, thing, to, tuple(after if o is thing else o for o in there))


def _choices(
    split: Split, config: WorldConfig, there: tuple[Thing, ...]
) -> Iterator[tuple[str, Thing | None]]:
    """Yield every kind of event that can happen now, with the thing it can happen to."""
    if len(there) < config.things:
        yield "appear", None
        if not any(o.is_card for o in there):
            yield "show", None
    for thing in there:
        if thing.is_card:
            yield "take", thing
            continue
        yield "leave", thing
        if _new_colours(split, thing, there):
            yield "turn", thing
        for action in ACTIONS:
            if may_do(split, thing.colour, action) and _can(thing, action):
                yield action, thing


def _can(thing: Thing, action: str) -> bool:
    if action == "spin":
        return thing.shape != "circle"  # nobody would see it
    return thing.size < 1 if action == "grow" else thing.size > -1 if action == "shrink" else True


def _new_colours(split: Split, thing: Thing, there: tuple[Thing, ...]) -> list[str]:
    used = {o.colour for o in there}
    return [c for c in COLOURS if c not in used and may_be(split, c, thing.shape)]


def _new_shape(
    random: Random, split: Split, config: WorldConfig, there: tuple[Thing, ...], key: int
) -> Thing:
    used = {o.colour for o in there}
    pairs = [(c, s) for c in COLOURS for s in SHAPES if c not in used and may_be(split, c, s)]
    held = [pair in HELD_SHAPES.get(split, ()) for pair in pairs]
    colour, shape = pick_held(random, pairs, held, config.held_out_share)
    return Thing(key, shape, _free(random, there), colour, "", 0, *_shift(random))


def _new_card(
    random: Random, split: Split, config: WorldConfig, there: tuple[Thing, ...], key: int
) -> Thing:
    return Thing(key, "card", "", "", random.choice(WORDS), 0, *_shift(random))


def _free(random: Random, there: tuple[Thing, ...]) -> str:
    used = {o.place for o in there}
    return random.choice([place for place in PLACES if place not in used])


def _shift(random: Random) -> tuple[float, float]:
    return random.uniform(-0.02, 0.02), random.uniform(-0.05, 0.05)
