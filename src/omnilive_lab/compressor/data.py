"""Where reels come from: made-up streams by their seeds, and files of annotations."""

from collections.abc import Callable, Iterator, Sequence
from random import Random

from omnilive.memory.compressor.base import ClipFeatures, Reader
from omnilive_lab.compressor.cloze import clozes
from omnilive_lab.compressor.reels import Ask, Reel, clips_of, reel
from omnilive_lab.streams import Needle, plant, stream
from omnilive_lab.streams.base import Family

PLACES = ("home", "shop", "lab", "workshop")
MONDAY_WALL_S = 1_767_571_200.0  # 2026-01-05, 00:00 UTC
HELD_OUT = (
    1_000_000  # seeds of streams to learn from are below, those to tune on and to report above
)
TUNING = 900_000


def stream_seed(seed: int, number: int) -> int:
    """Return the seed of a stream to learn from: another run sees other streams."""
    return (seed * 997 + number) % TUNING


def start_wall_s(seed: int) -> float:
    """Return when a made-up stream begins: some hour of some day, by its seed."""
    rng = Random(f"start:{seed}")
    return MONDAY_WALL_S + 86_400 * rng.randrange(28) + 3600 * rng.randrange(7, 20)


def place_of(seed: int) -> str:
    """Return where a made-up stream is from."""
    return PLACES[seed % len(PLACES)]


def asks_of(needles: Sequence[Needle], family: Family) -> list[Ask]:
    """Return the questions of a family that something in the stream answers.

    Questions about "this" are no matter of long memory: they mean the present picture.
    """
    return [
        Ask(question.text, question.spans, question.kind)
        for needle in needles
        for question in needle.questions
        if question.spans and question.family == family and question.kind != "reference"
    ]


def made_reel(
    seed: int, hours: float, count: int, features: ClipFeatures, reader: Reader, family: Family,
    cloze_count: int = 0,
) -> Reel:  # fmt: skip
    """Return a made-up stream with its planted questions, and some of its own words."""
    wall_s = start_wall_s(seed)
    needles = plant(seed, hours, wall_s, count=count)
    events = stream(seed, hours, wall_s, place=place_of(seed), needles=needles)
    clips = clips_of(events, hours * 3600.0)
    asks = [*asks_of(needles, family), *clozes(clips, cloze_count, Random(f"cloze:{seed}"))]
    return reel(clips, asks, features, reader)


def made_reels(
    seeds: Sequence[int], hours: float, count: int, features: ClipFeatures, reader: Reader,
    family: Family = "train", cloze_count: int = 0, tick: Callable[[], None] = lambda: None,
) -> Iterator[Reel]:  # fmt: skip
    """Yield the reels of these seeds; `tick` is called after each."""
    for seed in seeds:
        yield made_reel(seed, hours, count, features, reader, family, cloze_count)
        tick()
