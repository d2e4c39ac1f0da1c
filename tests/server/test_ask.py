import json

import numpy as np
import pytest

from omnilive.config import SessionConfig
from omnilive.core.errors import ConfigError
from omnilive.core.events import Answer, Percept
from omnilive.memory.library import Library
from omnilive.perception.still import as_jpeg
from omnilive.reasoning.base import Message, ToolCall
from omnilive.reasoning.config import OpenAIConfig, ReasoningConfig
from tests.server.client import NO_MODELS, Api, error_of, served

pytestmark = pytest.mark.anyio
STREAM = {"accept": "text/event-stream"}


def remember(library: Library, text: str) -> None:
    store = library.open("s")
    store.put_fact(
        "1", Percept(t=2.0, kind="speech", start_s=1.0, end_s=2.0, text=text, confidence=0.9)
    )
    store.close()


async def test_an_answer_has_the_public_form(api: Api, library: Library) -> None:
    path = await api.session()
    remember(library, "The red door is open.")
    response = await api.post(f"{path}/ask", {"question": " What was said? ", "t": None})
    assert response.status_code == 200
    answer = response.json()
    assert answer["type"] == "answer" and answer["session"] == "s"
    assert answer["question"] == "What was said?" and answer["text"] == "It was a test."
    assert answer["t"] == 2.0 and answer["model"] == "scripted"
    assert set(answer["timing"]) == {"recall_s", "first_token_s", "total_s"}
    (evidence,) = answer["evidence"]
    assert evidence["kind"] == "speech" and evidence["text"] == "The red door is open."
    assert (evidence["start_s"], evidence["end_s"], evidence["keyframe"]) == (1.0, 2.0, None)


async def test_what_came_later_is_not_known(api: Api, library: Library) -> None:
    path = await api.session()
    remember(library, "The red door is open.")
    answer = (await api.post(f"{path}/ask", {"question": "What was said?", "t": 0.5})).json()
    assert answer["t"] == 0.5 and answer["evidence"] == []


async def test_the_answer_comes_as_events(api: Api, library: Library) -> None:
    path = await api.session()
    response = await api.post(f"{path}/ask", {"question": "What was said?"}, headers=STREAM)
    assert response.headers["content-type"].startswith("text/event-stream")
    events = [dict(line.split(": ", 1) for line in event.splitlines())
              for event in response.text.strip().split("\n\n")]  # fmt: skip
    *deltas, last = [(event["event"], json.loads(event["data"])) for event in events]
    assert {name for name, _ in deltas} == {"delta"} and last[0] == "answer"
    assert "".join(data["text"] for _, data in deltas) == last[1]["text"] == "It was a test."


async def test_while_watching(api: Api, long_clip: str) -> None:
    path = await api.session()
    await api.watch(path, long_clip, "live")
    await api.until_seen(path, 0.5)
    before = (await api.sources(path))[0]["position_s"]
    answer = (await api.post(f"{path}/ask", {"question": "What do you see?"})).json()
    assert answer["t"] >= before
    (logged,) = api.hub.running["s"].session.store.log_of("answer")
    assert logged.body["text"] == answer["text"]
    streamed = await api.post(f"{path}/ask", {"question": "What do you see?"}, headers=STREAM)
    assert streamed.text.count("event: delta") > 2 and "event: answer" in streamed.text
    await api.until_seen(path, before + 0.5)  # watching goes on


@pytest.mark.parametrize("headers", [{}, STREAM])
async def test_empty_questions(api: Api, headers: dict[str, str]) -> None:
    path = await api.session()
    response = await api.post(f"{path}/ask", {"question": "  "}, headers=headers)
    assert error_of(response) == (400, "config")
    assert "ask something" in response.json()["error"]["message"]


@pytest.mark.parametrize("body", [{}, {"question": 1}, {"question": "a", "t": "now"}, [], None])
async def test_bad_bodies(api: Api, body: object) -> None:
    path = await api.session()
    assert error_of(await api.post(f"{path}/ask", body)) == (422, "invalid")


async def test_a_question_too_long(api: Api) -> None:
    path = await api.session()
    assert error_of(await api.post(f"{path}/ask", {"question": "a" * 5000})) == (422, "invalid")


@pytest.mark.parametrize("headers", [{}, STREAM])
async def test_a_model_that_is_away(
    library: Library, headers: dict[str, str], unused_tcp_port: int
) -> None:
    away = OpenAIConfig(base_url=f"http://127.0.0.1:{unused_tcp_port}/v1", model="m")
    reasoning = ReasoningConfig(backend="openai", openai=away)
    config = SessionConfig(
        perception=NO_MODELS.perception, memory=NO_MODELS.memory, reasoning=reasoning
    )
    async with served(library, config) as api:
        path = await api.session()
        response = await api.post(f"{path}/ask", {"question": "Who?"}, headers=headers)
        assert error_of(response) == (503, "backend")


async def test_an_unknown_backend(library: Library) -> None:
    config = NO_MODELS.model_copy(update={"reasoning": ReasoningConfig(backend="oracle")})
    async with served(library, config) as api:
        path = await api.session()
        response = await api.post(f"{path}/ask", {"question": "Who?"})
        assert error_of(response) == (400, "config") and "oracle" in response.text


async def test_pictures_functions_and_a_dialogue_pass_through_at_rest(library: Library) -> None:
    reasoning = ReasoningConfig(backend="scripted", script=("call light", "It is on."))
    config = NO_MODELS.model_copy(update={"reasoning": reasoning})
    async with served(library, config) as api:
        await api.session()
        tool = {"type": "function", "name": "light"}
        jpeg = as_jpeg(np.zeros((40, 60, 3), np.uint8))
        ask = api.hub.answer("s", "What is this?", None, tools=[tool], images=[jpeg])
        call, answer = [piece async for piece in ask]
        assert isinstance(call, ToolCall) and isinstance(answer, Answer) and answer.seq is None
        history = [Message(role="user", text="Light!"),
                   Message(role="assistant", text="", tool_calls=(call,)),
                   Message(role="tool", text="done", call_id=call.call_id)]  # fmt: skip
        *_, answer = [piece async for piece in api.hub.answer("s", "", None, history=history)]
        assert isinstance(answer, Answer) and answer.question == "Light!" and answer.seq == 1
        with pytest.raises(ConfigError, match="empty"):
            await anext(api.hub.answer("s", "", None))
