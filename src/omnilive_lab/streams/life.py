"""The life of a place, hour by hour: who comes, what is said, what stands about, day and night."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from omnilive.core.events import Event, Percept
from omnilive_lab.streams.base import DAY_S, Needle, pick
from omnilive_lab.streams.language import CHINESE, SLOTS, Speaker, filled
from omnilive_lab.streams.percepts import Maker
from omnilive_lab.streams.pictures import jpegs
from omnilive_lab.streams.places import Place, place_called, templates_of

SLOT_S = 600.0  # life is made in steps of this length
MOST_S = 3600.0  # nothing that is made in a step goes on longer than this
WEATHERS = (
    (("white", "blue"), ("How bright it is today.", "The light is so low, pull the blind.")),
    (("grey", "white"), ("Everything is grey out there.", "Not much sun today.")),
    (("grey", "green"), ("It is quite windy, the windows rattle.", "Hear that wind.")),
    (("white", "grey"), ("It is a clear day.", "You can see so far today.")),
)


def stream(
    seed: int,
    hours: float,
    start_wall_s: float,
    *,
    place: str = "home",
    zone: str = "UTC",
    busy: float = 1.0,
    keyframes: bool = False,
    needles: Sequence[Needle] = (),
) -> Iterator[Event]:
    """Yield `hours` of the life of a place by time, as the Ledger takes it.

    The session clock begins at 0 when the clock on the wall (in the time `zone`) shows
    `start_wall_s`. `busy` scales how many come. With `keyframes`, pictures (JPEG) come too;
    without, only the marks of scene cuts. Events of the `needles` come in between. The same
    arguments give the same events.
    """
    life = _Life(seed, hours * 3600.0, start_wall_s, place_called(place), zone, busy, keyframes)
    planted = sorted(
        ((event.t, -i, event) for i, event in enumerate(e for n in needles for e in n.events)),
        key=lambda item: item[0],
    )
    yield from life.run(planted)


class _Life:
    def __init__(
        self, seed: int, end_s: float, start_wall_s: float, place: Place, zone: str, busy: float,
        keyframes: bool,
    ) -> None:  # fmt: skip
        self._seed, self._end_s, self._wall_s = seed, end_s, start_wall_s
        self._place, self._zone, self._busy = place, ZoneInfo(zone), busy
        self._rng = Random(f"life:{seed}:{place.name}")
        self._make = Maker(self._rng, jpegs=jpegs() if keyframes else ())
        self._speaker = Speaker(templates_of(place))
        self._scene: Percept | None = None
        self._clothes: dict[int, tuple[str, ...]] = {}

    def run(self, planted: list[tuple[float, int, Event]]) -> Iterator[Event]:
        events, at = self._make.events, 0
        start_s = 0.0
        while start_s < self._end_s:
            until_s = min(start_s + SLOT_S, self._end_s)
            self._slot(start_s, until_s)
            is_last = until_s >= self._end_s
            if is_last:
                self._end_scene()
            while at < len(planted) and planted[at][0] < until_s:
                events.append(planted[at])
                at += 1
            events.sort()
            done = len(events) if is_last else _first_from(events, until_s)
            for _, _, event in events[:done]:
                yield event
            del events[:done]
            start_s = until_s

    def _slot(self, start_s: float, until_s: float) -> None:
        local = datetime.fromtimestamp(self._wall_s + start_s, self._zone)
        rate = self._place.rate(local.hour, local.weekday()) * self._busy
        day = int((self._wall_s + start_s + _offset_s(local)) // DAY_S)
        weather = WEATHERS[Random(f"{self._seed}:{day}").randrange(len(WEATHERS))]
        is_dark = not 6 <= local.hour < 21
        lights = self._place.lights[local.hour % 3] if is_dark else weather[0]
        self._light(lights if rate >= 0.5 or not is_dark else ("black",), start_s)
        if rate <= 0:
            return
        t = start_s + self._rng.expovariate(rate / 3600)
        while t < until_s:
            self._visit(t, day, weather[1])
            t += self._rng.expovariate(rate / 3600)

    def _light(self, colours: tuple[str, ...], t: float) -> None:
        """Begin a scene when the light changes."""
        if self._scene is None or self._scene.data["palette"] != list(colours):
            self._scene = self._make.scene(colours, t, self._scene)

    def _end_scene(self) -> None:
        if self._scene is not None:
            self._make.add(replace(self._scene, t=self._end_s, end_s=self._end_s, final=True))

    def _visit(self, t: float, day: int, weather: Sequence[str]) -> None:
        rng, make, place = self._rng, self._make, self._place
        end_s = min(t + min(5 + rng.expovariate(1 / place.stay_s), MOST_S - 60), self._end_s)
        stay_s = end_s - t
        if stay_s < 3:
            return
        clothes = self._worn(day)
        colour = pick(rng, clothes if place.name in ("home", "workshop") else SLOTS["colour"])
        make.thing("person", colour, t, end_s, int(rng.random() * 3))
        self._talk(t, end_s, weather)
        for start_s, stop_s in self._times(t, end_s, stay_s / 150, 120):
            label, colours = pick(rng, place.things)
            make.thing(label, pick(rng, colours), start_s, stop_s, rng.random() < 0.2)
        for start_s, stop_s in self._times(t, end_s, stay_s / 260, 25):
            make.written(filled(rng, pick(rng, place.texts)).upper(), start_s, stop_s)
        for start_s, stop_s in self._times(t, end_s, stay_s / 110, 15):
            make.tagged(pick(rng, place.tags), start_s, stop_s)
        for start_s, stop_s in self._times(t, end_s, stay_s / 1800, 240):
            make.heard(pick(rng, place.sounds), start_s, stop_s)

    def _talk(self, t: float, end_s: float, weather: Sequence[str]) -> None:
        rng = self._rng
        at = t + rng.expovariate(1 / 20)
        every_s = 60 / self._place.talk
        while at < end_s - 5:
            chance = rng.random()
            if chance < 0.02:
                at = self._make.said(pick(rng, CHINESE), at, "zh")
            elif chance < 0.05:
                at = self._make.said(pick(rng, weather), at)
            else:
                text = self._speaker.say(rng)
                if rng.random() < 0.3:
                    text = f"{text} {self._speaker.say(rng)}"
                at = self._make.said(text, at)
            # Talk comes in bursts: a reply at once, or a while later.
            at += (
                0.7 + rng.expovariate(1.0)
                if rng.random() < 0.6
                else (rng.expovariate(1 / (2.2 * every_s)))
            )

    def _times(
        self, t: float, end_s: float, count: float, length_s: float
    ) -> Iterator[tuple[float, float]]:
        """Yield about `count` stretches of about this length between two times."""
        rng = self._rng
        for _ in range(int(count + rng.random())):
            start_s = t + rng.random() * (end_s - t)
            stop_s = start_s + 2 + rng.expovariate(1 / length_s)
            yield start_s, min(stop_s, start_s + MOST_S / 2, self._end_s)

    def _worn(self, day: int) -> tuple[str, ...]:
        """Return what the four who live here wear that day."""
        if day not in self._clothes:
            rng = Random(f"clothes:{self._seed}:{day}")
            self._clothes = {day: tuple(rng.sample(SLOTS["colour"], 4))}
        return self._clothes[day]


def _first_from(events: list[tuple[float, int, Event]], t: float) -> int:
    """Return the index of the first event that is not before `t`."""
    low, high = 0, len(events)
    while low < high:
        middle = (low + high) // 2
        if events[middle][0] < t:
            low = middle + 1
        else:
            high = middle
    return low


def _offset_s(local: datetime) -> float:
    offset = local.utcoffset()
    return offset.total_seconds() if offset is not None else 0.0
