"""Chat completions, mostly through the official client."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import cv2
import numpy as np
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from omnilive.memory.library import Library
from omnilive.reasoning.config import ReasoningConfig
from tests.server.client import NO_MODELS, Api, listening, served

pytestmark = pytest.mark.anyio
MODEL = "omnilive:s"
ASK: Any = [{"role": "user", "content": "What was said?"}]
TOOL: Any = {"type": "function", "function": {"name": "light", "parameters": {"type": "object"}}}


@pytest.fixture
async def api(library: Library) -> AsyncIterator[Api]:
    script = ("It was a test.", 'call light {"on": true}', "The light is on.", "Fine.")
    reasoning = ReasoningConfig(backend="scripted", script=script)
    async with listening(library, NO_MODELS.model_copy(update={"reasoning": reasoning})) as api:
        await api.session("s")
        yield api


@pytest.fixture
async def client(api: Api) -> AsyncIterator[AsyncOpenAI]:
    url = f"{str(api.http.base_url).rstrip('/')}/v1"
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        yield client


def picture(format: str = "jpeg") -> str:
    rgb = np.full((24, 32, 3), 90, np.uint8)
    data = cv2.imencode(f".{format}", rgb)[1].tobytes()
    return f"data:image/{format};base64,{base64.b64encode(data).decode()}"


async def test_sessions_are_models(client: AsyncOpenAI):
    (model,) = (await client.models.list()).data
    assert (model.id, model.owned_by, model.object) == (MODEL, "omnilive", "model")
    assert (await client.models.retrieve(MODEL)).created == model.created
    for unknown in ("omnilive:none", "gpt-5", "omnilive:../x"):
        with pytest.raises(openai.NotFoundError) as caught:
            await client.models.retrieve(unknown)
        assert caught.value.code == "model_not_found"


async def test_an_answer_comes_whole(client: AsyncOpenAI):
    made = await client.chat.completions.create(model=MODEL, messages=ASK)
    (choice,) = made.choices
    assert choice.message.content == "It was a test." and choice.finish_reason == "stop"
    assert made.object == "chat.completion" and made.id.startswith("chatcmpl-")
    assert made.usage is not None
    assert made.usage.total_tokens == made.usage.prompt_tokens + made.usage.completion_tokens > 0
    ours = made.model_extra["omnilive"] if made.model_extra else {}
    assert ours["session"] == "s" and ours["model"] == "scripted" and ours["evidence"] == []


async def test_the_synchronous_client_works_too(api: Api):
    def call() -> str | None:
        with OpenAI(
            base_url=f"{str(api.http.base_url).rstrip('/')}/v1", api_key="none", max_retries=0
        ) as client:
            made = client.chat.completions.create(model=MODEL, messages=ASK)
            return made.choices[0].message.content

    assert await asyncio.to_thread(call) == "It was a test."


async def test_an_answer_comes_in_pieces(client: AsyncOpenAI):
    stream = await client.chat.completions.create(
        model=MODEL, messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    pieces = [c.choices[0].delta.content for c in chunks if c.choices]
    assert [p for p in pieces if p] == ["It", " was", " a", " test."]
    assert chunks[0].choices[0].delta.role == "assistant"
    *_, last, usage = chunks
    assert last.choices[0].finish_reason == "stop"
    assert last.model_extra and last.model_extra["omnilive"]["session"] == "s"
    assert usage.choices == [] and usage.usage is not None and usage.usage.completion_tokens == 5
    assert len({c.id for c in chunks}) == 1 and all(c.model == MODEL for c in chunks)


async def test_without_asking_for_it_no_usage_is_streamed(client: AsyncOpenAI):
    stream = await client.chat.completions.create(model=MODEL, messages=ASK, stream=True)
    assert all([chunk.usage is None and chunk.choices async for chunk in stream])


async def test_pictures_are_taken_along(client: AsyncOpenAI):
    for format in ("jpeg", "png", "webp"):
        content: Any = [
            {"type": "text", "text": "What is it?"},
            {"type": "image_url", "image_url": {"url": picture(format)}},
        ]
        messages: Any = [{"role": "user", "content": content}]
        made = await client.chat.completions.create(model=MODEL, messages=messages)
        assert made.choices[0].message.content is not None
        assert made.usage and made.usage.prompt_tokens > 85


async def test_functions_are_called_and_their_results_heard(client: AsyncOpenAI):
    messages: Any = [{"role": "system", "content": "Be brief."}, *ASK]
    await client.chat.completions.create(model=MODEL, messages=messages)  # the first line
    made = await client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])
    (choice,) = made.choices
    assert choice.finish_reason == "tool_calls" and choice.message.tool_calls
    call: Any = choice.message.tool_calls[0]
    assert (call.function.name, json.loads(call.function.arguments)) == ("light", {"on": True})
    said: Any = choice.message.model_dump(exclude_none=True)
    result: Any = {"role": "tool", "tool_call_id": call.id, "content": "done"}
    made = await client.chat.completions.create(
        model=MODEL, messages=[*messages, said, result], tools=[TOOL]
    )
    assert made.choices[0].message.content == "The light is on."


async def test_a_call_is_streamed(client: AsyncOpenAI):
    await client.chat.completions.create(model=MODEL, messages=ASK)
    stream = await client.chat.completions.create(
        model=MODEL, messages=ASK, tools=[TOOL], stream=True
    )
    chunks = [chunk async for chunk in stream]
    (delta,) = [c.choices[0].delta.tool_calls for c in chunks if c.choices[0].delta.tool_calls]
    assert delta[0].function and delta[0].function.name == "light" and delta[0].index == 0
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


async def test_what_only_tunes_the_wording_is_ignored(client: AsyncOpenAI):
    made = await client.chat.completions.create(
        model=MODEL, messages=ASK, temperature=0.3, top_p=0.9, max_tokens=50, seed=7, user="u",
        presence_penalty=0.1, response_format={"type": "text"}, n=1, tool_choice="auto",
    )  # fmt: skip
    assert made.choices[0].message.content == "It was a test."


WRONG: list[tuple[dict[str, Any], str, str]] = [
        ({"n": 2}, "unsupported_value", "n"),
        ({"logprobs": True}, "unsupported_parameter", "logprobs"),
        ({"stop": ["x"]}, "unsupported_parameter", "stop"),
        ({"colour": 1}, "unknown_parameter", "colour"),
        ({"response_format": {"type": "json_object"}}, "unsupported_value", "response_format"),
        ({"modalities": ["text", "audio"]}, "unsupported_value", "modalities"),
        ({"tools": [{"type": "custom"}]}, "invalid_value", "tools[0]"),
        ({"tool_choice": "required"}, "unsupported_value", "tool_choice"),
        ({"messages": []}, "invalid_value", "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "invalid_value", "messages[0].role"),
        ({"messages": [{"role": "user", "content": " "}]}, "invalid_value", "messages"),
        ({"messages": [{"role": "user", "content": 5}]}, "invalid_value", "messages[0].content"),
        ({"messages": [{"role": "system", "content": "x"}]}, "invalid_value", "messages"),
        ({"messages": [*ASK, {"role": "assistant", "content": "x"}]}, "invalid_value", "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "invalid_value",
         "messages[0].tool_call_id"),
        ({"messages": 5}, "invalid_value", "messages"),
        ({"model": "gpt-5"}, "model_not_found", "model"),
        ({"omnilive": {"t": "now"}}, "invalid_value", "omnilive.t"),
]  # fmt: skip


async def test_wrong_requests_are_refused_in_their_shape(library: Library):
    async with served(library) as api:
        await api.session("s")
        for change, code, param in WRONG:
            body = {"model": MODEL, "messages": ASK, **change}
            response = await api.http.post("/v1/chat/completions", json=body)
            error = response.json()["error"]
            assert set(error) == {"message", "type", "param", "code"}
            assert (error["code"], error["param"]) == (code, param)
            assert response.status_code == (404 if code == "model_not_found" else 400)
            assert error["message"] and error["type"] == "invalid_request_error"


BAD_PICTURES: list[tuple[Any, str]] = [
        ("https://example.com/cat.jpg", "unsupported_image_url"),
        ("http://127.0.0.1/cat.jpg", "unsupported_image_url"),
        ("file:///etc/passwd", "unsupported_image_url"),
        ("data:image/png,abc", "invalid_image"),
        ("data:image/png;base64,@@@", "invalid_base64"),
        ("data:image/gif;base64,R0lGODlhAQABAAAAACw=", "invalid_image"),
        (picture()[:-200], "invalid_image"),
        ("data:text/plain;base64," + base64.b64encode(b"#EXTM3U\nhttp://127.0.0.1/").decode(),
         "invalid_image"),
        (None, "invalid_value"),
]  # fmt: skip


async def test_bad_pictures_are_refused(client: AsyncOpenAI):
    for url, code in BAD_PICTURES:
        content: Any = [{"type": "image_url", "image_url": {"url": url}}]
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": content}]
            )
        assert caught.value.code == code
        assert caught.value.param == "messages[0].content[0].image_url"


async def test_a_picture_that_claims_to_be_huge_costs_nothing(client: AsyncOpenAI):
    data = bytearray(base64.b64decode(picture().partition(",")[2]))
    at = data.find(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    url = "data:image/jpeg;base64," + base64.b64encode(bytes(data)).decode()
    content: Any = [{"type": "image_url", "image_url": {"url": url}}]
    async with asyncio.timeout(5):
        with pytest.raises(openai.BadRequestError):
            await client.chat.completions.create(
                model=MODEL, messages=[{"role": "user", "content": content}]
            )


async def test_broken_json_and_large_bodies_are_refused(library: Library):
    async with listening(library, chat_max_bytes=5000) as api:
        broken = await api.http.post(
            "/v1/chat/completions", content=b"{", headers={"content-type": "application/json"}
        )
        assert broken.status_code == 400 and broken.json()["error"]["type"]
        for text in ("\ud800", "x\udfff"):
            body = json.dumps({"model": text, "messages": [{"role": "user", "content": text}]})
            half = await api.http.post(
                "/v1/chat/completions", content=body, headers={"content-type": "application/json"}
            )
            assert (half.status_code, half.json()["error"]["code"]) == (400, "invalid_json")
        large: Any = {"model": MODEL, "messages": [{"role": "user", "content": "x" * 9000}]}
        assert (await api.http.post("/v1/chat/completions", json=large)).status_code == 413


async def test_the_token_is_the_api_key(library: Library):
    async with listening(library, token="a-long-random-token") as api:
        library.create("s").close()
        url = f"{str(api.http.base_url).rstrip('/')}/v1"
        async with AsyncOpenAI(base_url=url, api_key="wrong", max_retries=0) as client:
            with pytest.raises(openai.AuthenticationError):
                await client.models.list()
        async with AsyncOpenAI(base_url=url, api_key="a-long-random-token") as client:
            made = await client.chat.completions.create(model=MODEL, messages=ASK)
            assert made.choices[0].message.content == "It was a test."
