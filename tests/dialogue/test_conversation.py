"""Who speaks when: turns, answers, interruptions, false ones, echoes, trouble."""

import pytest

from omnilive.core.errors import BackendError
from omnilive.dialogue.base import (
    AudioDelta,
    Forgot,
    FunctionCall,
    Paused,
    ResponseDone,
    ResponseStarted,
    Resumed,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    ToolCall,
    Transcript,
    TurnCommitted,
    Unspoken,
)
from tests.dialogue.stage import Stage, play

ANSWER = "The red car came first. Then a bus."


def test_a_question_is_answered_aloud_and_both_turns_are_noted() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.wait(5)

    stage = play(scene)
    assert stage.questions == ["What came first?"]
    assert [type(e).__name__ for e in stage.told if not isinstance(e, TextDelta | AudioDelta)] == [
        "SpeechStarted", "SpeechStopped", "TranscriptDelta", "TurnCommitted", "ResponseStarted",
        "ResponseDone",
    ]  # fmt: skip
    assert (stage.done.status, stage.done.text, stage.done.heard) == ("completed", ANSWER, ANSWER)
    assert stage.noted == [("user", "What came first?"), ("assistant", ANSWER)]
    assert stage.brain.notes[1].answer == 7 and not stage.brain.notes[1].interrupted
    assert stage.ears.labels == {0: {"to": "assistant"}}
    assert stage.brain.asked[0]["spoken"] == pytest.approx((0.0, 1.0))
    assert stage.brain.asked[0]["pictures_only"]


@pytest.mark.parametrize("is_held", [False, True])
def test_the_question_stands_in_the_log_before_its_answer(is_held: bool) -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.note_s = 0.3
        await stage.say("What came first?")
        if is_held:  # a noise, before the first word of the answer
            await stage.wait(0.15)
            await stage.begin()
            assert stage.brain.written == []
            await stage.end(empty=True)
        await stage.wait(6)

    stage = play(scene)
    assert stage.brain.written == ["user", "answer", "assistant"]
    assert stage.done.latency.first_audio_s == pytest.approx(0.6, abs=0.3 if is_held else 0.02)


REMARK = "The red folder is in the second drawer."


@pytest.mark.parametrize(("said", "supported", "is_answered"), [
    (REMARK, False, False), (REMARK, True, True), ("Where is the red folder?", False, True),
])  # fmt: skip
def test_a_remark_is_answered_only_with_something_to_go_by(
    said: str, supported: bool, is_answered: bool
) -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.supported = supported
        await stage.say(said)
        await stage.wait(5)

    stage = play(scene)
    assert stage.noted == [("user", said)] + [("assistant", ANSWER)] * is_answered
    assert stage.done.status == "completed" and bool(stage.done.text) is is_answered


def test_a_remark_under_instructions_is_the_models_affair() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.supported = False
        stage.talk.brief(instructions="Reply to all that is said.")
        await stage.say(REMARK)
        await stage.wait(5)

    assert play(scene).done.text == ANSWER


def test_latency_counts_from_the_last_voiced_window() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?", speaks_s=2.0, asr_s=0.3)
        await stage.wait(5)

    latency = play(scene).done.latency
    assert latency.end_of_turn_s == pytest.approx(0.3, abs=0.02)  # the pause and the judgement
    assert latency.transcript_s == pytest.approx(0.5, abs=0.02)
    assert latency.first_text_s == pytest.approx(0.6, abs=0.02)
    assert latency.first_audio_s == pytest.approx(0.6, abs=0.02)
    assert latency.recall_s == pytest.approx(0.55, abs=0.02)
    assert latency.total_s == pytest.approx(0.6 + 8 * 0.3, abs=0.1)


def test_a_slow_log_does_not_delay_the_voice() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.pieces, stage.brain.note_s = ["It was red."], 1.0
        await stage.say("What came first?")
        await stage.wait(5)

    stage = play(scene)
    assert stage.done.latency.first_audio_s == pytest.approx(0.6, abs=0.02)
    assert stage.brain.written == ["user", "answer", "assistant"]


