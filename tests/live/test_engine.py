"""The engine's dealings with one and several streams, on a model that is a script."""

import math

import numpy as np
import pytest

from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.base import Ended, LiveEvent, Said, Silent
from omnilive.live.engine import Engine, EngineConfig
from omnilive.live.policy import PolicyConfig
from tests.live.scripted import TOKENS, WIDTH, ScriptedModel

EVER = PolicyConfig(pause_s=0.0, repeat_s=0.0)
SAY, HUSH = 0.0, 1.0


def frame(p_silent: float = HUSH, remark: int = 0) -> np.ndarray:
    features_ND = np.zeros((TOKENS, WIDTH), np.float32)
    features_ND[:, 0], features_ND[:, 1] = p_silent, remark
    return features_ND


def made(model: ScriptedModel, **changes) -> Engine:
    return Engine(model, EngineConfig(**({"policy": EVER} | changes)))  # type: ignore[arg-type]


def said(events: list[LiveEvent]) -> str:
    return "".join(e.text for e in events if isinstance(e, Said))


def ended(events: list[LiveEvent]) -> list[str]:
    return [e.text for e in events if isinstance(e, Ended)]


def silent(events: list[LiveEvent]) -> list[float]:
    return [e.t for e in events if isinstance(e, Silent)]


def run(engine: Engine) -> list[LiveEvent]:
    return list(engine.run())


def watched(engine: Engine, model: ScriptedModel, p_silent: list[float]) -> list[LiveEvent]:
    """Feed frames half a second apart, each when the one before is done with."""
    id, events = engine.open(), []
    for i, p in enumerate(p_silent):
        engine.feed(id, i / 2, frame(p))
        events += run(engine)
    return events


def test_a_silent_stream_is_what_the_template_says():
    model = ScriptedModel()
    events = watched(made(model), model, [HUSH, 0.9, 0.8])
    assert [e.p_silent for e in events if isinstance(e, Silent)] == pytest.approx([1, 0.9, 0.8])
    assert silent(events) == [0.0, 0.5, 1.0]
    assert model.transcript() == "<s>S\n\n[vv,vv,vv"


def test_without_an_interval_frames_touch():
    model = ScriptedModel(interval="", remarks=["Hi."])
    watched(made(model), model, [HUSH, HUSH, SAY, HUSH])
    assert model.transcript() == "<s>S\n\n[vvvvvv]\nAssistant: Hi.</s>\n[vv"


def test_a_remark_streams_out_token_by_token():
    model = ScriptedModel(remarks=["A cup."])
    events = watched(made(model), model, [HUSH, SAY, HUSH])
    deltas = [e for e in events if isinstance(e, Said)]
    assert [d.text for d in deltas] == ["A", " c", "u", "p", "."]  # a last space is held back
    assert {(d.t, d.query, d.reply) for d in deltas} == {(0.5, None, 0)}
    assert ended(events) == ["A cup."]
    assert silent(events) == [0.0, 1.0]
    assert model.transcript() == "<s>S\n\n[vv,vv]\nAssistant: A cup.</s>\n[vv"


def test_the_deltas_of_long_characters_are_whole_characters():
    model = ScriptedModel(remarks=["鍋が 👩‍🍳 né"])
    events = watched(made(model), model, [SAY])
    assert said(events) == ended(events)[0] == "鍋が 👩‍🍳 né"
    assert all("\ufffd" not in e.text for e in events if isinstance(e, Said))


@pytest.mark.parametrize("block", [1, 3, 8])
def test_frames_that_waited_get_the_decisions_of_frame_by_frame(block: int):
    script = [HUSH, SAY, SAY, 0.8, 0.7, HUSH, HUSH, 0.2, HUSH, SAY]
    one_by_one = ScriptedModel(remarks=["Yes."])
    wanted = watched(made(one_by_one), one_by_one, script)

    model = ScriptedModel(remarks=["Yes."])
    engine = made(model, block=block)
    id = engine.open()
    for i, p in enumerate(script):
        engine.feed(id, i / 2, frame(p))
    assert run(engine) == wanted
    assert model.transcript() == one_by_one.transcript()
    assert model.calls[0] == [len("<S\n") + len("\n[vv") + (block - 1) * len(",vv")]


