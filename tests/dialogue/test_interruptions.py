"""Somebody speaks while the assistant does: interruptions, false ones, echoes, what is joined."""

import pytest

from omnilive.dialogue.base import (
    Paused,
    ResponseDone,
    Resumed,
    TurnCommitted,
)
from tests.dialogue.stage import Stage, play

ANSWER = "The red car came first. Then a bus."


async def interrupt(
    stage: Stage, text: str, speaks_s: float = 0.6, confidence: float = 0.9
) -> None:
    """Ask, let it speak for a second, then say something."""
    await stage.say("What came first?")
    await stage.end()
    await stage.hear("What came first?", final=True)
    await stage.until_speaking()
    await stage.wait(1.0)
    await stage.begin()
    assert stage.output.paused
    await stage.wait(max(0.0, speaks_s - 0.16))
    await stage.pause()
    await stage.wait(0.2)
    await stage.hear(text, confidence=confidence)


@pytest.mark.parametrize(
    ("text", "confidence"),
    [("Mm-hmm.", 0.9), ("Yeah, okay.", 0.9), ("", 0.0), ("Thank you.", 0.9), ("Clank", 0.2)],
)
def test_a_false_interruption_resumes_where_it_paused(text: str, confidence: float) -> None:
    async def scene(stage: Stage) -> None:
        await interrupt(stage, text, confidence=confidence)
        paused_at_s = stage.output.played_s
        assert paused_at_s == pytest.approx(1.16, abs=0.02)
        assert stage.output.is_sounding
        await stage.end()
        await stage.hear(text, final=True)
        await stage.wait(5)

    stage = play(scene)
    assert stage.done.status == "completed" and stage.done.heard == ANSWER
    assert stage.questions == ["What came first?"]
    assert len(stage.of(Paused)) == len(stage.of(Resumed)) == 1
    assert [role for role, _ in stage.noted] == ["user", "assistant"]


def test_a_sound_too_short_to_be_speech_resumes_at_once() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.until_speaking()
        await stage.begin()
        assert stage.output.paused
        await stage.wait(0.4)
        await stage.end(empty=True)
        assert stage.output.is_sounding
        await stage.wait(5)

    stage = play(scene)
    assert stage.done.status == "completed" and len(stage.of(Resumed)) == 1


def test_an_interruption_cancels_and_remembers_what_was_heard() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.pieces = ["The red car came first. ", "Then a bus and more of the same."]
        await interrupt(stage, "No, I meant the dog.")
        await stage.wait(1.0)

    stage = play(scene)
    first = stage.of(ResponseDone)[0]
    assert first.status == "cancelled" and first.generation == 1
    assert first.heard == "The red car came"  # 1.16 s of 1.5 s for five words
    assert stage.noted[1] == ("assistant", "The red car came")
    assert stage.brain.notes[1].interrupted
    assert stage.brain.notes[1].full_text.startswith("The red car came first. Then")
    assert stage.questions == ["What came first?", "No, I meant the dog."]
    assert stage.brain.closed == 2


def test_it_is_silent_from_the_onset_and_stops_for_good_while_they_still_speak() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.until_speaking()
        await stage.begin()
        assert not stage.output.is_sounding  # 0.16 s after the first sample of speech
        await stage.wait(0.5)
        await stage.hear("Wait, stop", quick=True)
        assert stage.done.status == "cancelled"
        assert stage.talk.state == "listening"

    play(scene)


def test_a_new_question_at_any_state_drops_the_older_generation() -> None:
    async def scene(stage: Stage) -> None:
        stage.talk.respond("one")
        await stage.wait(0.05)
        stage.talk.respond("two")
        await stage.wait(0.2)
        stage.talk.respond("three")
        await stage.wait(6)

    stage = play(scene)
    done = stage.of(ResponseDone)
    assert [(d.generation, d.status) for d in done] == [
        (1, "cancelled"), (2, "cancelled"), (3, "completed"),
    ]  # fmt: skip
    after_second = stage.told[stage.told.index(done[1]) + 1 :]
    assert {getattr(e, "generation", 3) for e in after_second} == {3}


def test_who_goes_on_right_after_the_turn_was_taken_for_over_is_answered_as_a_whole() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.think_s = 0.5
        await stage.say("What came", asr_s=0.05)
        await stage.wait(0.1)
        assert stage.talk.state == "thinking"
        await stage.go_on()
        await stage.wait(0.6)
        await stage.pause()
        await stage.wait(0.3)
        await stage.hear("What came first, the car?")
        await stage.wait(6)

    stage = play(scene)
    assert stage.questions == ["What came", "What came first, the car?"]
    assert stage.noted == [("user", "What came first, the car?"), ("assistant", ANSWER)]
    assert [d.status for d in stage.of(ResponseDone)] == ["cancelled", "completed"]