def test_an_unfinished_sentence_is_waited_for() -> None:
    async def scene(stage: Stage) -> None:
        stage.judge.probabilities = [0.1, 0.9]
        await stage.say("What is the,")
        await stage.wait(0.5)
        assert stage.questions == []
        await stage.go_on()
        await stage.wait(1)
        await stage.pause()
        await stage.wait(0.2)
        await stage.hear("What is the, erm, time?")
        await stage.wait(0.5)

    stage = play(scene)
    assert stage.questions == ["What is the, erm, time?"]
    assert len(stage.judge.heard_s) == 2


def test_after_the_longest_silence_the_turn_is_over_whatever_the_model_thinks() -> None:
    async def scene(stage: Stage) -> None:
        stage.judge.probabilities = [0.1]
        await stage.say("What is the")
        await stage.wait(1.0)  # 1.5 s of silence
        assert stage.questions == []
        await stage.wait(0.2)
        assert stage.questions == ["What is the"]

    play(scene, max_delay_s=1.6)


def test_a_turn_of_two_utterances_is_one_question() -> None:
    async def scene(stage: Stage) -> None:
        stage.judge.probabilities = [0.2, 0.9]
        await stage.say("Tell me this.")
        await stage.end()
        await stage.hear("Tell me this.", final=True)
        await stage.wait(0.3)
        await stage.say("What came first?")
        await stage.wait(0.5)

    stage = play(scene)
    assert stage.questions == ["Tell me this. What came first?"]
    assert stage.of(TurnCommitted)[0].utterance_numbers == (0, 1)


@pytest.mark.parametrize(
    "text", ["Mm-hmm.", "Okay.", "Okay, thank you.", "", "Thanks for watching!", "嗯", "네."]
)
def test_back_channels_and_nothing_are_no_questions(text: str) -> None:
    async def scene(stage: Stage) -> None:
        await stage.say(text)
        await stage.end()
        await stage.hear(text, final=True)
        await stage.wait(3)

    stage = play(scene)
    assert stage.questions == [] and stage.of(ResponseStarted) == []
    assert all(not committed.addressed for committed in stage.of(TurnCommitted))
    assert not stage.ears.labels


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


def test_a_voice_that_fails_in_mid_reply_leaves_the_rest_as_text() -> None:
    async def scene(stage: Stage) -> None:
        stage.mouth.breaks_on = "bus"
        await stage.say("What came first?")
        await stage.wait(5)

    stage = play(scene)
    assert stage.done.status == "completed" and stage.done.heard == ANSWER
    assert [(u.text, u.reason) for u in stage.of(Unspoken)] == [("Then a bus.", "out of breath")]


def test_another_language_is_text_only_and_says_so() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.pieces = ["红色的车。"]
        await stage.say("什么先来?")
        await stage.wait(3)

    stage = play(scene)
    assert stage.done.heard == "红色的车。" and stage.of(AudioDelta) == []
    assert "cannot say" in stage.of(Unspoken)[0].reason
    assert not stage.brain.notes[1].spoken


@pytest.mark.parametrize("pieces", [[], ["The red car "]])
def test_a_brain_that_fails_says_why(pieces: list[str]) -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.pieces, stage.brain.error = pieces, BackendError("no answer from the endpoint")
        await stage.say("What came first?")
        await stage.wait(5)
        stage.brain.error = None
        await stage.say("And now?")
        await stage.wait(5)

    stage = play(scene)
    first, second = stage.of(ResponseDone)
    assert first.error == "no answer from the endpoint"
    assert first.status == ("completed" if pieces else "failed")
    assert second.status == "completed"
    assert stage.noted[0] == ("user", "What came first?")


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.15, 0.5, 1.0, 2.0, 4.0])
def test_cancel_works_in_every_state(after_s: float) -> None:
    async def scene(stage: Stage) -> None:
        stage.talk.cancel()
        stage.talk.respond("What came first?")
        await stage.wait(after_s)
        was_active = stage.talk.state != "listening"
        stage.talk.cancel("enough")
        assert stage.talk.state == "listening" and stage.output.pending_s == 0
        if was_active:
            assert (stage.done.status, stage.done.error) == ("cancelled", "enough")
        told = len(stage.told)
        await stage.wait(1)
        assert len(stage.told) == told  # nothing of it comes later

    stage = play(scene)
    assert stage.noted[0] == ("user", "What came first?")


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


