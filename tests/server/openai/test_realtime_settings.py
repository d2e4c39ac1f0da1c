"""Settings of a realtime session, right and wrong; events that are none; too many of them."""

import json
from typing import Any

import pytest

from tests.server.openai.talk import APPEND, answer_aloud, base64_of, bench, jpeg, typed

pytestmark = pytest.mark.anyio


async def test_settings_become_how_the_conversation_behaves():
    async with bench() as b:
        await b.send(APPEND)
        vad = {"type": "server_vad", "silence_duration_ms": 700, "interrupt_response": False}
        change = {
            "type": "realtime", "instructions": "Be brief.", "tool_choice": "none",
            "audio": {"input": {"turn_detection": vad, "transcription": {"model": "whisper-1"}}},
            "omnilive": {"answer": "wake_word", "wake_words": ["robot"]},
            "truncation": "auto", "max_output_tokens": 100,
        }  # fmt: skip
        await b.send({"type": "session.update", "session": change})
        name, config = b.calls[-1]
        assert name == "update" and config.end_of_turn == "silence"
        assert (config.max_delay_s, config.interrupt) == (0.7, False)
        assert (config.answer, config.wake_words) == ("wake_word", ("robot",))
        assert b.line.conversation.briefed["instructions"] == "Be brief."
        session = b.only("session.updated")["session"]
        assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 700
        assert session["audio"]["input"]["transcription"] == {"model": "whisper-1"}
        assert session["max_output_tokens"] == 100
        eager = {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "low",
                                                        "create_response": False}}}}  # fmt: skip
        await b.send({"type": "session.update", "session": {"type": "realtime", **eager}})
        config = b.calls[-1][1]
        assert (config.end_of_turn, config.answer) == ("smart-turn", "off")
        assert config.threshold > 0.5