def test_a_second_utterance_within_a_second_is_joined_too() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.think_s = 0.2
        await stage.say("Tell me about the car.", asr_s=0.05)
        await stage.wait(0.6)
        await stage.say("The red one.")
        await stage.wait(6)

    stage = play(scene)
    assert stage.questions[-1] == "Tell me about the car. The red one."


def test_a_question_long_after_is_a_new_one() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.wait(1.5)
        await stage.say("And what next?")
        await stage.wait(6)

    assert play(scene).questions == ["What came first?", "And what next?"]


def test_a_mm_right_after_the_turn_does_not_cancel_the_answer() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.think_s = 0.5
        await stage.say("What came first?", asr_s=0.05)
        await stage.wait(0.1)
        await stage.go_on()
        await stage.wait(0.3)
        await stage.pause()
        await stage.wait(0.2)
        await stage.hear("What came first? Mm-hmm.")
        await stage.wait(6)

    stage = play(scene)
    assert stage.done.status == "completed" and stage.questions == ["What came first?"]


def test_its_own_voice_from_the_loudspeaker_never_interrupts_for_good() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.pieces = ["The red car came first and then there was a big yellow bus. " * 2]
        await interrupt(stage, "red car came", speaks_s=0.8)
        assert stage.output.is_sounding
        await stage.end()
        await stage.hear("red car came", final=True)
        log = len(stage.output.log)
        await stage.wait(0.5)
        await stage.begin()  # it comes back again: no second hiccup
        assert "pause" not in stage.output.log[log:]
        await stage.wait(0.5)
        await stage.pause()
        await stage.wait(0.2)
        await stage.hear("came first and then")
        await stage.wait(10)

    stage = play(scene)
    assert stage.done.status == "completed" and stage.questions == ["What came first?"]
    assert stage.ears.labels == {0: {"to": "assistant"}, 1: {"by": "assistant"},
                                 2: {"by": "assistant"}}  # fmt: skip
    assert stage.of(TurnCommitted)[1:] == []


def test_words_among_the_echo_still_interrupt() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.pieces = ["The red car came first and then there was a big yellow bus."]
        await interrupt(stage, "red car came", speaks_s=0.8)
        await stage.begin()
        await stage.wait(0.5)
        await stage.hear("please tell me about something else", quick=True)
        assert stage.done.status == "cancelled"

    play(scene)


def test_the_tail_of_its_voice_after_the_answer_is_no_turn() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.until_speaking()
        await stage.wait(2.6)
        assert stage.talk.state == "listening"
        await stage.say("then a bus")
        await stage.wait(3)

    stage = play(scene)
    assert stage.questions == ["What came first?"] and stage.ears.labels[1] == {"by": "assistant"}


def test_nothing_understood_within_the_limit_resumes() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.until_speaking()
        await stage.begin()
        await stage.wait(0.2)
        await stage.pause()
        await stage.wait(0.9)
        assert stage.output.paused
        await stage.wait(0.4)
        assert stage.output.is_sounding  # the recogniser is busy: go on
        await stage.hear("No, stop that please")
        assert stage.of(ResponseDone)[0].status == "cancelled"  # it was meant after all

    play(scene, decide_s=1.2)


def test_a_whole_sentence_is_waited_for_longer_than_a_noise() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.until_speaking()
        await stage.begin()
        await stage.wait(1.0)
        await stage.pause()
        await stage.wait(2.0)
        assert stage.output.paused
        await stage.hear("Tell me about the dog")
        assert stage.of(ResponseDone)[0].status == "cancelled" and stage.of(Resumed) == []

    play(scene, decide_s=1.2)


def test_an_endless_voice_without_words_resumes() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.until_speaking()
        await stage.begin()
        await stage.wait(3.8)
        assert stage.output.is_sounding

    play(scene, decide_s=1.2)


def test_when_it_may_not_be_interrupted_the_question_waits() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.until_speaking()
        await stage.say("And what next?")
        assert stage.output.is_sounding and stage.questions == ["What came first?"]
        await stage.wait(4)

    stage = play(scene, interrupt=False)
    assert stage.questions == ["What came first?", "And what next?"]
    assert [d.status for d in stage.of(ResponseDone)][0] == "completed"
