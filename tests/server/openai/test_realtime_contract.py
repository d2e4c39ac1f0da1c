"""The realtime socket through the official client, with the real conversation behind it."""

import asyncio
import base64
from typing import Any

import cv2
import numpy as np
import pytest

from omnilive.memory.library import Library
from tests.server.openai.caller import PATIENCE_S, calling, conversing

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


async def test_a_typed_question_is_answered_aloud(library: Library):
    async with conversing(library) as api, calling(api) as caller, asyncio.timeout(PATIENCE_S):
        await caller.ask("What came first?")
        done = await caller.until("response.done")
        assert done["response"]["status"] == "completed"
        (item,) = done["response"]["output"]
        assert item["content"] == [
            {"type": "output_audio", "transcript": "The red car came first."}
        ]
        assert done["omnilive"]["answer"]["session"] == "s"
        assert done["omnilive"]["latency"]["first_audio_s"] > 0
        heard = caller.sound()
        assert len(heard) == pytest.approx(24000 * 0.02 * 23, rel=0.02)
        assert np.median(np.abs(heard)) == pytest.approx(0.25, abs=0.01)


async def test_a_text_turn_has_no_sound(library: Library):
    async with conversing(library) as api, calling(api) as caller, asyncio.timeout(PATIENCE_S):
        session: Any = {"type": "realtime", "output_modalities": ["text"]}
        await caller.connection.session.update(session=session)
        await caller.until("session.updated")
        await caller.ask("What came first?")
        done = await caller.until("response.done")
        assert done["response"]["output"][0]["content"] == [
            {"type": "output_text", "text": "The red car came first."}
        ]
        pieces = [e["delta"] for e in caller.of("response.output_text.delta")]
        assert "".join(pieces) == "The red car came first." and len(pieces) == 5
        assert not caller.of("response.output_audio.delta")


async def test_a_spoken_question_is_heard_and_answered(library: Library):
    async with conversing(library) as api, calling(api) as caller, asyncio.timeout(PATIENCE_S):
        await caller.say("alpha bravo charlie")
        started = await caller.until("input_audio_buffer.speech_started")
        assert 0 <= started["audio_start_ms"] < 1000
        heard = await caller.until("conversation.item.input_audio_transcription.completed")
        assert heard["transcript"] == "alpha bravo charlie"
        assert heard["item_id"] == started["item_id"]
        done = await caller.until("response.done")
        assert done["response"]["status"] == "completed" and len(caller.sound()) > 1000
        assert done["omnilive"]["reason"] == "turn"
        log = await _log(api, "turn")
        assert [(turn["role"], turn["text"]) for turn in log][:1] == [
            ("user", "alpha bravo charlie")
        ]


async def test_a_manual_turn_is_answered_when_that_is_asked_for(library: Library):
    async with conversing(library) as api, calling(api) as caller, asyncio.timeout(PATIENCE_S):
        audio: Any = {"input": {"turn_detection": None}}
        await caller.connection.session.update(session={"type": "realtime", "audio": audio})
        await caller.until("session.updated")
        await caller.say("delta echo", silence_s=0.1)
        await caller.connection.input_audio_buffer.commit()
        await caller.connection.response.create()
        committed = await caller.until("input_audio_buffer.committed")
        heard = await caller.until("conversation.item.input_audio_transcription.completed")
        assert heard["transcript"] == "delta echo" and heard["item_id"] == committed["item_id"]
        done = await caller.until("response.done")
        assert done["response"]["status"] == "completed"
        assert not caller.of("input_audio_buffer.speech_started")
        assert len(caller.of("response.created")) == 1


async def test_a_response_is_cancelled(library: Library):
    async with (
        conversing(library, letter_s=0.3) as api,
        calling(api) as caller,
        asyncio.timeout(PATIENCE_S),
    ):
        await caller.ask("What came first?")
        await caller.until("response.output_audio.delta")
        await caller.connection.response.cancel()
        done = await caller.until("response.done")
        assert done["response"]["status"] == "cancelled"
        assert done["response"]["status_details"]["reason"] == "client_cancelled"
        assert len(done["omnilive"]["heard"]) < len("The red car came first.")
        await caller.ask("And then?")
        again = await caller.until("response.created")
        assert again["response"]["id"] != done["response"]["id"]


