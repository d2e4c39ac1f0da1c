"""Turns as pure logic: when they are over, what belongs to them, what is fresh in them."""

import numpy as np
import pytest

from omnilive.core.events import Percept
from omnilive.dialogue.config import DialogueConfig
from omnilive.dialogue.turns import PATIENCE_S, Turns
from omnilive.perception.audio.segment import Utterance
from omnilive.perception.audio.voice import State, Voice


def turns(**config: object) -> Turns:
    return Turns(DialogueConfig.model_validate(config))


def voice(
    state: State, number: int = 0, start_s: float = 0.0, end_s: float = 1.0, asked: bool = False
) -> Voice:
    said = Utterance(
        number=number, start_s=start_s, end_s=end_s, pcm=np.full(16000, number, np.float32),
        speech_probability=0.9, voiced_s=start_s, voiced_end_s=end_s,
    )  # fmt: skip
    heard_t = end_s + (0.2 if state == "paused" else 0.0)
    return Voice(t=heard_t, state=state, utterance=said, asked=asked)


def heard(text: str, number: int = 0, until_s: float | None = 1.0) -> Percept:
    """What was understood; `until_s` None: the final transcript."""
    more = {} if until_s is None else {"until_s": until_s}
    return Percept(
        t=0, kind="speech", start_s=0, end_s=1, text=text, confidence=0.9,
        final=until_s is None, data={"id": f"speech{number}", "language": "en", **more},
    )  # fmt: skip


def spoken(made: Turns, text: str = "what is it", number: int = 0, end_s: float = 1.0) -> None:
    made.on_voice(voice("began", number, end_s - 1, end_s - 0.8), end_s - 0.8)
    is_judged = made.on_voice(voice("paused", number, end_s - 1, end_s), end_s + 0.2)
    assert is_judged == (made.config.answer != "push_to_talk")
    made.on_speech(heard(text, number, end_s), end_s + 0.4)


def test_over_once_judged_and_understood_in_either_order() -> None:
    made = turns()
    spoken(made)
    assert made.take(1.4) is None  # not judged yet
    made.judged(made.epoch, 0.9, 1.5)
    said = made.take(1.5)
    assert said is not None and (said.text, said.numbers, said.end_s) == ("what is it", (0,), 1.0)
    assert (said.judged_t, said.heard_t, said.asked, said.joined) == (1.5, 1.4, False, False)

    made = turns()
    made.on_voice(voice("began"), 0.2)
    made.on_voice(voice("paused"), 1.2)
    made.judged(made.epoch, 0.9, 1.3)
    assert made.take(1.3) is None  # not understood yet
    made.on_speech(heard("what is it"), 1.6)
    assert made.take(1.6) is not None


@pytest.mark.parametrize(("probability", "is_over"), [(0.49, False), (0.5, True), (0.99, True)])
def test_the_operating_point(probability: float, is_over: bool) -> None:
    made = turns(threshold=0.5)
    spoken(made)
    made.judged(made.epoch, probability, 1.5)
    assert (made.take(1.5) is not None) is is_over


def test_a_judgement_of_an_earlier_pause_is_void() -> None:
    made = turns()
    spoken(made)
    epoch = made.epoch
    made.on_voice(voice("resumed", end_s=1.6), 1.6)
    assert not made.judged(epoch, 0.99, 1.7)
    made.on_voice(voice("paused", end_s=2.0), 2.2)
    assert not made.judged(epoch, 0.99, 2.3)
    assert made.take(2.3) is None


def test_a_transcript_of_an_earlier_pause_is_not_the_whole() -> None:
    made = turns()
    spoken(made)
    made.on_voice(voice("resumed", end_s=1.6), 1.6)
    made.on_voice(voice("paused", end_s=2.0), 2.2)
    made.judged(made.epoch, 0.9, 2.3)
    assert made.take(2.3) is None
    made.on_speech(heard("what is it then", until_s=2.0), 2.6)
    said = made.take(2.6)
    assert said is not None and said.text == "what is it then"


def test_the_longest_delay_counts_from_the_last_voiced_window() -> None:
    made = turns(max_delay_s=1.6)
    spoken(made)
    made.judged(made.epoch, 0.1, 1.3)
    assert made.due() == pytest.approx(2.6)
    assert made.take(2.59) is None and made.take(2.6) is not None


def test_what_is_ended_by_hand_is_not_judged_nor_looked_at_again() -> None:
    made = turns(answer="push_to_talk")
    made.on_voice(voice("began"), 0.2)
    assert not made.on_voice(voice("paused"), 1.2)
    made.on_speech(heard("what is it"), 1.4)
    made.judged(made.epoch, 0.9, 1.5)
    assert made.due() is None and made.take(100) is None


def test_sound_that_is_not_heard_yet_is_no_silence() -> None:
    made = turns(max_delay_s=1.6)
    made.on_voice(voice("began"), 3.0)
    made.on_voice(voice("paused"), 4.2)  # a busy machine hears what was said 3 s ago
    made.on_speech(heard("where is the red"), 4.3)
    assert made.take(4.3) is None
    assert made.due() == pytest.approx(1.0 + 3.0 + 1.6)
    made.on_voice(voice("resumed", end_s=1.4), 4.4)
    assert made.take(9.0) is None


