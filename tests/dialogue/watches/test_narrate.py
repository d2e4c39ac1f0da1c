"""Narration: true, new, and at a bearable pace."""

import json
from itertools import pairwise
from typing import Any

import pytest

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.gate import Times
from omnilive.dialogue.watches.matching import Likeness
from omnilive.dialogue.watches.narrate import Commentary, Procedure, Step, digest
from tests.dialogue.watches.feed import percept


def obj(fact: int, label: str, start_s: float, end_s: float | None = None, **data: Any) -> Any:
    data = {"label": label, "box": [fact * 0.17 % 0.8, 0, fact * 0.17 % 0.8 + 0.1, 0.2], **data}
    final = end_s is not None
    return percept("object", f"red {label}", fact, start_s, end_s or start_s, final=final, **data)


def text(fact: int, words: str, start_s: float) -> Any:
    return percept("text", words, fact, start_s, start_s, final=False)


def tell(film: list[tuple[float, list[Any]]], until_s: float = 60.0) -> list[tuple[float, str]]:
    """Run a commentary with a tick every half second; the state is stored and read each time."""
    teller, told, film = Commentary(), [], list(film)
    for half in range(int(until_s * 2)):
        t = half / 2
        lines = [line for at, some in film if at <= t for line in some]
        film = [item for item in film if item[0] > t]
        told += [(x.t, x.text) for x in teller.step(lines, Times(t, t))]
        teller = Commentary.from_json(json.loads(json.dumps(teller.as_json())))
        teller.world.stale.clear()
    return told


def test_what_comes_together_is_told_together() -> None:
    told = tell([(2.0, [obj(1, "car", 2.0)]), (2.2, [obj(2, "dog", 2.2)])])
    assert [text for _, text in told] == ["A red car and a red dog come into view."]
    assert told[0][0] < 4.0


def test_silence_while_nothing_new_happens() -> None:
    assert tell([], 60.0) == []
    assert len(tell([(2.0, [obj(1, "car", 2.0)])], 600.0)) == 1


def test_a_bearable_pace_and_no_sentence_twice() -> None:
    film = [(float(t), [obj(t, "car", t), text(100 + t, f"SIGN {t % 4}", t)]) for t in range(1, 50)]
    film += [(t + 0.6, [obj(int(t), "car", t, t + 0.5)]) for t in range(1, 50)]
    told = tell(film, 60.0)
    gaps = [b - a for (a, _), (b, _) in pairwise(told)]
    assert len(told) >= 6 and min(gaps) >= 4.0
    assert len({text for _, text in told}) == len(told)


def test_only_what_is_still_true_is_said() -> None:
    film = [
        (1.0, [text(9, "HELLO", 1.0)]), (2.0, [obj(1, "car", 2.0)]),
        (3.5, [obj(1, "car", 2.0, 3.0)]),
    ]  # fmt: skip
    assert [text for _, text in tell(film)] == ["It says: “HELLO”."]


def test_leaving_and_coming_again() -> None:
    film = [
        (2.0, [obj(1, "dog", 2.0)]), (10.0, [obj(1, "dog", 2.0, 8.0)]),
        (20.0, [obj(2, "dog", 20.0)]),
    ]  # fmt: skip
    assert [text for _, text in tell(film)] == [
        "A red dog comes into view.", "The dog has left.", "A dog, for the second time.",
    ]  # fmt: skip


def test_at_a_cut_the_new_picture_is_told_and_nobody_has_left() -> None:
    cut = percept("scene", "picture in blue", 50, 9.0, 9.0, final=False, cut=True)
    film = [(2.0, [obj(1, "dog", 2.0)]), (9.0, [obj(1, "dog", 2.0, 9.0), cut, obj(2, "cup", 9.0)])]
    assert [text for _, text in tell(film)] == [
        "A red dog comes into view.", "Now I see a red cup.",
    ]  # fmt: skip


def test_the_next_step_is_told_when_one_is_done() -> None:
    steps = (
        Step("put the cup on the table", r.Object(labels=("cup",))),
        Step("pour the coffee"),
        Step("show the sign", r.Text(contains=("ready",))),
    )
    teller = Procedure(steps)
    told: list[str] = []

    def feed(t: float, *lines: Any) -> None:
        nonlocal teller
        told.extend(x.text for x in teller.step(lines, Times(t, t)))
        state = json.loads(json.dumps(teller.as_json()))
        teller = Procedure.from_json(steps, Likeness(), state)
        teller.world.stale.clear()

    feed(1.0)
    feed(3.0, text(1, "READY", 3.0))  # that is the last step's
    feed(5.0, obj(2, "cup", 5.0))
    feed(6.0, obj(3, "cup", 6.0))
    feed(9.0, percept("speech", "all done now", 4, 8.0, 9.0))
    feed(12.0, text(5, "READY TO GO", 12.0))
    feed(15.0, text(6, "READY AGAIN", 15.0))
    assert told == [
        "First: put the cup on the table.", "Step 1 is done. Next: pour the coffee.",
        "Step 2 is done. Next: show the sign.", "That was the last step: all done.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("things", "line"),
    [
        ([], "Nothing new."),
        (
            [{"kind": "object", "label": "car", "text": "red car"}] * 2
            + [{"kind": "speech", "text": "hello"}, {"kind": "text", "text": "EXIT"}],
            "Seen: two cars. read: “EXIT”. an utterance, last “hello”.",
        ),
    ],
)
def test_a_digest_is_one_line(things: list[Any], line: str) -> None:
    assert digest(things) == line