async def test_speech_interrupts_and_the_client_says_what_it_played(library: Library):
    async with (
        conversing(library, letter_s=0.3) as api,
        calling(api) as caller,
        asyncio.timeout(PATIENCE_S),
    ):
        await caller.ask("What came first?")
        item = (await caller.until("response.output_item.added"))["item"]
        await caller.until("response.output_audio.delta")
        await caller.say("alpha bravo charlie delta")
        done = await caller.until("response.done")
        assert done["response"]["status_details"]["reason"] == "turn_detected"
        types = [event["type"] for event in caller.events]
        assert types.index("omnilive.paused") < types.index("input_audio_buffer.speech_started")
        await caller.connection.conversation.item.truncate(
            item_id=item["id"], content_index=0, audio_end_ms=200
        )
        while len(caller.of("response.created")) < 2:  # to what interrupted
            await caller.next()
        if not caller.of("conversation.item.truncated"):
            await caller.until("conversation.item.truncated")
        assert not caller.of("error")
        turns = await _log(api, "turn")
        assert turns[0]["text"] == "What came first?"


async def test_pictures_may_be_asked_about(library: Library):
    jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), (0, 0, 220), np.uint8))[1].tobytes()
    url = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
    async with conversing(library) as api, calling(api) as caller, asyncio.timeout(PATIENCE_S):
        content = [
            {"type": "input_image", "image_url": url},
            {"type": "input_text", "text": "What is this?"},
        ]
        item: Any = {"type": "message", "role": "user", "content": content}
        await caller.connection.conversation.item.create(item=item)
        await caller.connection.response.create()
        done = await caller.until("response.done")
        assert done["response"]["status"] == "completed", done
        assert done["response"]["usage"]["output_tokens"] > 0


async def test_video_is_perceived_and_remembered(library: Library):
    jpeg = cv2.imencode(".jpg", np.full((64, 96, 3), (0, 0, 220), np.uint8))[1].tobytes()
    event: Any = {"type": "input_video_buffer.append", "image": base64.b64encode(jpeg).decode()}
    async with conversing(library) as api, calling(api) as caller, asyncio.timeout(PATIENCE_S):
        for i in range(12):
            await caller.connection.send({**event, "timestamp_ms": 250 * i})
            await asyncio.sleep(0.25)
        found: list[dict[str, Any]] = []
        while not found:
            await asyncio.sleep(0.1)
            found = await _log(api, "percept")
        assert any("car" in line["text"] for line in found)  # the fakes' red


async def test_an_error_names_its_cause_and_hurts_nobody(library: Library):
    async with (
        conversing(library) as api,
        calling(api) as caller,
        calling(api) as other,
        asyncio.timeout(PATIENCE_S),
    ):
        bad: Any = {"type": "session.update", "event_id": "evt_7", "session": {"type": "x"}}
        await caller.connection.send(bad)
        error = (await caller.next())["error"]
        assert error["event_id"] == "evt_7" and error["param"] == "session.type"
        for waiting in (caller, other):  # two tabs on one session
            await waiting.ask("What came first?")
        for waiting in (caller, other):
            done = await waiting.until("response.done")
            assert done["response"]["status"] == "completed"


async def test_a_function_is_called_and_its_result_answered(library: Library):
    script = ('call light {"on": true}', "The light is on.")
    tool = {"type": "function", "name": "light", "parameters": {"type": "object"}}
    async with (
        conversing(library, script=script) as api,
        calling(api) as caller,
        asyncio.timeout(PATIENCE_S),
    ):
        session: Any = {"type": "realtime", "tools": [tool]}
        await caller.connection.session.update(session=session)
        await caller.say("alpha bravo")  # also where nobody sends response.create
        done = await caller.until("response.done")
        (call,) = done["response"]["output"]
        assert (call["type"], call["name"], call["arguments"]) == (
            "function_call", "light", '{"on": true}',
        )  # fmt: skip
        output: Any = {
            "type": "function_call_output", "call_id": call["call_id"], "output": "done",
        }  # fmt: skip
        await caller.connection.conversation.item.create(item=output)
        await caller.connection.response.create()
        done = await caller.until("response.done")
        assert done["response"]["output"][0]["content"][0]["transcript"] == "The light is on."


async def _log(api: Any, type: str) -> list[dict[str, Any]]:
    """All lines of a type in the log of the session."""
    entries = await api.hub.read("s", lambda store: store.log_after(0, 1000))
    return [entry.body for entry in entries if entry.type == type]