def test_a_voice_that_fails_unforeseen_ends_its_response_and_nothing_else() -> None:
    async def scene(stage: Stage) -> None:
        stage.mouth.can_say = lambda text: 1 / 0  # type: ignore[assignment]
        await stage.say("What came first?")
        await stage.wait(1)
        assert stage.talk.state == "listening" and "division" in stage.done.error
        del stage.mouth.can_say
        await stage.say("And then?")
        await stage.wait(5)

    assert play(scene).done.heard == ANSWER


def test_something_unasked_waits_for_silence() -> None:
    async def scene(stage: Stage) -> None:
        await stage.begin()
        stage.talk.say("The kettle boils.", watch="w1")
        await stage.wait(2)
        assert stage.of(ResponseStarted) == []
        await stage.pause()
        await stage.hear("What came first?")
        await stage.wait(0.3)
        assert [s.reason for s in stage.of(ResponseStarted)] == ["turn"]
        await stage.wait(6)

    stage = play(scene)
    started = stage.of(ResponseStarted)
    assert [(s.reason, s.watch) for s in started] == [("turn", None), ("proactive", "w1")]
    assert stage.done.heard == "The kettle boils." and stage.done.watch == "w1"
    assert stage.noted[-1] == ("assistant", "The kettle boils.")


def test_something_urgent_ends_its_own_reply() -> None:
    async def scene(stage: Stage) -> None:
        stage.talk.respond("What came first?")
        await stage.until_speaking()
        stage.talk.say("Later.")
        stage.talk.say("Fire!", urgent=True)
        assert stage.done.status == "cancelled"
        await stage.wait(6)

    stage = play(scene)
    assert [d.text for d in stage.of(ResponseDone)][1:] == ["Fire!", "Later."]


def test_too_much_unasked_is_dropped_and_counted() -> None:
    async def scene(stage: Stage) -> None:
        await stage.begin()
        for i in range(30):
            stage.talk.say(f"Thing {i}.")

    assert play(scene).talk.dropped == 10


def test_the_client_knows_best_how_much_it_played() -> None:
    async def scene(stage: Stage) -> None:
        stage.talk.respond("What came first?")
        await stage.until_speaking()
        await stage.wait(1.5)
        stage.talk.truncate(0.65)
        assert stage.done.heard == "The red"
        stage.talk.respond("And next?")
        await stage.until_speaking()
        await stage.wait(1.5)
        stage.talk.cancel()
        stage.talk.truncate(0.95)  # told a little later
        await stage.wait(1)

    stage = play(scene)
    heard = [text for role, text in stage.noted if role == "assistant"]
    assert heard == ["The red", "The red car"]


def test_function_calls_are_passed_on() -> None:
    async def scene(stage: Stage) -> None:
        stage.brain.pieces = [ToolCall(name="lamp", arguments='{"on":true}', call_id="c1")]
        stage.talk.respond("Light please", tools=[{"name": "lamp"}], instructions="be brief")
        await stage.wait(1)

    stage = play(scene)
    (call,) = stage.of(FunctionCall)
    assert (call.name, call.arguments, call.call_id) == ("lamp", '{"on":true}', "c1")
    assert stage.done.status == "completed" and stage.done.text == ""
    assert stage.brain.asked[0]["tools"] == [{"name": "lamp"}]
    assert stage.brain.asked[0]["instructions"] == "be brief"


def test_text_only_when_asked_so() -> None:
    async def scene(stage: Stage) -> None:
        stage.talk.respond("What came first?", speak=False)
        await stage.wait(1)

    stage = play(scene)
    assert stage.of(AudioDelta) == [] and stage.of(Unspoken) == []
    assert stage.done.heard == ANSWER


