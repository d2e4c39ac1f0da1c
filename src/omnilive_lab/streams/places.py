"""Four places and their routines: who comes when, what stands about, what is said and written."""

from dataclasses import dataclass

from omnilive.core.errors import ConfigError
from omnilive_lab.streams.language import COMMON


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place. `visits` are people that come an hour, by hour of the day, on working days."""

    name: str
    visits: tuple[float, ...]
    weekend: tuple[float, ...]
    stay_s: float  # as a mean
    talk: float  # utterances a minute of each who is there
    things: tuple[tuple[str, tuple[str, ...]], ...]  # label, colours
    tags: tuple[str, ...]
    texts: tuple[str, ...]
    sounds: tuple[str, ...]
    talks: tuple[str, ...]
    lights: tuple[tuple[str, ...], ...] = (("grey", "brown"), ("white", "grey"), ("brown", "black"))

    def rate(self, hour: int, weekday: int) -> float:
        """Return the visits an hour at this hour of a day (0: Monday)."""
        return (self.weekend if weekday >= 5 else self.visits)[hour]


_SHELF = ("red", "blue", "green", "white", "black", "grey", "brown", "yellow")

HOME = Place(
    name="home",
    visits=(0.1, 0, 0, 0, 0, 0.3, 4, 8, 5, 1, 1, 1, 3, 2, 1, 2, 4, 6, 8, 8, 7, 5, 3, 1),
    weekend=(0.3, 0.1, 0, 0, 0, 0, 1, 2, 4, 6, 6, 5, 6, 5, 4, 4, 4, 5, 7, 7, 6, 5, 3, 1),
    stay_s=420, talk=1.6,
    things=(
        ("cup", _SHELF), ("bottle", ("green", "white", "blue")), ("bowl", ("white", "blue")),
        ("laptop", ("grey", "black")), ("cell phone", ("black", "white")), ("book", _SHELF),
        ("chair", ("brown", "white")), ("remote", ("black",)), ("cat", ("grey",)),
        ("apple", ("red", "green")), ("banana", ("yellow",)), ("potted plant", ("green",)),
    ),
    tags=("dining table", "studio couch", "bookcase", "window shade", "home theater", "lampshade"),
    texts=(
        "BREAKING NEWS AT {few}", "Season 2 Episode {few}", "WHOLE MILK 1 l", "ORGANIC {food}",
        "{name} calling", "Volume 34", "Menu", "PAUSE", "Best before 12.11.", "Recipe for {food}",
    ),
    sounds=("music", "singing", "music"),
    talks=(
        "Dinner is ready, there is {food} and {food}.", "Who wants some {drink}?",
        "I will make {drink}, do you want {drink} too?", "We are out of {food} again.",
        "Do the dishes before {name} comes, please.", "Did you feed the cat?",
        "I cannot find the remote.", "Your homework first, then the television.",
        "Somebody left the {drink} out all night.", "{name} wants to sleep over {day}.",
        "The washing machine still needs half an hour.", "Put the {food} in the fridge.",
        "Shall we watch the one about {topic}?", "Good night, sleep well.", "Good morning!",
        "I have to be at {place} {hour}.",
    ),
)  # fmt: skip

SHOP = Place(
    name="shop",
    visits=(0, 0, 0, 0, 0, 0, 0, 1, 6, 14, 18, 20, 24, 22, 18, 16, 20, 24, 18, 6, 1, 0, 0, 0),
    weekend=(0, 0, 0, 0, 0, 0, 0, 0, 3, 16, 24, 28, 30, 26, 24, 18, 10, 2, 0, 0, 0, 0, 0, 0),
    stay_s=200, talk=1.2,
    things=(
        ("bottle", _SHELF), ("handbag", ("black", "brown", "red")), ("cup", ("white",)),
        ("backpack", ("blue", "black", "green")), ("apple", ("red", "green")),
        ("orange", ("orange",)), ("banana", ("yellow",)), ("cell phone", ("black",)),
        ("carrot", ("orange",)), ("broccoli", ("green",)),
    ),
    tags=("grocery store", "confectionery", "shopping basket", "cash machine", "bakery"),
    texts=(
        "SPECIAL OFFER {food}", "{food} 2.49", "OPEN", "PAY HERE", "3 for 2", "FRESH {food}",
        "TOTAL {few}", "Please keep the receipt", "QUEUE HERE", "NEW: {drink}",
    ),
    sounds=("music", "music"),
    talks=(
        "That is {amount}, please.", "Do you have a customer card?", "Where do I find the {food}?",
        "The {food} is in the second aisle.", "Do you need a bag?", "Cash or card?",
        "We get more {food} {day}.", "Is the {drink} on offer today?", "Have a nice day!",
        "Could somebody open the other till?", "One kilo of {food}, please.",
        "This {food} is not fresh any more.", "I only have a large note.",
        "Sorry, the {drink} is sold out.", "{name}, can you restock the {food}?",
    ),
)  # fmt: skip

LAB = Place(
    name="lab",
    visits=(0.2, 0.1, 0, 0, 0, 0, 0.2, 1, 5, 8, 8, 7, 4, 6, 8, 8, 7, 5, 3, 2, 1, 0.5, 0.3, 0.2),
    weekend=(0.1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 1, 1, 2, 2, 1, 1, 0, 0, 0, 0, 0, 0),
    stay_s=900, talk=0.8,
    things=(
        ("laptop", ("grey", "black")), ("keyboard", ("black",)), ("mouse", ("black", "white")),
        ("tv", ("black",)), ("cup", _SHELF), ("bottle", ("white", "brown")), ("book", _SHELF),
        ("chair", ("black", "blue")), ("cell phone", ("black",)), ("bowl", ("white",)),
    ),
    tags=("Petri dish", "oscilloscope", "desktop computer", "beaker", "monitor", "notebook"),
    texts=(
        "RUN {few} OF 24", "DO NOT TOUCH", "pH 7.{few}", "Sample {name}", "ERROR: timeout",
        "Incubator 37.0", "epoch {few} loss 0.31", "CAUTION HOT SURFACE", "batch {few} ok",
    ),
    sounds=("music",),
    talks=(
        "The {few} samples from {name} are ready.", "The centrifuge needs another run.",
        "Did you calibrate it {hour}?", "The loss goes down again.", "Put it in the incubator.",
        "The plot for {topic} looks wrong.", "I will repeat the measurement {day}.",
        "We need {few} more plates.", "The error bars are {adj}.", "Who took my pipette?",
        "The meeting about the paper is {hour}.", "Reviewer two wants {amount}.",
        "Write it into the lab book, please.", "The buffer is nearly empty.",
    ),
)  # fmt: skip

WORKSHOP = Place(
    name="workshop",
    visits=(0, 0, 0, 0, 0, 0.2, 2, 6, 8, 7, 7, 6, 3, 6, 7, 7, 6, 4, 2, 1, 0, 0, 0, 0),
    weekend=(0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 3, 2, 1, 2, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0),
    stay_s=700, talk=0.9,
    things=(
        ("bottle", ("black", "white")), ("chair", ("grey",)), ("cup", _SHELF),
        ("knife", ("grey",)), ("bowl", ("grey",)), ("cell phone", ("black",)),
        ("bench", ("brown",)), ("book", ("white", "yellow")), ("motorcycle", ("red", "black")),
    ),
    tags=("power drill", "hammer", "screwdriver", "carpenter's kit", "lathe", "toolbox"),
    texts=(
        "WEAR GOGGLES", "M8 x {few}", "DANGER HIGH VOLTAGE", "Order {few}", "No. {few}",
        "TORQUE 45 Nm", "KEEP CLEAR", "Job for {name}",
    ),
    sounds=("music", "music"),
    talks=(
        "Hand me the {colour} screwdriver.", "This thread is worn out.", "Mind your fingers.",
        "The part for {name} comes {day}.", "We need {few} more bolts.", "It does not fit yet.",
        "Sand it down a little more.", "The customer wants it in {colour}.",
        "Switch off the compressor, please.", "It has to dry until {hour}.",
        "I ordered {few} of them {day}.", "Try it with the other drill.", "That will hold.",
    ),
)  # fmt: skip

PLACES = {place.name: place for place in (HOME, SHOP, LAB, WORKSHOP)}


def place_called(name: str) -> Place:
    """Return a place; ConfigError names the known ones."""
    if name not in PLACES:
        raise ConfigError(f"no place {name!r}; choose from {', '.join(PLACES)}")
    return PLACES[name]


def templates_of(place: Place) -> tuple[str, ...]:
    """Return all that is said in a place, its own sentences as often as the common ones."""
    return place.talks * 2 + COMMON
