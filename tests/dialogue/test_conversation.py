"""Who speaks when: turns, answers, latency, trouble, what is said unasked."""

import pytest

from omnilive.core.errors import BackendError
from omnilive.dialogue.base import (
    AudioDelta,
    Forgot,
    FunctionCall,
    ResponseDone,
    ResponseStarted,
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


def test_what_nobody_commits_keeps_no_alert_back() -> None:
    async def scene(stage: Stage) -> None:
        await stage.say("Talk between people.")
        await stage.end()
        stage.talk.say("The kettle boils.", watch="w1")
        await stage.wait(5)

    stage = play(scene, answer="push_to_talk")
    assert [s.reason for s in stage.of(ResponseStarted)] == ["proactive"]


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
