"""Questions about what is, was and will be, with their one right answer."""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from omnilive_lab.live.world.events import PLACES, Event, Thing
from omnilive_lab.live.world.phrases import Style, Wanted, event_text, name

_NUMBERS = ("none", "one", "two", "three")
_WHERE = {"left": "on the left", "middle": "in the middle", "right": "on the right"}
_WHEN = ("Tell me when {when}.", "Let me know when {when}.", "Say so as soon as {when}.")


class Question(NamedTuple):
    """A question and its answers by style."""

    kind: str  # "past" or "present"
    text: str
    brief: str
    full: str

    def answer(self, style: Style) -> str:
        """Return the right answer in this style."""
        return self.brief if style == "brief" else self.full


def ask_past(random: Random, gone: Sequence[Event]) -> Question:
    """Return a question about the events so far."""
    make: tuple[Callable[[Random, Sequence[Event]], Question], ...] = (_left, _happened, _shown)
    return random.choice(make)(random, gone)


def ask_present(random: Random, there: Sequence[Thing]) -> Question:
    """Return a question about what is there."""
    make = [_count, _place, _place, _card]
    if _single_shapes(there):
        make.append(_colour)
    return random.choice(make)(random, there)


def ask_coming(random: Random, wanted: Wanted) -> str:
    """Return a request to be told once, when something comes."""
    return random.choice(_WHEN).format(when=wanted.clause)


def promise(style: Style) -> str:
    """Return the answer to such a request."""
    return "okay" if style == "brief" else "Okay, I will tell you."


def _left(random: Random, gone: Sequence[Event]) -> Question:
    text = random.choice(("What left last?", "What was there before?"))
    left = [name(event.thing) for event in gone if event.kind == "leave"]
    if not left:
        return Question("past", text, "nothing", "Nothing has left.")
    return Question("past", text, left[-1], f"A {left[-1]} left last.")


def _happened(random: Random, gone: Sequence[Event]) -> Question:
    text = random.choice(("What happened last?", "What was the last thing to happen?"))
    if not gone:
        return Question("past", text, "nothing", "Nothing has happened.")
    return Question("past", text, event_text(gone[-1], "brief"), event_text(gone[-1], "full"))


def _shown(random: Random, gone: Sequence[Event]) -> Question:
    text = random.choice(("Which word was shown last?", "What did the last card say?"))
    words = [event.thing.word for event in gone if event.kind == "show"]
    if not words:
        return Question("past", text, "no card", "There was no card.")
    return Question("past", text, words[-1], f"The last card said {words[-1]}.")


def _count(random: Random, there: Sequence[Thing]) -> Question:
    text = random.choice(("How many things are there?", "How many things do you see?"))
    number = _NUMBERS[len(there)]
    full = {0: "There is nothing.", 1: "There is one thing."}
    return Question("present", text, number, full.get(len(there), f"There are {number} things."))


def _place(random: Random, there: Sequence[Thing]) -> Question:
    place = random.choice(PLACES)
    where = _WHERE[place]
    text = random.choice((f"What is {where}?", f"What do you see {where}?"))
    found = [name(thing) for thing in there if thing.place == place]
    if not found:
        return Question("present", text, "nothing", f"Nothing is {where}.")
    return Question("present", text, found[0], f"A {found[0]} is {where}.")


def _card(random: Random, there: Sequence[Thing]) -> Question:
    text = random.choice(("What does the card say?", "Which word is on the card?"))
    words = [thing.word for thing in there if thing.is_card]
    if not words:
        return Question("present", text, "no card", "There is no card.")
    return Question("present", text, words[0], f"The card says {words[0]}.")


def _colour(random: Random, there: Sequence[Thing]) -> Question:
    thing = random.choice(_single_shapes(there))
    text = random.choice(
        (f"Which colour is the {thing.shape}?", f"What colour has the {thing.shape}?")
    )
    return Question("present", text, thing.colour, f"The {thing.shape} is {thing.colour}.")


def _single_shapes(there: Sequence[Thing]) -> list[Thing]:
    """Return the shapes of which there is just one."""
    shapes = [thing.shape for thing in there]
    return [o for o in there if not o.is_card and shapes.count(o.shape) == 1]
