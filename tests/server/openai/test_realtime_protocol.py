"""The protocol against a scripted conversation: order and shape of all that it sends."""

import base64
from dataclasses import replace

import numpy as np
import pytest

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
    Transcript,
    TranscriptDelta,
    TurnCommitted,
    Unspoken,
)
from omnilive.server.errors import Refusal
from tests.server.openai.talk import (
    APPEND,
    TONE,
    answer_aloud,
    base64_of,
    bench,
    jpeg,
    typed,
)

pytestmark = pytest.mark.anyio


async def test_it_greets_with_the_session():
    async with bench() as b:
        session = b.only("session.created")["session"]
        assert session["model"] == "omnilive:s" and session["output_modalities"] == ["audio"]
        assert session["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
        assert session["audio"]["input"]["turn_detection"]["type"] == "semantic_vad"
        assert session["audio"]["output"]["voice"] == "hibari"
        assert b.opened == 0  # nobody is watched before anything was sent


async def test_a_spoken_turn_and_its_spoken_answer_come_in_order():
    async with bench() as b:
        await b.send(APPEND)
        b.types()
        b.tell(
            SpeechStarted(t=100.6, number=1, start_s=100.5),
            TranscriptDelta(t=101.0, number=1, text="who is th"),
            TranscriptDelta(t=101.2, number=1, text="who is there"),
            SpeechStopped(t=101.5, number=1, end_s=101.4),
            Transcript(t=101.6, number=1, text="Who is there?", language="en"),
            TurnCommitted(
                t=101.6, text="Who is there?", utterance_numbers=(1,), start_s=100.5, end_s=101.4,
                addressed=True,
            ),
        )  # fmt: skip
        started = b.only("input_audio_buffer.speech_started")
        assert started["audio_start_ms"] == 500
        assert b.only("input_audio_buffer.speech_stopped")["audio_end_ms"] == 1400
        done = b.only("conversation.item.input_audio_transcription.completed")
        assert done["transcript"] == "Who is there?" and done["item_id"] == started["item_id"]
        delta = b.only("conversation.item.input_audio_transcription.delta")
        assert delta["delta"] == "who is"  # agreed on by two captions; the last one differs
        assert b.only("conversation.item.done")["item"]["content"] == [
            {"type": "input_audio", "transcript": "Who is there?"}
        ]
        assert b.types() == [
            "input_audio_buffer.speech_started", "omnilive.transcript", "omnilive.transcript",
            "conversation.item.input_audio_transcription.delta",
            "input_audio_buffer.speech_stopped", "omnilive.transcript",
            "input_audio_buffer.committed", "conversation.item.added", "conversation.item.done",
            "conversation.item.input_audio_transcription.completed", "omnilive.turn",
        ]  # fmt: skip
        answer_aloud(b)
        done = b.only("response.done")
        assert done["response"]["status"] == "completed"
        assert done["response"]["output"][0]["content"] == [
            {"type": "output_audio", "transcript": "A cat."}
        ]
        assert done["response"]["usage"]["total_tokens"] > 0
        assert done["omnilive"]["answer"]["evidence"][0]["text"] == "cat appeared"
        assert done["omnilive"]["latency"]["first_audio_s"] == 0.8
        sound = b.only("response.output_audio.delta")["delta"]
        heard = np.frombuffer(base64.b64decode(sound), "<i2") / 32768
        assert np.abs(heard - TONE).max() < 1e-3
        assert b.types() == [
            "response.created", "response.output_item.added", "conversation.item.added",
            "response.content_part.added", "response.output_audio_transcript.delta",
            "response.output_audio.delta", "response.output_audio.done",
            "response.output_audio_transcript.done", "response.content_part.done",
            "conversation.item.done", "response.output_item.done", "response.done",
            "omnilive.turn", "rate_limits.updated",
        ]  # fmt: skip


async def test_a_turn_that_was_not_over_is_taken_back():
    first = TurnCommitted(
        t=2.0, text="What is", utterance_numbers=(1,), start_s=1.0, end_s=1.5, addressed=True
    )
    async with bench() as b:
        b.tell(first)
        id = b.only("conversation.item.done")["item"]["id"]
        b.types()
        b.tell(Transcript(t=2.1, number=1, text="What is"))  # late, of a turn that is over
        assert b.types() == []
        b.tell(replace(first, text="What is, then, a cat?", utterance_numbers=(1, 2)))
        assert b.only("conversation.item.deleted")["item_id"] == id
        assert b.only("input_audio_buffer.committed")["previous_item_id"] is None
        b.types()
        b.tell(replace(first, text="And a dog?", utterance_numbers=(2,)))
        assert "conversation.item.deleted" not in b.types()


async def test_on_a_track_only_beginning_and_end_of_sound_are_told():
    async with bench(sound="tracks") as b:
        answer_aloud(b)
        types = b.types()
        assert "response.output_audio.delta" not in types
        assert types.index("output_audio_buffer.started") < types.index(
            "output_audio_buffer.stopped"
        )
        answer_aloud(b, generation=2, status="cancelled")
        assert b.only("conversation.item.truncated")["audio_end_ms"] == 100
        assert b.only("response.done")["response"]["status_details"]["reason"] == "turn_detected"
        assert "output_audio_buffer.cleared" in b.types()
        await b.send({"type": "input_audio_buffer.commit"})  # the track's sound is not counted
        assert b.calls[-1] == ("commit", None)


async def test_telephone_sound_goes_both_ways():
    async with bench() as b:
        form = {"type": "audio/pcmu"}
        audio = {"input": {"format": form}, "output": {"format": form}}
        await b.send({"type": "session.update", "session": {"type": "realtime", "audio": audio}})
        assert b.only("session.updated")["session"]["audio"]["input"]["format"] == form
        await b.send({"type": "input_audio_buffer.append", "audio": base64_of(b"\xff" * 80)})
        pcm, rate_hz = b.line.source.sound[0]
        assert rate_hz == 8000 and len(pcm) == 80 and np.abs(pcm).max() < 1e-3
        b.types()
        answer_aloud(b)
        parts = [e["delta"] for e in b.sent if e["type"] == "response.output_audio.delta"]
        size = sum(len(base64.b64decode(part)) for part in parts)
        assert abs(size - 800) <= 8  # 0.1 s at 8 kHz


async def test_text_only_answers_have_text_events():
    async with bench() as b:
        change = {"type": "realtime", "output_modalities": ["text"]}
        await b.send({"type": "session.update", "session": change})
        await b.send(typed("who is there?"))
        b.types()
        await b.send({"type": "response.create"})
        assert b.calls[-1][1]["speak"] is False and b.calls[-1][1]["text"] == "who is there?"
        b.tell(
            ResponseStarted(t=1.0, generation=1, reason="typed", question="who is there?"),
            TextDelta(t=1.1, generation=1, text="A "),
            TextDelta(t=1.2, generation=1, text="cat."),
            ResponseDone(t=1.3, generation=1, status="completed", text="A cat.", heard="A cat."),
        )
        assert b.only("response.output_text.done")["text"] == "A cat."
        assert b.only("response.done")["response"]["output"][0]["content"] == [
            {"type": "output_text", "text": "A cat."}
        ]
        assert b.types() == [
            "response.created", "response.output_item.added", "conversation.item.added",
            "response.content_part.added", "response.output_text.delta",
            "response.output_text.delta", "response.output_text.done",
            "response.content_part.done", "conversation.item.done",
            "response.output_item.done", "response.done", "omnilive.turn", "rate_limits.updated",
        ]  # fmt: skip


async def test_an_interruption_is_told_once_it_is_one():
    async with bench() as b:
        b.tell(ResponseStarted(t=1.0, generation=1, reason="turn", question="who?"))
        b.tell(AudioDelta(t=1.1, generation=1, pcm=TONE, rate_hz=24000, text="A"))
        b.protocol.speaker.begin()
        b.protocol.speaker.play(np.zeros(24000 * 60, np.float32))  # a long answer
        b.types()
        b.tell(
            SpeechStarted(t=2.0, number=4, start_s=1.9),
            Paused(t=2.0, generation=1),
            SpeechStopped(t=2.2, number=4, end_s=2.1),
            Resumed(t=2.3, generation=1),
        )
        assert b.types() == ["omnilive.paused", "omnilive.resumed"]
        b.tell(
            SpeechStarted(t=3.0, number=5, start_s=2.9),
            Paused(t=3.0, generation=1),
            ResponseDone(t=3.3, generation=1, status="cancelled", text="A cat.", heard="A"),
        )
        types = b.types()
        assert types[:2] == ["omnilive.paused", "input_audio_buffer.speech_started"]
        assert "response.done" in types


async def test_a_proactive_response_says_why():
    async with bench() as b:
        b.types()
        b.tell(
            ResponseStarted(t=1.0, generation=7, reason="proactive", watch="w1"),
            TextDelta(t=1.0, generation=7, text="The door is open."),
            Unspoken(t=1.0, generation=7, text="The door is open.", reason="no voice"),
            ResponseDone(
                t=1.1, generation=7, status="completed", text="The door is open.",
                heard="The door is open.", watch="w1", reason="proactive",
            ),
        )  # fmt: skip
        created = b.only("response.created")["response"]
        assert created["metadata"] == {"reason": "proactive", "watch": "w1"}
        assert b.only("response.done")["omnilive"]["watch"] == "w1"
        assert b.only("omnilive.unspoken")["reason"] == "no voice"


async def test_a_function_call_and_its_result_go_through():
    tool = {"type": "function", "name": "light", "parameters": {"type": "object"}}
    async with bench() as b:
        await b.send({"type": "session.update", "session": {"type": "realtime", "tools": [tool]}})
        await b.send(typed("light on"))
        b.types()
        await b.send({"type": "response.create"})
        assert b.calls[-1][1]["tools"] == (tool,) and b.calls[-1][1]["history"] is None
        b.tell(
            ResponseStarted(t=1.0, generation=1, reason="typed", question="light on"),
            FunctionCall(t=1.1, generation=1, name="light", arguments='{"on": 1}', call_id="c1"),
            ResponseDone(t=1.3, generation=1, status="completed", text="", heard=""),
        )
        (item,) = b.only("response.done")["response"]["output"]
        assert (item["type"], item["name"], item["call_id"]) == ("function_call", "light", "c1")
        assert b.only("response.function_call_arguments.done")["arguments"] == '{"on": 1}'
        assert b.types()[:6] == [
            "response.created", "response.output_item.added", "conversation.item.added",
            "response.function_call_arguments.delta", "response.function_call_arguments.done",
            "conversation.item.done",
        ]  # fmt: skip
        output = {"type": "function_call_output", "call_id": "c1", "output": "done"}
        await b.send({"type": "conversation.item.create", "item": output})
        await b.send({"type": "response.create"})
        asked = b.calls[-1][1]
        assert asked["text"] == ""
        assert [m.role for m in asked["history"]] == ["user", "assistant", "tool"]
        assert asked["history"][1].tool_calls[0].name == "light"
        assert asked["history"][2].text == "done" and asked["history"][2].call_id == "c1"


async def test_a_manual_turn_is_committed_and_answered_on_request():
    async with bench() as b:
        audio = {"input": {"turn_detection": None}}
        await b.send({"type": "session.update", "session": {"type": "realtime", "audio": audio}})
        assert b.protocol.dialogue().answer == "push_to_talk"
        await b.send(APPEND, {"type": "input_audio_buffer.commit"}, {"type": "response.create"})
        assert [name for name, _ in b.calls][-2:] == ["commit", "respond"]
        assert b.calls[-1][1]["text"] is None  # what was committed


async def test_what_was_said_with_the_button_held_is_answered_by_itself():
    async with bench() as b:
        await b.send(APPEND)
        change = {"type": "realtime", "omnilive": {"answer": "push_to_talk"}}
        await b.send({"type": "session.update", "session": change})
        await b.send({"type": "input_audio_buffer.commit"})
        turn = TurnCommitted(
            t=101.6, text="", utterance_numbers=(), start_s=100.5, end_s=101.4, addressed=False
        )
        b.tell(turn)  # nothing was said
        await b.settle()
        assert [name for name, _ in b.calls][-2:] == ["update", "commit"]
        b.tell(replace(turn, text="who?", addressed=True))
        await b.settle()
        assert b.calls[-1][0] == "respond" and b.calls[-1][1]["text"] is None


async def test_pictures_go_with_the_question():
    url = "data:image/jpeg;base64," + base64_of(jpeg())
    parts = [{"type": "input_image", "image_url": url}, {"type": "input_text", "text": "what?"}]
    async with bench() as b:
        await b.send(typed("", content=parts), {"type": "response.create"})
        asked = b.calls[-1][1]
        assert asked["text"] == "what?" and len(asked["images"]) == 1
        assert asked["images"][0].startswith(b"\xff\xd8")
        shown = b.only("conversation.item.added")["item"]["content"][0]
        assert shown == {"type": "input_image", "detail": "auto"}


async def test_video_goes_into_the_source_in_its_order():
    async with bench() as b:
        append = {"type": "input_video_buffer.append", "image": base64_of(jpeg(64, 48))}
        await b.send({**append, "timestamp_ms": 0}, {**append, "timestamp_ms": 500})
        assert [p.shape for p in b.line.source.pictures] == [(48, 64, 3), (48, 64, 3)]
        late = await b.fail({**append, "timestamp_ms": 400})
        assert late["code"] == "out_of_order"
        b.line.source.is_hungry = False
        await b.send({**append, "timestamp_ms": 600}, append)
        assert len(b.line.source.pictures) == 2 and b.types() == []


async def test_what_comes_before_the_line_is_open_is_kept():
    async with bench() as b:
        b.may_open.clear()
        video = {"type": "input_video_buffer.append", "image": base64_of(jpeg())}
        await b.send(APPEND, video, APPEND)
        assert b.opened == 1 and b.line.source.sound == []
        b.may_open.set()
        await b.settle()
        assert len(b.line.source.sound) == 2 and len(b.line.source.pictures) == 1


async def test_settings_do_not_wait_for_the_line_and_hold_once_it_is_open():
    async with bench() as b:
        b.may_open.clear()
        change = {"type": "realtime", "instructions": "Be brief.", "omnilive": {"answer": "off"}}
        await b.send(APPEND, {"type": "session.update", "session": change})
        assert b.only("session.updated") and b.calls == []
        b.may_open.set()
        await b.settle()
        ((name, config),) = b.calls
        assert (name, config.answer) == ("update", "off")
        assert b.line.conversation.briefed["instructions"] == "Be brief."


async def test_early_sound_is_bounded():
    async with bench() as b:
        b.may_open.clear()
        minute = {**APPEND, "audio": base64_of(b"\0\0" * 24000 * 40)}
        await b.send(minute)
        assert (await b.fail(minute))["code"] == "audio_too_fast"
        b.may_open.set()


async def test_a_line_that_cannot_be_opened_ends_the_connection_with_one_error():
    async with bench() as b:
        b.failure = Refusal(409, "busy", "session 's' is watching a file")
        b.types()
        await b.send(APPEND, APPEND, {"type": "input_audio_buffer.commit"})
        assert [e["error"]["code"] for e in b.sent] == ["busy"]
        assert b.protocol.fate


async def test_a_line_that_fails_for_an_unforeseen_reason_is_let_go_all_the_same():
    async with bench() as b:
        b.failure = SyntaxError("a broken module")
        b.types()
        await b.send(APPEND)
        assert [e["error"]["code"] for e in b.sent] == ["internal"]
        assert "broken" not in b.sent[0]["error"]["message"]


async def test_a_source_that_is_stopped_ends_the_connection():
    async with bench() as b:
        await b.send(APPEND)
        b.line.ended.set()
        await b.settle()
        assert b.sent[-1]["type"] == "omnilive.going_away" and b.protocol.fate


async def test_cancel_names_the_client_as_the_cause():
    async with bench() as b:
        b.tell(ResponseStarted(t=1.0, generation=1, reason="turn", question="who?"))
        b.tell(TextDelta(t=1.1, generation=1, text="A long"))
        id = b.only("response.created")["response"]["id"]
        wrong = await b.fail({"type": "response.cancel", "response_id": "resp_other"})
        assert wrong["code"] == "response_cancel_not_active"
        await b.send({"type": "response.cancel", "response_id": id})
        assert b.calls[-1] == ("cancel", "client_cancelled")
        b.tell(ResponseDone(t=1.3, generation=1, status="cancelled", text="A long", heard="A"))
        response = b.only("response.done")["response"]
        assert response["status"] == "cancelled"
        assert response["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        assert response["output"][0]["status"] == "incomplete"
        again = await b.fail({"type": "response.cancel"})
        assert again["code"] == "response_cancel_not_active"


async def test_a_response_that_is_cancelled_before_it_begins_is_over_at_once():
    async with bench() as b:
        await b.send(
            typed("why?"), {"type": "response.create", "response": {"metadata": {"a": "b"}}}
        )
        assert b.only("response.created")["response"]["metadata"] == {"a": "b"}
        await b.send({"type": "response.cancel"})
        assert b.only("response.done")["response"]["status"] == "cancelled"
        await b.send({"type": "response.create"})  # nothing is in its way
        b.tell(
            ResponseDone(t=1.3, generation=4, status="cancelled", text="", heard="", reason="typed")
        )  # the conversation was quicker than its own response
        assert b.types().count("response.done") == 2


async def test_truncation_keeps_what_was_heard():
    async with bench() as b:
        b.tell(
            ResponseStarted(t=1.0, generation=1, reason="turn", question="who?"),
            TextDelta(t=1.1, generation=1, text="A cat and a dog."),
            AudioDelta(t=1.2, generation=1, pcm=TONE, rate_hz=24000, text="A cat and a dog."),
        )
        id = b.only("response.output_item.added")["item"]["id"]
        cut = {"type": "conversation.item.truncate", "item_id": id, "content_index": 0}
        too_long = await b.fail({**cut, "audio_end_ms": 500})
        assert too_long["param"] == "audio_end_ms"
        await b.send({**cut, "audio_end_ms": 50})
        assert b.calls[-1] == ("truncate", 0.05)
        assert b.only("conversation.item.truncated")["audio_end_ms"] == 50
        b.tell(
            ResponseDone(
                t=1.3, generation=1, status="cancelled", text="A cat and a dog.", heard="A cat"
            )
        )
        await b.send({"type": "conversation.item.retrieve", "item_id": id})
        kept = b.only("conversation.item.retrieved")["item"]
        assert kept["content"] == [{"type": "output_audio", "transcript": "A cat"}]


async def test_an_item_with_an_id_of_ours_harms_nobody():
    async with bench() as b:
        b.tell(SpeechStarted(t=1.0, number=1, start_s=0.8))
        id = b.only("input_audio_buffer.speech_started")["item_id"]
        await b.send(typed("mine", id=id))
        b.types()
        turn = TurnCommitted(
            t=2.0, text="What is", utterance_numbers=(1,), start_s=1.0, end_s=1.5, addressed=True
        )
        b.tell(turn)
        assert b.only("error")["error"]["param"] == "item.id"
        b.tell(replace(turn, utterance_numbers=(2,)))
        assert b.only("input_audio_buffer.committed")["item_id"] != id


async def test_the_caption_of_a_turn_that_nobody_ends_stays_short():
    async with bench() as b:
        for number in range(100):
            b.tell(Transcript(t=2.1, number=number, text=f"word{number}"))
        assert b.sent[-1]["text"].split()[-1] == "word99"
        assert len(b.sent[-1]["text"].split()) == 16


async def test_what_is_forgotten_leaves_the_items_of_a_call():
    async with bench() as b:
        rules = {"type": "message", "role": "system"}
        secret = typed("my secret", id="item_1")
        rules |= {"content": [{"type": "input_text", "text": "Be brief."}]}
        await b.send({"type": "conversation.item.create", "item": rules}, secret)
        b.types()
        b.tell(Forgot(t=9.0, start_s=1.0, end_s=8.0))
        assert b.types() == ["conversation.item.deleted"]
        assert [item["role"] for item in b.protocol.items] == ["system"]
        late = {"item_id": secret["item"]["id"], "content_index": 0, "audio_end_ms": 10}
        await b.send({"type": "conversation.item.truncate", **late})
        assert b.types() == []  # the client could not know


async def test_items_are_listed_retrieved_and_deleted():
    async with bench() as b:
        await b.send(typed("one", id="item_1"), typed("two", id="item_2"))
        added = [e for e in b.sent if e["type"] == "conversation.item.added"]
        assert [e["previous_item_id"] for e in added] == [None, "item_1"]
        first = {**typed("zero", id="item_0"), "previous_item_id": "root"}
        b.types()
        await b.send(first)
        assert b.only("conversation.item.added")["previous_item_id"] is None
        await b.send({"type": "conversation.item.delete", "item_id": "item_1"})
        assert b.only("conversation.item.deleted")["item_id"] == "item_1"
        gone = await b.fail({"type": "conversation.item.retrieve", "item_id": "item_1"})
        assert gone["code"] == "item_not_found"
        await b.send({"type": "response.create"})
        assert b.calls[-1][1]["text"] == "zero\ntwo"