def test_a_query_is_answered_behind_the_frames_up_to_its_time():
    model = ScriptedModel(answers={"What?": "A cup."})
    engine = made(model)
    id = engine.open()
    for i in range(4):
        engine.feed(id, i / 2, frame())
    query = engine.ask(id, "What?", t=0.7)
    events = run(engine)
    assert {(e.query, e.t) for e in events if isinstance(e, Said | Ended)} == {(query, 0.5)}
    assert model.transcript() == ("<s>S\n\n[vv,vv]\nUser: What?\nAssistant: A cup.</s>\n[vv,vv")


def test_a_query_without_a_time_comes_behind_what_was_taken_in():
    model = ScriptedModel(answers={"What?": "A cup."})
    engine = made(model)
    id = engine.open()
    engine.feed(id, 0.0, frame())
    engine.ask(id, "What?")
    engine.feed(id, 0.5, frame())
    run(engine)
    assert model.transcript() == "<s>S\n\n[vv]\nUser: What?\nAssistant: A cup.</s>\n[vv"


def test_a_query_before_the_first_frame_and_right_after_an_answer():
    model = ScriptedModel(answers={"Hi?": "Hi.", "You?": "Me."})
    engine = made(model)
    id = engine.open()
    engine.ask(id, "Hi?")
    engine.ask(id, "You?")
    assert ended(run(engine)) == ["Hi.", "Me."]
    engine.feed(id, 0.0, frame())
    run(engine)
    # No bracket is closed that was not open, and no end of sequence is lost.
    assert model.transcript() == (
        "<s>S\n\nUser: Hi?\nAssistant: Hi.</s>\nUser: You?\nAssistant: Me.</s>\n[vv"
    )


def test_a_query_of_a_later_time_waits_for_it_or_for_the_end():
    model = ScriptedModel(answers={"a": "A", "b": "B"})
    engine = made(model)
    id = engine.open()
    engine.feed(id, 0.0, frame())
    engine.ask(id, "a", t=0.5)
    engine.ask(id, "b", t=99.0)
    assert not ended(run(engine)) and not engine.has_work() and engine.step() == []
    engine.feed(id, 0.5, frame())
    engine.feed(id, 1.0, frame())
    assert ended(run(engine)) == ["A"]
    assert engine.state(id).waiting_queries == 1
    engine.end(id)
    assert ended(run(engine)) == ["B"]
    assert (
        model.transcript()
        == ("<s>S\n\n[vv,vv]\nUser: a\nAssistant: A</s>\n[vv]\nUser: b\nAssistant: B</s>"[:-4])
    )


@pytest.mark.parametrize("block", [1, 8])
def test_where_the_user_speaks_the_model_does_not(block: int):
    model = ScriptedModel(remarks=["Yes."], answers={"What?": "A cup."})
    engine = made(model, block=block)
    id = engine.open()
    engine.ask(id, "What?", t=0.5)
    for i in range(3):
        engine.feed(id, i / 2, frame(SAY if i else HUSH))
    events = run(engine)
    assert [(e.t, e.text) for e in events if isinstance(e, Ended)] == [(0.5, "A cup."), (1, "Yes.")]
    assert silent(events) == [0.0, 0.5]


def test_queries_are_answered_in_the_order_of_their_times():
    model = ScriptedModel(answers={"early": "E", "late": "L"})
    engine = made(model)
    id = engine.open()
    engine.ask(id, "late", t=2.0)
    engine.ask(id, "early", t=1.0)
    for t in (0.0, 1.0, 2.0, 3.0):
        engine.feed(id, t, frame())
    assert ended(run(engine)) == ["E", "L"]


def test_an_instruction_gets_no_reply_of_its_own():
    model = ScriptedModel(remarks=["Yes."])
    engine = made(model)
    id = engine.open()
    engine.instruct(id, "Narrate.")
    assert run(engine) == []
    engine.feed(id, 0.0, frame(SAY))
    run(engine)
    engine.instruct(id, "Enough.")
    engine.feed(id, 0.5, frame())
    run(engine)
    assert model.transcript() == (
        "<s>S\n\nUser: Narrate.\n[vv]\nAssistant: Yes.</s>\nUser: Enough.\n[vv"
    )


