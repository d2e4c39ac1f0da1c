"""What is said in the world. A style and an event (or an answer) give exactly one text."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from omnilive_lab.live.world.events import KINDS, Event, Thing
from omnilive_lab.live.world.settings import Split
from omnilive_lab.live.world.splits import ACTIONS, COLOURS, SHAPES, WORDS, may_be, may_do

Style = Literal["brief", "full"]
Mode = Literal["narrate", "watch", "answer"]
STYLES: tuple[Style, ...] = ("brief", "full")

_SAID: dict[Style, dict[str, str]] = {
    "brief": {
        "appear": "{thing} appears",
        "leave": "{thing} leaves",
        "jump": "{thing} jumps",
        "spin": "{thing} spins",
        "grow": "{thing} grows",
        "shrink": "{thing} shrinks",
        "turn": "{thing} turns {to}",
        "show": "card says {word}",
        "take": "card is gone",
    },
    "full": {
        "appear": "A {thing} appears.",
        "leave": "The {thing} leaves the picture.",
        "jump": "The {thing} jumps up.",
        "spin": "The {thing} spins around.",
        "grow": "The {thing} gets bigger.",
        "shrink": "The {thing} gets smaller.",
        "turn": "The {thing} changes its colour to {to}.",
        "show": "Someone shows a card with the word {word}.",
        "take": "The card is taken away.",
    },
}
_INSTRUCTIONS: dict[Mode, dict[Style, tuple[str, ...]]] = {
    "narrate": {
        "brief": (
            "Narrate briefly.",
            "Say in a few words what happens.",
            "Tell me what happens, in short.",
        ),
        "full": (
            "Narrate in full sentences.",
            "Say in sentences what happens.",
            "Tell me what happens, in full sentences.",
        ),
    },
    "watch": {
        "brief": ("Briefly tell me whenever {when}.", "Only say in short when {when}."),
        "full": (
            "Tell me in full sentences whenever {when}.",
            "Only say in a sentence when {when}.",
        ),
    },
    "answer": {
        "brief": ("Only answer my questions, in short.", "Give brief answers when I ask."),
        "full": (
            "Only answer my questions, in full sentences.",
            "Give answers in sentences when I ask.",
        ),
    },
}
_VERBS = {
    "appear": "appears",
    "leave": "leaves",
    "jump": "jumps",
    "spin": "spins",
    "grow": "grows",
    "shrink": "shrinks",
    "turn": "changes colour",
}


def name(thing: Thing) -> str:
    """Return what a shape is called: "red circle"."""
    return f"{thing.colour} {thing.shape}"


def event_text(event: Event, style: Style) -> str:
    """Return the remark on an event."""
    thing = event.thing
    return _SAID[style][event.kind].format(thing=name(thing), to=event.to, word=thing.word)


def again(text: str, style: Style) -> str:
    """Return the remark for when the assistant said just this in its last remark."""
    return f"{text} again" if style == "brief" else f"{text.removesuffix('.')} again."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a user waits for: events of one kind; an empty field means any."""

    kind: str
    colour: str = ""
    shape: str = ""
    word: str = ""

    def fits(self, event: Event) -> bool:
        """Tell whether this is such an event."""
        thing = event.thing
        pairs = (
            (self.colour, thing.colour),
            (self.shape, "" if thing.is_card else thing.shape),
            (self.word, thing.word),
        )
        return self.kind == event.kind and all(not want or want == has for want, has in pairs)

    @property
    def clause(self) -> str:
        """The clause after "when": "a red circle appears"."""
        if self.kind == "show":
            return f"a card says {self.word}" if self.word else "a card is shown"
        if self.kind == "take":
            return "the card is taken away"
        what = f"a {self.colour} {self.shape}" if self.colour and self.shape else ""
        what = what or (f"something {self.colour}" if self.colour else "")
        return f"{what or (f'a {self.shape}' if self.shape else 'something')} {_VERBS[self.kind]}"


def wanted_of(random: Random, event: Event) -> Wanted:
    """Return something to wait for that this event fulfils."""
    thing = event.thing
    if event.kind == "take":
        return Wanted("take")
    if event.kind == "show":
        return Wanted("show", word=random.choice(("", thing.word)))
    exact = Wanted(event.kind, thing.colour, thing.shape)
    vague = (replace(exact, colour=""), replace(exact, shape=""), Wanted(event.kind))
    return random.choice((exact, exact, *vague))


def any_wanted(random: Random, split: Split) -> Wanted:
    """Return something to wait for, of what the split may show."""
    kind = random.choice(KINDS)
    if kind in ("show", "take"):
        return Wanted(kind, word=random.choice(("", *WORDS)) if kind == "show" else "")
    return random.choice([Wanted(kind, c, s) for c, s in _pairs(split, kind)])


def instruction(random: Random, mode: Mode, style: Style, wanted: Wanted | None) -> str:
    """Return one of the ways to bid it; `wanted` for the mode "watch"."""
    text = random.choice(_INSTRUCTIONS[mode][style])
    return text.format(when=wanted.clause) if wanted else text


def _pairs(split: Split, kind: str) -> Iterator[tuple[str, str]]:
    for colour in COLOURS:
        for shape in SHAPES:
            acts = kind not in ACTIONS or may_do(split, colour, kind)
            seen = not (kind == "spin" and shape == "circle")
            if may_be(split, colour, shape) and acts and seen:
                yield colour, shape