@pytest.mark.parametrize(
    ("change", "param"),
    [
        (None, "session"),
        ({"type": "transcription"}, "session.type"),
        ({"model": "gpt-realtime"}, "session.model"),
        ({"colour": 1}, "session.colour"),
        ({"output_modalities": ["text", "audio"]}, "session.output_modalities"),
        ({"output_modalities": "text"}, "session.output_modalities"),
        ({"instructions": 5}, "session.instructions"),
        ({"tools": [{"type": "mcp"}]}, "session.tools[0]"),
        ({"tool_choice": "required"}, "session.tool_choice"),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}},
         "session.audio.input.format.rate"),
        ({"audio": {"output": {"speed": 1.5}}}, "session.audio.output.speed"),
        ({"audio": {"input": {"turn_detection": {"type": "vad"}}}},
         "session.audio.input.turn_detection.type"),
        ({"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": "a"}}}},
         "session.audio.input.turn_detection.threshold"),
        ({"audio": {"sideways": {}}}, "session.audio.sideways"),
        ({"omnilive": {"answer": "never"}}, "session.omnilive.answer"),
        ({"omnilive": {"wake_words": []}}, "session.omnilive.wake_words"),
    ],
)  # fmt: skip
async def test_wrong_settings_change_nothing(change: Any, param: str):
    async with bench() as b:
        before = b.protocol.terms
        error = await b.fail({"type": "session.update", "session": change, "event_id": "e9"})
        assert error["param"] == param and error["event_id"] == "e9"
        assert b.protocol.terms == before


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ("{", "invalid_json"),
        ("[" * 100_000, "invalid_json"),
        ("[]", "invalid_json"),
        ('{"type": "session.update", "session": {"tools": [NaN]}}', "invalid_json"),
        ('{"type": "\\ud800"}', "invalid_json"),
        (b"\x00\x01", "invalid_value"),
        ({"type": "session.destroy"}, "invalid_value"),
        ({"type": ["x"]}, "invalid_value"),
        ({}, "invalid_value"),
        ({"type": "input_audio_buffer.append"}, "invalid_value"),
        ({"type": "input_audio_buffer.append", "audio": "%%%"}, "invalid_base64"),
        ({"type": "input_audio_buffer.append", "audio": base64_of(b"abc")}, "invalid_audio"),
        ({"type": "input_audio_buffer.append", "audio": "A" * 6_000_000}, "too_large"),
        ({"type": "input_audio_buffer.commit"}, "input_audio_buffer_commit_empty"),
        ({"type": "input_video_buffer.append", "image": base64_of(b"GIF89a")}, "invalid_image"),
        ({"type": "input_video_buffer.append", "image": base64_of(jpeg()[:200])}, "invalid_image"),
        ({"type": "input_video_buffer.append", "image": 5}, "invalid_value"),
        ({"type": "input_video_buffer.append", "image": base64_of(jpeg()), "timestamp_ms": "x"},
         "invalid_value"),
        ({"type": "conversation.item.create"}, "invalid_value"),
        ({"type": "conversation.item.create", "item": {"type": "mcp_call"}},
         "unsupported_content"),
        (typed("", content=[{"type": "input_audio", "audio": "AAAA"}]), "unsupported_content"),
        (typed("", content=[{"type": "input_image", "image_url": "http://127.0.0.1/a.jpg"}]),
         "unsupported_image_url"),
        (typed("x", role="robot"), "invalid_value"),
        (typed("x", id=7), "invalid_value"),
        ({**typed("x"), "previous_item_id": "item_none"}, "item_not_found"),
        ({"type": "conversation.item.delete", "item_id": "item_none"}, "item_not_found"),
        ({"type": "conversation.item.truncate", "item_id": "item_none", "audio_end_ms": 1,
          "content_index": 0}, "item_not_found"),
        ({"type": "response.cancel"}, "response_cancel_not_active"),
        ({"type": "response.create", "response": {"conversation": "none"}},
         "unsupported_parameter"),
        ({"type": "response.create", "response": {"metadata": {"a": 1}}}, "invalid_value"),
        ({"type": "response.create", "response": []}, "invalid_value"),
    ],
)  # fmt: skip
async def test_bad_events_are_answered_and_forgotten(event: Any, code: str):
    async with bench() as b:
        if isinstance(event, dict):
            event = {**event, "event_id": "mine"}
        error = await b.fail(event)
        assert error["code"] == code
        assert error["event_id"] == ("mine" if isinstance(event, dict) else None)
        await b.send(typed("still here?"), {"type": "response.create"})
        assert b.calls[-1][1]["text"] == "still here?"


async def test_one_response_at_a_time_and_not_too_many():
    async with bench(responses_per_minute=2) as b:
        await b.send(typed("one"), {"type": "response.create"})
        busy = await b.fail({"type": "response.create"})
        assert busy["code"] == "conversation_already_has_active_response"
        answer_aloud(b, 1, "typed")
        assert b.only("rate_limits.updated")["rate_limits"][0]["remaining"] == 1
        await b.send({"type": "response.create"})
        answer_aloud(b, 2, "create")
        limited = await b.fail({"type": "response.create"})
        assert limited["code"] == "rate_limit_exceeded"


async def test_a_flood_is_dropped_with_an_error():
    async with bench() as b:
        b.types()
        for _ in range(600):
            b.protocol.handle({"type": "input_audio_buffer.clear"})
        errors = [e for e in b.sent if e["type"] == "error"]
        assert len(errors) == 88 and errors[0]["error"]["code"] == "too_fast"
        await b.settle()
        assert b.types().count("input_audio_buffer.cleared") == 512
        large = APPEND["audio"] * 2**8  # 3 MiB
        for _ in range(20):
            b.protocol.handle(json.dumps({"type": "x", "audio": large}))
        assert {e["error"]["code"] for e in b.sent} == {"too_fast"}
        assert 10 < len(b.sent) < 15
        await b.settle()
        b.types()
        await b.send(APPEND)
        assert b.types() == []