def test_a_query_in_mid_reply_is_answered_after_it():
    model = ScriptedModel(remarks=["A long remark."], answers={"Hm?": "Yes."})
    engine = made(model)
    id = engine.open()
    engine.feed(id, 0.0, frame(SAY))
    events = [event for _ in range(5) for event in engine.step()]
    assert engine.state(id).replying and not ended(events)
    engine.ask(id, "Hm?")
    engine.feed(id, 0.5, frame())
    events += run(engine)
    assert ended(events) == ["A long remark.", "Yes."]
    assert model.transcript() == (
        "<s>S\n\n[vv]\nAssistant: A long remark.</s>\nUser: Hm?\nAssistant: Yes.</s>\n[vv"
    )


def test_a_reply_can_be_cancelled_anywhere_and_the_format_holds():
    for steps in range(2, 10):
        model = ScriptedModel(answers={"What?": "A cup."})
        engine = made(model)
        id = engine.open()
        engine.feed(id, 0.0, frame())
        engine.ask(id, "What?")
        events = [event for _ in range(steps) for event in engine.step()]
        engine.cancel(id)
        events += run(engine)
        last = events[-1]
        assert isinstance(last, Ended) and last.query == 0
        assert last.cancelled == (steps < 9)
        assert said(events) == last.text == "A cup."[: len(last.text)]
        engine.feed(id, 0.5, frame())
        run(engine)
        kept = model.transcript()
        assert kept.startswith("<s>S\n\n[vv]\nUser: What?\nAssistant: " + last.text)
        assert kept.endswith("</s>\n[vv") and kept.count("</s>") == 1


def test_cancelling_a_remark_unheard_leaves_no_trace():
    model = ScriptedModel(remarks=["A cup."])
    engine = made(model)
    id = engine.open()
    engine.feed(id, 0.0, frame(SAY))
    engine.step()
    assert engine.state(id).replying
    engine.cancel(id)
    assert run(engine) == []
    engine.feed(id, 0.5, frame())
    run(engine)
    assert model.transcript() == "<s>S\n\n[vv,vv"


def test_cancelling_nothing_is_nothing():
    engine = made(ScriptedModel())
    engine.cancel(engine.open())
    assert run(engine) == []


def test_a_reply_that_never_ends_is_ended_in_good_form():
    model = ScriptedModel(remarks=["abcdefgh"])
    events = watched(made(model, max_reply_tok=4), model, [SAY, HUSH])
    assert ended(events) == [said(events)] == ["abc"]
    assert model.transcript() == "<s>S\n\n[vv]\nAssistant: abc</s>\n[vv"


def test_a_repeat_is_thought_but_not_said_and_leaves_no_trace():
    model = ScriptedModel(remarks=["The kettle boils.", "The kettle boils over."])
    engine = made(model, policy=PolicyConfig(pause_s=0.0, repeat_s=10.0))
    id = engine.open()
    for i, (p, remark) in enumerate([(SAY, 0), (SAY, 0), (HUSH, 0), (SAY, 1)]):
        engine.feed(id, i / 2, frame(p, remark))
    events = run(engine)
    assert ended(events) == ["The kettle boils.", "The kettle boils over."]
    assert said(events) == "".join(ended(events))
    assert engine.state(id).withheld == 1
    assert model.transcript().count("Assistant") == 2
    assert ".</s>\n[vv,vv,vv]\nAssistant: The kettle boils over." in model.transcript()


def test_what_may_be_a_repeat_is_held_back_only_until_it_differs():
    model = ScriptedModel(remarks=["The cat.", "The car."])
    engine = made(model, policy=PolicyConfig(pause_s=0.0, repeat_s=10.0))
    id = engine.open()
    for i, remark in enumerate([0, 1]):
        engine.feed(id, i / 2, frame(SAY, remark))
    events = run(engine)
    assert [e.text for e in events if isinstance(e, Said) and e.reply == 1] == ["The car", "."]


