"""Plain words to rules: the sentences of the two sets, and what no sentence may do."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.describe import describe
from omnilive.dialogue.watches.known import Known, known_of
from omnilive.dialogue.watches.outcome import Reply, Understood
from omnilive.dialogue.watches.parse import parse
from omnilive.dialogue.watches.rule import rule_from_json, rule_json
from omnilive.perception.config import PerceptionConfig

FOLDER = Path(__file__).parent


def load(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / name).read_text().splitlines()]


CONTEXT, *ITEMS = load("sentences.jsonl")
FREE = load("sentences_free.jsonl")[1:]
KNOWN = Known(sources=tuple(CONTEXT["context"]["sources"]), tags=tuple(CONTEXT["context"]["tags"]))


def bare(value: Any) -> Any:
    """Leave out what is for reading only."""
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items() if k not in ("text", "name")}
    return [bare(one) for one in value] if isinstance(value, list) else value


def is_right(item: dict[str, Any]) -> bool:
    got, expected = parse(item["text"], KNOWN), item["expect"]
    if isinstance(got, Reply):
        return got.code == expected.get("reply")
    if "rule" not in expected:
        return False
    wanted = rule_json(rule_from_json(expected["rule"]))
    return bare(rule_json(got.rule)) == bare(wanted)


def test_the_sets_are_as_large_as_they_should_be() -> None:
    assert len(ITEMS) >= 160 and sum(item["held"] for item in ITEMS) >= 50
    assert sum(item["lang"] == "zh" for item in ITEMS) >= 40


def test_sentences_that_it_was_built_with() -> None:
    built = [item for item in ITEMS if not item["held"]]
    assert [item["text"] for item in built if not is_right(item)] == []


def test_freely_worded_sentences_in_sum() -> None:
    assert sum(map(is_right, FREE)) / len(FREE) >= 0.95


def test_held_back_sentences_in_sum() -> None:
    held = [item for item in ITEMS if item["held"]]
    assert sum(map(is_right, held)) / len(held) >= 0.9


def understood(text: str, known: Known = KNOWN) -> Understood:
    read = parse(text, known)
    assert isinstance(read, Understood), read
    return read


def replied(text: str, known: Known = KNOWN) -> Reply:
    read = parse(text, known)
    assert isinstance(read, Reply), read
    return read


def test_the_users_words_and_language_are_kept() -> None:
    read = understood("  Tell me when   a dog appears ")
    assert read.rule.text == "Tell me when a dog appears" and "dog" in read.readable
    assert "狗" in understood("看到狗就告诉我").readable


def test_what_is_assumed_is_said() -> None:
    (note,) = understood("warn me if someone stands at the door").notes
    assert "door" in note
    assert understood("tell me when a dog appears").notes == ()


def test_quotations_and_addresses_are_never_taken_for_grammar() -> None:
    read = understood('tell me when someone says "when a dog leaves, only once at night"')
    assert read.rule.repeat == "each" and read.rule.when is None
    assert read.rule.what.any_of == ("when a dog leaves, only once at night",)
    read = understood("when a dog appears post to https://x.org/on/weekdays?at=night")
    assert read.rule.when is None and read.rule.to[-1].url == "https://x.org/on/weekdays?at=night"
    read = understood("tell me when the text Q0Q appears on “A Q1Q B”")
    assert read.rule.what.contains == ("A Q1Q B",)


@pytest.mark.parametrize("text", ["tell me when the kettle boils", "tell me when a zebra dances"])
def test_refusals_name_cause_and_remedy(text: str) -> None:
    reply = replied(text)
    assert reply.code == "unseen" and reply.suggestions
    for suggestion in reply.suggestions:
        understood(suggestion)


def test_near_labels_are_suggested() -> None:
    assert "bicycle" in replied("tell me when a bycicle comes").text


def test_switched_off_senses_are_named() -> None:
    off = known_of(PerceptionConfig(objects="off", asr="off", text="off", sounds="off"))
    for text in ("tell me when a dog appears", "tell me when someone mentions tea",
                 'tell me when the text "EXIT" appears', "tell me when music starts"):  # fmt: skip
        assert replied(text, off).code == "unseen"


def test_a_model_that_sees_can_check_what_a_thing_does() -> None:
    seeing = Known(sources=(), checks=True)
    read = understood("alert me if somebody falls down", seeing)
    assert read.rule.check and read.rule.what.labels == ("person",) and read.notes
    assert understood("有人摔倒时通知我", seeing).rule.check


def test_sources_of_the_session_only() -> None:
    assert replied("tell me when a dog appears on the attic camera").code == "source"
    read = understood("tell me when a dog appears on yard.mp4")
    assert read.rule.where == ("yard.mp4",)


def test_too_long() -> None:
    assert replied("tell me when a dog appears " * 60).code == "unclear"


def test_whatever_is_said_an_answer_comes() -> None:
    chance, texts = random.Random(11), [item["text"] for item in ITEMS + FREE]
    for _ in range(1500):
        text = chance.choice(texts)
        between = "" if any("\u4e00" <= sign <= "\u9fff" for sign in text) else " "
        words = text.split() if between else list(text)
        chance.shuffle(words)
        other = chance.choice(texts)
        broken = (
            between.join(words[: chance.randint(0, 12)]) + between + other[: chance.randint(0, 40)]
        )
        read = parse(broken, KNOWN)
        if isinstance(read, Understood):
            assert rule_from_json(rule_json(read.rule)) == read.rule
            assert describe(read.rule) and describe(read.rule, "zh") and read.readable
        else:
            assert read.text and read.code


@pytest.mark.parametrize(
    "text", ["", " ", "?", "\x00", "🐕", '"', "“", "@", "U0U", "Q0Q", "a" * 999, "tell me when 🐕"]
)
def test_odd_input(text: str) -> None:
    assert isinstance(parse(text, KNOWN), Reply)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("don't tell me when a cat appears", "removal"),
        ("stop telling me when a dog appears", "removal"),
        ("tell me unless a dog is there", "unclear"),
        ("tell me when a dog appears except at night", "unclear"),
        ("tell me when anyone but a child comes in", "unclear"),
        ("tell me when a person appears for the third time", "unclear"),
        ("tell me how many people are in the room", "unclear"),
        ("tell me every hour how many cars passed", "unclear"),
        ("tell me when a dog appears tomorrow", "time"),
        ("tell me at 5 pm when a car comes", "time"),
        ("tell me when a car doesn't stop", "unseen"),
        ("tell me when a person is holding a phone", "unseen"),
        ("tell me when anyone is smoking", "unseen"),
        ("tell me when a person with a hat appears", "unseen"),
        ("tell me when a person is taller than 2 m", "unseen"),
        ("tell me when the tv is on", "unseen"),
        ("tell me when a person says hello and leaves", "unclear"),
        ("tell me when a person appears on the left or on the right", "unclear"),
        ("tell me when someone says hello in Spanish", "unseen"),
        ("alert me if the same person comes back", "unseen"),
        ("alert me about any person not wearing a helmet", "unseen"),
        ("warn me if a child is alone", "unseen"),
        ("tell me when the number of people changes", "unseen"),
        ("tell me when there is a fire", "unseen"),
        ("不要告诉我猫出现", "removal"),
        ("除了晚上，有人来就告诉我", "unclear"),
        ("有人没有停下时告诉我", "unseen"),
    ],
)
def test_no_part_of_a_sentence_is_dropped_in_silence(text: str, code: str) -> None:
    read = parse(text, KNOWN)
    assert isinstance(read, Reply) and read.code == code


@pytest.mark.parametrize(
    "text",
    ["narrate what I do", "Please give me a running commentary", "解说我在做什么",
     "tell me the next step when one is done", "describe everything you see"],
)  # fmt: skip
def test_a_narration_is_told_from_a_watch(text: str) -> None:
    read = parse(text, KNOWN)
    assert isinstance(read, Reply) and read.code == "narration" and "--narrate" in read.text


PERSON_HERE = r.Object(labels=("person",), event="present")
DOG_HERE = r.Object(labels=("dog",), event="present")


@pytest.mark.parametrize("text", ["a person but not a dog appears", "a person is there and no dog"])
def test_but_not_denies(text: str) -> None:
    read = parse(f"tell me when {text}", KNOWN)
    assert isinstance(read, Understood)
    what = rule_json(read.rule)["what"]
    assert bare(what) == bare(
        rule_json(r.Rule(what=r.All(of=(PERSON_HERE, r.Not(of=DOG_HERE)))))["what"]
    )


def test_each_of_two_colours_counts() -> None:
    read = parse("tell me when a red or blue car appears", KNOWN)
    assert isinstance(read, Understood) and isinstance(read.rule.what, r.Any_)
    assert [part.colour for part in read.rule.what.of] == ["red", "blue"]


def test_coming_to_a_place_is_no_talk_about_it() -> None:
    read = parse("tell me when a person comes to the door", KNOWN)
    assert isinstance(read, Understood) and isinstance(read.rule.what, r.Object)


def test_nine_to_five_ends_in_the_afternoon() -> None:
    read = parse("tell me when a person appears between 9 and 5", KNOWN)
    assert isinstance(read, Understood) and read.rule.when is not None
    assert (read.rule.when.start, read.rule.when.end) == ("09:00", "17:00")


@pytest.mark.parametrize(
    ("text", "kind"), [("a cat and a dog are there", "all"), ("a cat or a dog is there", "any")]
)
def test_a_duration_is_of_all_that_it_is_said_of(text: str, kind: str) -> None:
    read = parse(f"tell me when {text} for ten seconds", KNOWN)
    assert isinstance(read, Understood) and isinstance(read.rule.what, r.Lasts)
    assert read.rule.what.of.kind == kind
