"""The readings of replies: every official trap beside what the strict reading makes of it."""

import pytest

from omnilive_lab.bench.letters import (
    at_bracket,
    contains,
    first_capital,
    first_character,
    joined_digits,
    read_letter,
    read_number,
    read_yes_no,
    same_option,
)

OPTIONS = ["a red car", "a blue car", "two dogs", "nothing"]


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        (" (B) ", "B"),
        ("B.", "B"),
        ("B) text", "B"),
        ("b. a blue car", "B"),
        ("A: a red car", "A"),
        ("Answer: B.", "B"),
        ("The answer is (b).", "B"),
        ("**B**", "B"),
        ("\\boxed{D}", "D"),
        ("（Ｂ）", "B"),
        ("答案是B", "B"),
        ("选B", "B"),
        ("Respuesta: C", "C"),
        ("A man enters, so C.", "C"),
        ("It isn't A. It's B.", "B"),
        ("The correct answer is not A but C", "C"),
        ("A Blue Car.", "B"),
        ("My choice: d", "D"),
        ("B\nThe car is blue.", "B"),
        ("A is right", "A"),
        ("", None),
        ("   ", None),
        ("A man enters", None),
        ("the answer is a man", None),
        ("B or C", None),
        ("A and B", None),
        ("A, B", None),
        ("ABCD", None),
        ("E", None),
        ("not B", None),
        ("Neither A nor B", None),
        ("I cannot tell.", None),
        ("As an AI, I can't see the video.", None),
        ("我不知道", None),
    ],
)
def test_strict_letter(reply: str, letter: str | None) -> None:
    assert read_letter(reply, OPTIONS) == letter


def test_nothing_to_choose_from() -> None:
    assert read_letter("A", []) is None


@pytest.mark.parametrize(
    ("reply", "number"),
    [
        ("3", 3),
        ("three", 3),
        ("Three times.", 3),
        ("3 (three)", 3),
        ("twenty-three", 23),
        ("two hundred and five", 205),
        ("1,000", 1000),
        ("3.0", 3),
        ("twice", 2),
        ("none", 0),
        ("三次", 3),
        ("二十", 20),
        ("十二", 12),
        ("3 times, at 0:12 and 0:30", 3),
        ("3次", 3),
        ("1st", None),
        ("a1b2", None),
        ("2 or 3", None),
        ("three, no, four", None),
        ("3.5", None),
        ("many", None),
        ("", None),
    ],
)
def test_strict_number(reply: str, number: int | None) -> None:
    assert read_number(reply) == number


@pytest.mark.parametrize(
    ("reply", "yes"),
    [
        ("Yes", True),
        ("yes.", True),
        ("Y", True),
        ("Yes, there is no doubt", True),
        ("The answer is yes", True),
        ("是的", True),
        ("Ja", True),
        ("No", False),
        ("n", False),
        ("No, it is not", False),
        ("Not yet.", False),
        ("He isn't doing it", False),
        ("He is not performing this step.", False),
        ("没有看到", False),
        ("Not sure", None),
        ("I can't tell", None),
        ("None", None),
        ("Nothing", None),
        ("yes and no", None),
        ("是不是", None),
        ("对不起，看不到", None),
        ("", None),
    ],
)
def test_strict_yes_no(reply: str, yes: bool | None) -> None:
    assert read_yes_no(reply) is yes


def test_streamingbench_takes_the_first_character() -> None:
    assert first_character("B. a blue car") == "B"
    assert first_character("Because of the light, C") == "B"  # read_letter: C
    assert read_letter("Because of the light, C", OPTIONS) == "C"
    assert first_character("(C)") == "("
    assert first_character(" C") == " "
    assert first_character("") == ""


def test_ovobench_looks_for_the_letter_anywhere() -> None:
    assert contains("Answer: C", "A")  # the A of "Answer"
    assert read_letter("Answer: C", OPTIONS) == "C"
    assert contains("ABCD", "D")
    assert not contains("b", "B")
    assert contains("None of the above", "No")
    assert read_yes_no("None of the above") is None
    assert not contains("yes", "Yes")


def test_ovobench_joins_the_digits() -> None:
    assert joined_digits("3") == "3"
    assert joined_digits("2 or 3") == "23"
    assert joined_digits("3 times in 10 seconds") == "310"
    assert joined_digits("three") == ""
    assert read_number("three") == 3


def test_mlvu_reads_the_sign_before_the_bracket() -> None:
    assert at_bracket("B) a blue car") == "B"
    assert at_bracket("B") == "B"
    assert at_bracket("(B) a blue car") == "B"
    assert at_bracket("Best Option: (B)") == "B"
    assert at_bracket("the man (left) holds B") == "t"
    assert at_bracket(") B") == ""
    assert at_bracket("B.") == "B."
    assert at_bracket(" B") == " B"


def test_videomme_takes_the_first_capital() -> None:
    assert first_capital("The best answer is C") == "C"
    assert first_capital("The answer is: C") == "C"
    assert first_capital("Answer: C") == "A"
    assert first_capital("A man enters, so C") == "A"
    assert first_capital("The best option is D.") == "D"
    assert first_capital("c") == ""
    assert first_capital("") == ""


def test_videomme_misses_two_of_its_own_prefixes() -> None:
    # "Best option:" was meant to be removed; the missing comma leaves it, and its B is chosen.
    assert first_capital("Best option: C") == "B"
    assert read_letter("Best option: C", OPTIONS) == "C"


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("B) a blue car", True),
        ("B", True),
        ("b.", True),
        ("(B) a blue car", True),
        ("C) two dogs", False),
        ("Best option: (B)", False),
        ("a blue car", False),
        ("", True),  # "(" is part of "(b)"
        ("\nB", True),
    ],
)
def test_mvbench_compares_first_words(reply: str, right: bool) -> None:
    assert same_option(reply, "(B) a blue car") is right