def test_not_at_every_frame():
    model = ScriptedModel(remarks=["Yes."])
    engine = made(model, policy=PolicyConfig(pause_s=1.0, repeat_s=0.0))
    id = engine.open()
    for i in range(6):
        engine.feed(id, i / 2, frame(SAY))
    events = run(engine)
    assert [e.t for e in events if isinstance(e, Ended)] == [0.0, 1.0, 2.0]
    assert silent(events) == [0.5, 1.5, 2.5]


def test_no_reply_in_words_is_silence():
    model = ScriptedModel(remarks=["NO REPLY", "A cup."])
    engine = made(model, policy=PolicyConfig(kind="text", pause_s=0.0))
    id = engine.open()
    for i, remark in enumerate([0, 1, 0]):
        engine.feed(id, i / 2, frame(HUSH, remark))
    events = run(engine)
    assert ended(events) == [said(events)] == ["A cup."]
    assert engine.state(id).withheld == 2
    assert model.transcript() == "<s>S\n\n[vv,vv]\nAssistant: A cup.</s>\n[vv"


def test_hundreds_of_queries_are_taken_and_one_too_many_refused():
    model = ScriptedModel(answers={"?": "Y"})
    engine = made(model, max_queries=150)
    id = engine.open()
    for _ in range(150):
        engine.ask(id, "?")
    with pytest.raises(BackendError, match="150 queries waiting"):
        engine.ask(id, "?")
    assert ended(run(engine)) == ["Y"] * 150
    engine.ask(id, "?")


def test_a_query_that_is_too_long_is_refused():
    engine = made(ScriptedModel(), max_query_tok=50)
    with pytest.raises(ConfigError, match="max_query_tok"):
        engine.ask(engine.open(), "x" * 51)


def test_a_long_query_goes_in_pieces():
    model = ScriptedModel(answers={"x" * 300: "Y"})
    engine = made(model, step_tok=100)
    engine.ask(engine.open(), "x" * 300)
    assert ended(run(engine)) == ["Y"]
    assert max(call[0] for call in model.calls) == 100


def test_many_instructions_go_in_pieces():
    model = ScriptedModel()
    engine = made(model, step_tok=100)
    id = engine.open()
    for _ in range(20):
        engine.instruct(id, "Narrate.")
    engine.feed(id, 0.0, frame())
    assert silent(run(engine)) == [0.0]
    assert model.transcript().count("User: Narrate.") == 20
    assert max(call[0] for call in model.calls) <= 110


@pytest.mark.parametrize("t", [math.nan, math.inf])
def test_a_query_at_no_time_is_refused(t: float):
    engine = made(ScriptedModel())
    with pytest.raises(ConfigError, match="seconds"):
        engine.ask(engine.open(), "?", t=t)


def test_frames_out_of_order_are_refused_and_counted():
    model = ScriptedModel()
    engine = made(model)
    id = engine.open()
    taken = [engine.feed(id, t, frame()) for t in (0.0, 1.0, 0.5, 1.0, math.nan, math.inf, 1.5)]
    assert taken == [True, True, False, False, False, False, True]
    assert silent(run(engine)) == [0.0, 1.0, 1.5]
    assert engine.state(id).late == 4


def test_damaged_frames_are_refused_and_gaps_counted():
    engine = made(ScriptedModel(), gap_s=2.0)
    id = engine.open()
    broken = frame()
    broken[1, 2] = np.nan
    assert not engine.feed(id, 0.0, broken)
    for t in (10.0, 12.0, 14.5):
        engine.feed(id, t, frame())
    run(engine)
    status = engine.state(id)
    assert (status.damaged, status.gaps, status.frames, status.t) == (1, 1, 3, 14.5)


def test_a_frame_is_the_callers_again_once_it_is_taken():
    engine = made(ScriptedModel(remarks=["Yes."]))
    id = engine.open()
    features_ND = frame(HUSH)
    engine.feed(id, 0.0, features_ND)
    features_ND[:] = SAY
    features_ND.flags.writeable = False
    engine.feed(id, 0.5, features_ND.astype(np.float16))
    engine.feed(id, 1.0, features_ND)
    events = run(engine)
    assert silent(events) == [0.0] and len(ended(events)) == 2


