"""What is meant for the assistant, what is not: tables of cases."""

import pytest

from omnilive.dialogue.config import DialogueConfig
from omnilive.dialogue.gate import called_by, decide, is_backchannel, is_remark
from omnilive.dialogue.interruption import is_echo, judge

SAID = "the red car came first and then there was a big yellow bus at the corner".split()


@pytest.mark.parametrize(
    "text",
    ["", "...", "Mm-hmm.", "mhm", "Mm.", "Hmm?", "Uh-huh.", "Okay.", "OK, okay.", "Thank you.",
     "Okay, thank you.", "Thanks a lot!", "Yeah, yeah, yeah.", "Oh, I see.", "Got it.", "Right.",
     "All right, cool.", "That's nice.", "Ha ha!", "You", "Bye.", "Thanks for watching!",
     "嗯嗯，好的。", "谢谢你", "네, 알겠습니다.", "응", "Music"],
)  # fmt: skip
def test_back_channels(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text",
    ["What?", "Okay, what now?", "Thank you, and the car?", "Stop.", "No.", "Is that so?", "Red",
     "I see a dog", "You there?", "Right or left?", "Yeah but why?", "好的，那车呢？",
     "네, 그런데 왜요?", "yeah yeah yeah yeah yeah yeah yeah"],
)  # fmt: skip
def test_words_that_mean_something(text: str) -> None:
    assert not is_backchannel(text)


def test_more_back_channels_can_be_named() -> None:
    assert not is_backchannel("Roger that.") and is_backchannel("Roger that.", ("roger that",))


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Omni, what is this?", "what is this?"),
        ("Omni. What is this?", "What is this?"),
        ("Hey Omni, what is this?", "what is this?"),
        ("OK Omny what is this?", "what is this?"),
        ("Omnee, what is this?", "what is this?"),
        ("Om ni, what is this?", "what is this?"),
        ("What is this, Omni?", "What is this?"),
        ("So tell me, Omni, where was it?", None),  # too late for an address, too early for an end
        ("What is an omnibus?", None),
        ("The army came.", None),
        ("On me, please.", None),
        ("Only that.", None),
        ("Omni", ""),
    ],
)
def test_the_wake_word_near_either_end(text: str, rest: str | None) -> None:
    called, found = called_by(text, ("omni",))
    assert called is (rest is not None)
    assert found == (text if rest is None else rest)


def test_any_wake_word_serves() -> None:
    assert called_by("Computer, lights.", ("omni", "computer")) == (True, "lights.")
    assert called_by("小艾,现在几点?", ("小艾",)) == (True, "现在几点?")


@pytest.mark.parametrize(
    ("answer", "text", "follows_up", "was_asked", "addressed"),
    [
        ("always", "What is this?", False, False, True),
        ("always", "I put the keys there.", False, False, True),
        ("always", "Okay.", False, False, False),
        ("always", "Yes.", False, True, True),
        ("always", "", False, True, False),
        ("wake_word", "What is this?", False, False, False),
        ("wake_word", "What is this?", True, False, True),
        ("wake_word", "Omni, what is this?", False, False, True),
        ("wake_word", "Okay.", True, False, False),
        ("push_to_talk", "What is this?", True, True, False),
        ("off", "Omni, what is this?", True, True, False),
    ],
)
def test_the_modes(
    answer: str, text: str, follows_up: bool, was_asked: bool, addressed: bool
) -> None:
    config = DialogueConfig.model_validate({"answer": answer})
    verdict = decide(text, config, follows_up=follows_up, was_asked=was_asked)
    assert verdict.addressed is addressed
    assert verdict.reason or verdict.addressed


@pytest.mark.parametrize(
    ("heard", "confidence", "kind"),
    [
        ("", 0.0, "backchannel"),
        ("Mm-hmm.", 0.9, "backchannel"),
        ("Okay, thank you.", 0.9, "backchannel"),
        ("Bang", 0.2, "backchannel"),  # a lone word that the recogniser is not sure of
        ("Dog", 0.9, "real"),
        ("Stop", 0.2, "real"),
        ("No", 0.3, "real"),
        ("What about the dog?", 0.8, "real"),
        ("red car came first", 0.8, "echo"),
        ("Red car came firs", 0.8, "echo"),  # cut off
        ("then there was a yellow bus", 0.8, "echo"),
        ("then there was a yellow house somewhere else", 0.8, "real"),
        ("What about the red car?", 0.8, "real"),
        ("wait, the red car came first and then", 0.8, "echo"),  # mostly its own voice
        ("corner bus yellow first", 0.8, "real"),  # its words, in another order
    ],
)
def test_sounds_while_it_speaks(heard: str, confidence: float, kind: str) -> None:
    assert judge(heard, confidence, SAID) == kind


def test_nothing_is_an_echo_of_silence() -> None:
    assert not is_echo(["red"], []) and not is_echo([], SAID)


@pytest.mark.parametrize("text", [
    "The red folder is in the second drawer.", "My sister's name is Anna.",
    "I put the keys on the shelf.", "It's raining outside again.", "钥匙在第二个抽屉里。",
])  # fmt: skip
def test_a_plain_statement_is_a_remark(text: str) -> None:
    assert is_remark(text)


@pytest.mark.parametrize("text", [
    "Where is the red folder", "Is the red folder in the drawer", "The red one.",
    "And the one next to it", "Tell me about the folder.", "I can't find my red folder.",
    "I'm looking for my keys.", "Please, the second drawer again.", "The folder is red, isn't it",
    "I would like to know the time.", "I wonder who took the folder.", "钥匙在哪里",
    "帮我看看桌子？",
    "The red folder is in the drawer?", "Could you see the folder on the desk",
])  # fmt: skip
def test_what_may_want_an_answer_is_no_remark(text: str) -> None:
    assert not is_remark(text)
