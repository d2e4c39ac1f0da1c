"""Which combinations each split may show. What "val" and "test" hold back never is in "train"."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from omnilive_lab.live.world.settings import Split

T = TypeVar("T")

COLOURS = ("red", "green", "blue", "yellow", "purple", "white")
SHAPES = ("circle", "square", "triangle", "star", "heart", "cross")
WORDS = ("milk", "stop", "exit", "taxi", "open", "sale", "bus", "hot")
ACTIONS = ("jump", "spin", "grow", "shrink")  # of a colour; the others are never held back

# (colour, shape) and (colour, action) by the split that alone may show them.
HELD_SHAPES: dict[Split, frozenset[tuple[str, str]]] = {
    "val": frozenset({("red", "star"), ("green", "square"), ("blue", "heart")}),
    "test": frozenset({("yellow", "circle"), ("purple", "triangle"), ("white", "cross")}),
}
HELD_ACTIONS: dict[Split, frozenset[tuple[str, str]]] = {
    "val": frozenset({("yellow", "jump"), ("purple", "spin"), ("white", "grow")}),
    "test": frozenset({("red", "jump"), ("green", "spin"), ("blue", "shrink")}),
}


def may_be(split: Split, colour: str, shape: str) -> bool:
    """Tell whether this split may show a thing of this colour and shape."""
    return _allowed(HELD_SHAPES, split, (colour, shape))


def may_do(split: Split, colour: str, action: str) -> bool:
    """Tell whether in this split a thing of this colour may do this."""
    return _allowed(HELD_ACTIONS, split, (colour, action))


def pick_held(random: Random, options: Sequence[T], held: Sequence[bool], share: float) -> T:
    """Choose one of the options: with probability `share` among the held-out ones, if any."""
    chosen = [o for o, is_held in zip(options, held, strict=True) if is_held]
    return random.choice(chosen if chosen and random.random() < share else options)


def _allowed(
    table: dict[Split, frozenset[tuple[str, str]]], split: Split, pair: tuple[str, str]
) -> bool:
    return all(pair not in held for owner, held in table.items() if owner != split)
