"""A stream of text is cut where it can be spoken, and nothing is lost."""

import random

import pytest

from omnilive.dialogue.phrases import FIRST_MOST, MOST, Phrases

LONG = "one two three four five six seven eight nine ten " * 12
TEXTS = [
    "Yes.",
    "",
    "At 0:15 (15.7 s) someone said: “Hello, Dr. Smith. How are you?”",
    "The value is 3.5 m, e.g. 2.1 or so. It fell at 10 a.m. yesterday. Then it rose!",
    "在 0:15 说:“你好。再见！” 然后，没有了。",
    LONG,
    "No spaces" + "x" * 400,
    "Line one\nline two\n\nline three",
    "Wait... what? No!! (Really.) Fine",
]


def cut(text: str, sizes: list[int]) -> list[str]:
    phrases, out, at = Phrases(), [], 0
    for size in sizes:
        out += phrases.add(text[at : at + size])
        at += size
    return [*out, *phrases.add(text[at:]), *phrases.rest()]


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_is_lost_however_it_arrives(text: str) -> None:
    rng = random.Random(1)
    for _ in range(20):
        sizes = [rng.randint(1, 9) for _ in range(rng.randint(0, 60))]
        assert "".join(cut(text, sizes)) == text
    assert "".join(cut(text, [1] * len(text))) == text


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("Hello there. How are you?", ["Hello there. ", "How are you?"]),
        ("Well, I think so, yes. Fine.", ["Well, I think so, ", "yes. ", "Fine."]),
        ("At 0:15 (15.7 s) someone said: “Hi.”", ["At 0:15 (15.7 s) someone said: ", "“Hi.”"]),
        ("Ask Dr. Smith about it. Now.", ["Ask Dr. Smith about it. ", "Now."]),
        ("It is 3.5 m wide. Yes.", ["It is 3.5 m wide. ", "Yes."]),
        ("e.g. this one is red.", ["e.g. this one is red."]),
        ("在左边。红色的。", ["在左边。", "红色的。"]),
        ("First line\nsecond", ["First line\n", "second"]),
        ("Really?! Yes.", ["Really?! ", "Yes."]),
    ],
)
def test_where_it_is_cut(text: str, phrases: list[str]) -> None:
    assert cut(text, [1] * len(text)) == phrases


def test_the_first_phrase_comes_at_the_first_clause_not_at_the_end() -> None:
    phrases = Phrases()
    assert phrases.add("The red car came first, ") == ["The red car came first, "]
    assert phrases.add("and the blue one, as far as I can tell, ") == []  # later ones are whole


def test_text_without_marks_is_cut_all_the_same() -> None:
    phrases = cut(LONG, [5] * 200)
    assert len(phrases[0]) <= FIRST_MOST and max(map(len, phrases)) <= MOST
