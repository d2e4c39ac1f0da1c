"""What is answered: turns ended by hand, wake words, and what is said to others."""

import pytest

from omnilive.dialogue.base import (
    ResponseDone,
    ResponseStarted,
    TurnCommitted,
)
from tests.dialogue.stage import Stage, play

ANSWER = "The red car came first. Then a bus."


def test_a_manual_commit_is_answered_when_that_is_asked_for() -> None:
    async def scene(stage: Stage) -> None:
        await stage.begin()
        await stage.wait(1)
        stage._end_s = stage.clock.now()
        stage.talk.commit()
        stage.talk.respond()
        await stage.wait(0.05)
        await stage.end(asked=True)
        await stage.wait(0.3)
        assert stage.questions == []
        await stage.hear("Okay", final=True)
        await stage.wait(4)

    stage = play(scene, answer="push_to_talk")
    assert stage.questions == ["Okay"]  # what is committed by hand is meant, whatever it is
    assert stage.of(ResponseStarted)[0].reason == "create"
    assert stage.of(TurnCommitted)[0].addressed and stage.ears.labels[0] == {"to": "assistant"}
    assert stage.done.latency.transcript_s == pytest.approx(0.35, abs=0.02)


def test_push_to_talk_answers_nothing_by_itself_and_joins_what_was_said() -> None:
    async def scene(stage: Stage) -> None:
        for text in ("Tell me please", "what came first?"):
            await stage.say(text)
            await stage.end()
            await stage.hear(text, final=True)
            await stage.wait(3)
        assert stage.questions == [] and stage.of(TurnCommitted) == []
        stage.talk.commit()
        await stage.end(empty=True, asked=True)
        await stage.wait(0.1)
        assert stage.questions == []
        stage.talk.respond()
        await stage.wait(0.2)

    stage = play(scene, answer="push_to_talk")
    assert stage.questions == ["Tell me please what came first?"]


def test_a_manual_commit_with_nothing_said_says_so() -> None:
    async def scene(stage: Stage) -> None:
        stage.talk.commit()
        await stage.end(empty=True, asked=True)
        await stage.wait(0.1)

    stage = play(scene, answer="push_to_talk")
    (committed,) = stage.of(TurnCommitted)
    assert (committed.text, committed.utterance_numbers, committed.addressed) == ("", (), False)
    assert stage.questions == []


def test_a_judgement_and_an_end_by_hand_give_one_turn() -> None:
    async def scene(stage: Stage) -> None:
        await stage.begin()
        await stage.wait(1)
        await stage.pause()
        await stage.hear("What came first?")
        stage.talk.commit()
        await stage.wait(0.3)  # the judgement comes before the end by hand has gone through
        await stage.end(asked=True)
        await stage.hear("What came first?", final=True)
        await stage.wait(1)

    stage = play(scene)
    assert [c.text for c in stage.of(TurnCommitted)] == ["What came first?"]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Omni, what came first?", "what came first?"),
        ("Hey Omnie, what came first?", "what came first?"),
        ("What came first, Omni?", "What came first?"),
        ("What came first?", None),
        ("Omni.", None),
    ],
)
def test_the_wake_word_decides(text: str, question: str | None) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(text)
        await stage.wait(0.3)

    stage = play(scene, answer="wake_word")
    assert stage.questions == ([question] if question else [])
    if question is None:
        assert stage.noted == [("user", text)] and not stage.brain.notes[0].addressed


def test_after_an_answer_no_wake_word_is_needed_for_a_while() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("Omni, what came first?")
        await stage.wait(4)
        await stage.say("And what next?")
        await stage.wait(5)
        await stage.wait(9)
        await stage.say("And after that?")
        await stage.wait(2)

    stage = play(scene, answer="wake_word", follow_up_s=8.0)
    assert stage.questions == ["what came first?", "And what next?"]


def test_talk_between_people_does_not_stop_it_in_wake_word_mode() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("Omni, what came first?")
        await stage.until_speaking()
        await stage.say("Did you buy the milk today?", speaks_s=0.5, asr_s=0.1)
        assert stage.output.is_sounding
        await stage.say("Omni stop", speaks_s=0.5, asr_s=0.1)
        assert stage.of(ResponseDone)[0].status == "cancelled"

    play(scene, answer="wake_word")


def test_off_answers_nothing_that_is_said_but_what_is_typed() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.wait(3)
        assert stage.questions == []
        stage.talk.respond("typed question")
        await stage.wait(4)

    stage = play(scene, answer="off")
    assert stage.questions == ["typed question"]
    assert stage.of(ResponseStarted)[0].reason == "typed"
    assert stage.brain.notes[1].text == "typed question" and not stage.brain.notes[1].spoken


def test_who_was_called_listens_to_what_follows() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("Omni.")
        await stage.wait(3)
        await stage.end()
        await stage.say("Where is the car?")
        await stage.wait(30)
        await stage.end()
        await stage.say("And where is the bus?")
        await stage.wait(2)

    assert play(scene, answer="wake_word").questions == ["Where is the car?"]


def test_yes_is_an_answer_when_it_was_asked() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.pieces = ["Do you mean the red one?"]
        await stage.say("Where is the car?")
        await stage.wait(4)
        await stage.say("Yes.")
        await stage.wait(1)

    assert play(scene).questions == ["Where is the car?", "Yes."]


def test_yes_is_no_answer_to_a_question_of_long_ago() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.pieces = ["Do you mean the red one?"]
        await stage.say("Where is the car?")
        await stage.wait(30)
        await stage.say("Yes.")
        await stage.wait(1)

    assert play(scene).questions == ["Where is the car?"]