def test_frames_of_another_encoder_are_named():
    engine = made(ScriptedModel())
    with pytest.raises(ConfigError, match=r"\(5, 3\).*\(2, 3\)"):
        engine.feed(engine.open(), 0.0, np.zeros((5, 3)))


def test_when_too_many_frames_wait_the_oldest_goes():
    engine = made(ScriptedModel(), max_frames=3)
    id = engine.open()
    for t in range(5):
        engine.feed(id, float(t), frame())
    assert engine.state(id).dropped == 2
    assert silent(run(engine)) == [2.0, 3.0, 4.0]


def test_streams_in_one_batch_are_as_if_alone():
    def play(engine: Engine, ids: list[int]) -> list[LiveEvent]:
        for i in range(6):
            for number, id in enumerate(ids):
                if i % (number + 1) == 0:
                    engine.feed(id, i / 2, frame(SAY if (i + number) % 3 == 2 else HUSH, number))
        engine.ask(ids[-1], "What?", t=0.0)
        return run(engine)

    remarks = ["One.", "Another.", "A third one."]
    together = ScriptedModel(remarks, {"What?": "A cup."})
    engine = made(together, streams=3)
    ids = [engine.open() for _ in range(3)]
    events = play(engine, ids)
    assert any(min(call) > 0 and max(call) > min(call) for call in together.calls)  # ragged

    alone = ScriptedModel(remarks, {"What?": "A cup."})
    for row, id in enumerate(ids):
        engine = made(alone, streams=3)
        own = [engine.open() for _ in range(3)]
        assert [e for e in play(engine, own) if e.stream == id] == [
            e for e in events if e.stream == id
        ]
        assert alone.transcript(row) == together.transcript(row)


def test_a_place_that_was_left_is_used_again_and_knows_nothing():
    model = ScriptedModel(answers={"?": "Y"})
    engine = made(model, streams=1)
    first = engine.open()
    with pytest.raises(BackendError, match="all 1 streams"):
        engine.open()
    engine.feed(first, 0.0, frame())
    engine.ask(first, "?")
    engine.step()
    engine.close(first)
    with pytest.raises(ConfigError, match="no live stream"):
        engine.feed(first, 1.0, frame())
    second = engine.open()
    assert second != first
    engine.feed(second, 0.0, frame())
    run(engine)
    assert model.transcript() == "<s>S\n\n[vv"


def test_a_stream_without_frames_does_nothing():
    engine = made(ScriptedModel())
    id = engine.open()
    engine.end(id)
    assert run(engine) == [] and engine.state(id).tokens == 0


def test_numbers_that_are_not_finite_begin_the_sequence_anew():
    model = ScriptedModel(answers={"?": "Yes."})
    engine = made(model)
    id = engine.open()
    engine.feed(id, 0.0, frame())
    engine.ask(id, "?")
    for _ in range(2):
        engine.step()
    model.broken = True
    events = engine.step()
    assert [e.cancelled for e in events if isinstance(e, Ended)] == [True]
    engine.feed(id, 0.5, frame())
    assert engine.step() == []
    model.broken = False
    engine.feed(id, 1.0, frame())
    assert silent(run(engine)) == [1.0]
    assert engine.state(id).restarts == 2
    assert model.transcript() == "<s>S\n\n[vv"


def test_tokens_that_nobody_can_read_are_never_said():
    class Babbler(ScriptedModel):
        def logits(self, hidden):
            # Begin, frame and a token beyond the tokenizer, each more likely than the next word.
            found = super().logits(hidden)
            found[:, [256, 258, 259]] = 1.0
            return found

    model = Babbler(answers={"?": "Yes."})
    engine = made(model)
    engine.ask(engine.open(), "?")
    assert ended(run(engine)) == ["Yes."]


def test_the_other_token_need_not_open_a_reply():
    class Odd(ScriptedModel):
        def _at_frame(self, p_silent):
            logits = super()._at_frame(p_silent)
            logits[[self.template.speak, 65]] = logits[[65, self.template.speak]]
            return logits

    model = Odd(remarks=["Yes."])
    assert ended(watched(made(model), model, [HUSH, SAY])) == ["Yes."]