def test_other_settings_take_effect_at_once() -> None:
    async def scene(stage: Stage) -> None:
        stage.talk.update(stage.talk.config.model_copy(update={"answer": "off"}))
        await stage.say("What came first?")
        await stage.wait(2)
        assert stage.questions == []

    play(scene)


def test_the_assistants_own_words_are_marked_in_the_transcript() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.until_speaking()
        await stage.wait(0.8)
        await stage.begin()
        await stage.wait(0.6)
        await stage.end()
        await stage.hear("the red car", final=True)

    stage = play(scene)
    assert [t.by_assistant for t in stage.of(Transcript)] == [True]


def test_after_close_nothing_happens() -> None:
    async def scene(stage: Stage) -> None:
        stage.talk.respond("What came first?")
        await stage.until_speaking()
        await stage.wait(1)
        await stage.talk.close()
        assert stage.done.status == "cancelled"
        told = len(stage.told)
        await stage.say("And now?")
        stage.talk.respond("x")
        stage.talk.say("y")
        stage.talk.commit()
        await stage.wait(2)
        assert len(stage.told) == told

    stage = play(scene)
    assert stage.noted[-1][0] == "assistant"


def test_started_and_stopped_tell_the_true_bounds() -> None:
    async def scene(stage: Stage) -> None:
        await stage.wait(1)
        await stage.say("What came first?", speaks_s=2)

    stage = play(scene)
    assert stage.of(SpeechStarted)[0].start_s == pytest.approx(1.0)
    assert stage.of(SpeechStopped)[0].end_s == pytest.approx(3.0)


def test_what_a_client_laid_down_goes_along_with_every_spoken_turn() -> None:
    tool = {"type": "function", "name": "light"}

    async def scene(stage: Stage) -> None:
        stage.talk.brief(instructions="Be brief.", tools=(tool,), speak=False)
        await stage.say("What came first?")
        await stage.wait(2)

    stage = play(scene)
    assert stage.brain.asked[0]["instructions"] == "Be brief."
    assert stage.brain.asked[0]["tools"] == (tool,)
    assert stage.done.heard == ANSWER and not stage.of(AudioDelta)


def test_a_cut_answer_says_how_much_of_its_sound_was_played() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.until_speaking()
        await stage.wait(0.9)
        stage.talk.cancel("by hand")
        assert stage.done.heard_s == pytest.approx(0.9, abs=0.05)
        await stage.say("Go on.")
        await stage.wait(5)

    assert play(scene).done.heard_s == pytest.approx(8 * 0.3)


def test_what_is_forgotten_is_neither_said_on_nor_noted_nor_joined() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("What came first?")
        await stage.until_speaking()
        stage.talk.say("Somebody is at the door.")
        stage.talk.forget(0.0, stage.clock.now())
        await stage.wait(0.3)
        await stage.go_on()  # in the same breath: what was said before is not joined
        await stage.wait(0.3)
        await stage.pause()
        await stage.hear("And then?")
        await stage.wait(5)

    stage = play(scene)
    assert [done.status for done in stage.of(ResponseDone)] == ["cancelled", "completed"]
    (forgot,) = stage.of(Forgot)
    assert forgot.start_s == 0.0 and stage.questions == ["What came first?", "And then?"]
    assert stage.noted == [
        ("user", "What came first?"),
        ("user", "And then?"),
        ("assistant", ANSWER),
    ]


def test_a_turn_under_way_that_is_forgotten_is_no_turn() -> None:
    async def scene(stage: Stage) -> None:
        await stage.begin()
        await stage.wait(1)
        stage.talk.forget(0.0, stage.clock.now())
        await stage.pause()
        await stage.hear("The code is zanzibar.")
        await stage.wait(5)

    stage = play(scene)
    assert stage.questions == [] and stage.noted == [] and not stage.of(TurnCommitted)
