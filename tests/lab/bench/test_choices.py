import pytest

from omnilive_lab.bench.base import Clip, Item, letters
from omnilive_lab.bench.choices import chosen, first_letter, number_in, only_letter, yes_or_no

CHOICES = ("a red car", "the dog", "two people", "nothing")


@pytest.mark.parametrize(
    ("reply", "label"),
    [
        ("B", "B"), ("b", "B"), (" (b) ", "B"), ("B.", "B"), ("B. The dog", "B"), ("**B**", "B"),
        ("The answer is B.", "B"), ("Answer: A", "A"), ("answer is a", "A"), ("Option C", "C"),
        ("I think D", "D"), ("(A) a red car", "A"), ("A) a red car", "A"), ("the dog", "B"),
        ("The dog.", "B"), ("B\n\nbecause of the sound", "B"), ("选择B。", "B"), ("答案：C", "C"),
        # What the official first letter or substring takes for an answer:
        ("A cat is seen", ""), ("Answer unknown", ""), ("Because of it", ""), ("Certainly!", ""),
        ("B or C", ""), ("A, B, C and D", ""), ("I cannot tell.", ""), ("", ""), ("   ", ""),
        ("E", ""), ("Dogs", ""), ("可能是一只狗", ""), ("A dog and a CAT", ""),
    ],
)  # fmt: skip
def test_one_label_or_none(reply: str, label: str) -> None:
    assert only_letter(reply, letters(4), CHOICES) == label


def test_the_official_first_letter_takes_what_comes() -> None:
    assert [first_letter(text) for text in ("B. x", "Because", "", " B")] == ["B", "B", "", " "]


@pytest.mark.parametrize(
    ("reply", "number"),
    [
        ("3", 3), ("three", 3), ("Three times.", 3), ("about 12 times", 12), ("0", 0),
        ("none", 0),
        ("3 or 4", None), ("1, 2, 3", None), ("2 times, two", 2), ("one", 1),
        ("3.5", None),
        ("He did it twenty times", 20), ("", None), ("1st", None), ("a1b2", None),
    ],
)  # fmt: skip
def test_one_number_or_none(reply: str, number: int | None) -> None:
    assert number_in(reply) == number


@pytest.mark.parametrize(
    ("reply", "said"),
    [("Yes.", "Yes"), ("no", "No"), ("Yes and no", ""), ("Nobody knows", ""), ("Yesterday", ""),
     ("", ""), ("Well, no, not yet", "No")],
)  # fmt: skip
def test_yes_or_no(reply: str, said: str) -> None:
    assert yes_or_no(reply) == said


def item(labels: tuple[str, ...], choices: tuple[str, ...] = ()) -> Item:
    return Item(id="i", clip=Clip(path=__file__), question="?", labels=labels, choices=choices)  # type: ignore[arg-type]


def test_words_of_an_answer_pick_the_option_that_they_hold_most_of() -> None:
    four = item(letters(4), CHOICES)
    assert chosen("A dog came in at 0:04.", four, True) == "B"
    assert chosen("The car was red (0:02).", four, True) == "A"
    assert chosen("I have not seen that.", four, False) == ""
    assert chosen("The dog, and a red car.", four, True) == ""  # as much of both
    assert chosen("C", four, True) == "C"
    assert chosen("Anything at all", item(()), True) == "Anything at all"


def test_yes_no_and_numbers_are_read_out_of_sentences() -> None:
    both = item(("Yes", "No"))
    assert chosen("Yes, a bus at 0:09.", both, True) == "Yes"
    assert chosen("I have not seen that up to 0:05.", both, False) == "No"
    assert chosen("Perhaps.", both, True) == ""
    counts = item(tuple(str(n) for n in range(6)))
    assert chosen("He jumped three times.", counts, True) == "3"
    assert chosen("He jumped.", counts, True) == ""
