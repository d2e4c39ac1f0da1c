"""Which questions go to the live model, by how far back it can look."""

from datetime import UTC

import pytest

from omnilive.live.answer import is_for_live
from omnilive.memory.wall import WallClock
from omnilive.reasoning.ask import Ask

CLOCK = WallClock(((0.0, 1_700_000_000.0),), UTC)


@pytest.mark.parametrize(
    ("question", "from_beginning", "from_1700"),
    [
        ("What is on the left?", True, True),
        ("What happened last?", True, True),
        ("What just happened?", True, True),
        ("How many things are there?", True, True),
        ("How many balls were there so far?", True, False),
        ("How often did it jump?", True, False),
        ("What happened in the last minute?", True, True),
        ("What happened twenty minutes ago?", True, False),
        ("What did you see yesterday?", False, False),
        ("What does the card say?", True, True),
        ("Can you tell me what is there?", True, True),
        ("Tell me when a red star appears.", True, True),
        ("What did she say?", False, False),
        ("Did anybody mention a boat?", False, False),
        ("What did I just ask you?", False, False),
        ("What did you tell me before?", False, False),
    ],
)
def test_it_goes_by_what_the_model_can_see(
    question: str, from_beginning: bool, from_1700: bool
) -> None:
    ask = Ask(question=question)
    assert is_for_live(ask, 1800.0, 0.0, CLOCK) == from_beginning
    assert is_for_live(ask, 1800.0, 1700.0, CLOCK) == from_1700


@pytest.mark.parametrize(
    "more", [{"pictures": [b"x"]}, {"tools": [{}]}, {"instructions": "Rhyme."}]
)
def test_what_it_cannot_take_is_not_for_it(more: dict) -> None:
    assert not is_for_live(Ask(question="What is there?", **more), 10.0, 0.0, CLOCK)
