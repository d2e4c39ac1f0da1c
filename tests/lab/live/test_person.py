"""Narrations of C in words to the user: by rule, and by a language model."""

import threading

import pytest

from omnilive_lab.live.converters.base import Span
from omnilive_lab.live.endpoint import Endpoint, EndpointConfig
from omnilive_lab.live.person import base_form, to_you
from omnilive_lab.live.refine import answers, refine


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("C picks up a knife.", "You pick up a knife."),
        ("C carries the tray and washes it.", "You carry the tray and wash it."),
        ("C touches his face.", "You touch your face."),
        ("C gives the man X his phone.", "You give the man X his phone."),
        ("C is in the kitchen.", "You are in the kitchen."),
        ("C then closes plates and glasses.", "You then close plates and glasses."),
        ("The camera wearer looks at herself.", "You look at yourself."),
        ("A man X walks.", "A man X walks."),
        ("Cuts bread.", "Cuts bread."),
        ("你切洋葱。", "你切洋葱。"),
    ],
)
def test_by_rule(text: str, wanted: str):
    assert to_you(text) == wanted


@pytest.mark.parametrize(
    ("verb", "wanted"),
    [("tries", "try"), ("ties", "tie"), ("mixes", "mix"), ("squeezes", "squeeze"), ("goes", "go"),
     ("passes", "pass"), ("uses", "use"), ("press", "press"), ("cut", "cut"), ("has", "have")],
)  # fmt: skip
def test_verbs(verb: str, wanted: str):
    assert base_form(verb) == wanted


def test_the_answers_of_a_model():
    text = "Sure!\n1. [You cut.]\n2) [You  look [up].]\n3. You run.\n4. [C eats] -> 4. [You eat.]\n"
    assert answers(text) == {1: "You cut.", 2: "You look [up].", 4: "You eat."}


class Scripted(Endpoint):
    """Answers from a list, and keeps what it was asked."""

    def __init__(self, *texts: str) -> None:
        super().__init__(EndpointConfig("http://127.0.0.1:9", "m"), pause=threading.Event().wait)
        self.texts, self.prompts = list(texts), []

    def complete(self, prompt: str, seed: int = 0) -> str:
        self.prompts.append(prompt)
        return self.texts.pop(0)


def test_remarks_are_asked_for_in_blocks_and_what_is_lost_is_done_by_rule():
    spans = [Span(i, i, f"C lifts cup {i}.") for i in range(26)] + [Span(30, 30, "C lifts cup 1.")]
    endpoint = Scripted("\n".join(f"{i}. [You lift it {i}.]" for i in range(1, 25)), "1. no")
    made = refine(spans, endpoint)
    assert [span.text for span in made[:3]] == [f"You lift it {i}." for i in (1, 2, 3)]
    assert made[24].text == "You lift cup 24." and made[25].text == "You lift cup 25."
    assert made[26] == Span(30, 30, "You lift it 2.")
    assert endpoint.failures.total() == 2 and len(endpoint.prompts) == 2
    assert endpoint.prompts[0].endswith("25. [C lifts cup 24.]")
    endpoint.close()