def test_half_a_sentence_is_no_turn_while_the_recogniser_is_slow() -> None:
    made = turns()
    made.on_voice(voice("began"), 0.2)
    made.on_speech(heard("First the red", until_s=-1.0), 0.8)  # a caption on the way
    made.on_voice(voice("paused", end_s=2.0), 2.2)
    made.judged(made.epoch, 0.9, 2.3)
    assert made.take(10.0) is None
    made.on_speech(heard("Where's the red folder?", until_s=2.0), 10.1)
    said = made.take(10.1)
    assert said is not None and said.text == "Where's the red folder?"


def test_a_recogniser_that_never_answers_is_not_waited_for_for_ever() -> None:
    made = turns()
    made.on_voice(voice("began"), 0.2)
    made.on_voice(voice("paused"), 1.2)
    made.judged(made.epoch, 0.9, 1.3)
    assert made.due() == pytest.approx(1.3 + PATIENCE_S)
    said = made.take(1.3 + PATIENCE_S)
    assert said is not None and said.text == ""
    assert made.parts == []


def test_speech_too_short_to_keep_leaves_nothing() -> None:
    made = turns()
    made.on_voice(voice("began"), 0.2)
    made.on_voice(Voice(t=1, state="ended", utterance=None), 1.0)
    assert made.parts == [] and not made.speaking and made.due() is None
    assert made.take(99) is None


def test_an_utterance_cut_in_two_for_its_length_is_one_turn() -> None:
    made = turns()
    made.on_voice(voice("began", 0, 0, 0.2), 0.2)
    made.on_voice(voice("ended", 0, 0, 14), 14.0)
    made.on_voice(voice("began", 1, 14, 14.1), 14.0)
    made.on_speech(heard("first half", 0, None), 15.0)
    assert made.speaking and made.take(20) is None
    made.on_voice(voice("paused", 1, 14, 16), 16.2)
    made.judged(made.epoch, 0.9, 16.3)
    made.on_speech(heard("second half", 1, 16), 16.6)
    said = made.take(16.6)
    assert said is not None and (said.text, said.numbers) == ("first half second half", (0, 1))


def taken(made: Turns, now: float) -> str:
    made.judged(made.epoch, 0.9, now)
    said = made.take(now)
    assert said is not None
    return said.text


def test_an_utterance_that_goes_on_after_its_turn_is_joined_and_heard_anew() -> None:
    made = turns()
    spoken(made, "tell me this", 0, 1.0)
    made.on_voice(voice("ended", 0, 0, 1.0), 1.6)
    made.judged(made.epoch, 0.1, 1.6)
    spoken(made, "what came", 1, 3.0)
    assert taken(made, 3.4) == "tell me this what came"
    made.on_voice(voice("resumed", 1, 2.0, 3.5), 3.5)
    made.on_voice(voice("paused", 1, 2.0, 4.0), 4.2)
    made.on_speech(heard("what came first", 1, 4.0), 4.5)
    assert made.fresh_text() == "first"
    assert taken(made, 4.5) == "tell me this what came first"


@pytest.mark.parametrize(("gap_s", "joined"), [(0.3, True), (0.9, True), (2.0, False)])
def test_another_utterance_is_joined_within_the_limit(gap_s: float, joined: bool) -> None:
    made = turns(join_s=1.0)
    spoken(made, "tell me", 0, 1.0)
    taken(made, 1.5)
    made.on_voice(voice("began", 1, 1.5 + gap_s, 1.6 + gap_s), 1.5 + gap_s)
    made.on_voice(voice("paused", 1, 1.5 + gap_s, 3 + gap_s), 3.2 + gap_s)
    made.on_speech(heard("the rest", 1, 3 + gap_s), 3.5 + gap_s)
    assert taken(made, 3.5 + gap_s) == ("tell me the rest" if joined else "the rest")


def test_the_end_of_a_turn_dealt_with_is_no_new_turn() -> None:
    made = turns()
    spoken(made)
    taken(made, 1.5)
    made.on_voice(voice("ended"), 1.7)
    made.on_speech(heard("what is it", until_s=None), 1.7)
    assert made.parts == [] and made.take(99) is None


def test_after_the_answer_was_heard_nothing_is_joined() -> None:
    made = turns()
    spoken(made)
    taken(made, 1.5)
    made.forget_last()
    spoken(made, "and now", 1, 3.0)
    assert taken(made, 3.5) == "and now"


def test_by_hand_waits_for_the_sound_before_it_and_for_the_words() -> None:
    made = turns(answer="push_to_talk")
    spoken(made)
    assert made.due() is None and made.take(99) is None
    made.committing = True
    made.judged(made.epoch, 0.99, 1.4)
    assert made.take(1.4) is None
    made.on_voice(voice("ended", asked=True), 1.5)
    said = made.take(1.5)
    assert said is not None and said.asked and said.text == "what is it"
    assert made.take(1.6) is None


def test_by_hand_with_nothing_said() -> None:
    made = turns()
    made.committing = True
    made.on_voice(Voice(t=1, state="ended", utterance=None, asked=True), 1.0)
    said = made.take(1.0)
    assert said is not None and said.asked and said.text == "" and said.numbers == ()


def test_what_is_dropped_is_gone() -> None:
    made = turns()
    spoken(made, "mm-hm", 3)
    assert made.drop() == (3,) and made.take(99) is None and made.fresh_text() == ""


def test_the_sound_of_all_parts_is_judged_but_only_the_last_seconds() -> None:
    made = turns()
    for number in range(10):
        spoken(made, "x", number, number + 1.0)
    sound = made.sound()
    assert len(sound) == 8 * 16000 and sound[0] == 2.0 and sound[-1] == 9.0
