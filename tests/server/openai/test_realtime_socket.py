"""Connections that go wrong: a documented status, close code or event each, and no harm done."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from omnilive.memory.library import Library
from tests.server.client import Api, listening, until
from tests.server.openai.caller import PATIENCE_S, calling, conversing, spoken
from tests.server.openai.wire import check

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]
TOKEN = "a-long-random-token"


def address(api: Api, query: str = "session=s") -> str:
    return str(api.http.base_url).replace("http", "ws").rstrip("/") + f"/v1/realtime?{query}"


async def greeted(socket: ClientConnection) -> dict[str, Any]:
    event = json.loads(await socket.recv())
    check(event)
    assert event["type"] == "session.created"
    return event["session"]


async def status_of(url: str, **more: Any) -> int:
    """The HTTP status that refuses a handshake, 101 when nothing does."""
    try:
        async with connect(url, **more) as socket:
            await greeted(socket)
            return 101
    except InvalidStatus as refused:
        assert "error" in json.loads(refused.response.body)
        return refused.response.status_code


async def test_a_session_is_named_by_itself_or_as_a_model(library: Library):
    library.create("s").close()
    async with listening(library) as api:
        for query in ("session=s", "model=omnilive:s"):
            async with connect(address(api, query)) as socket:
                assert (await greeted(socket))["model"] == "omnilive:s"
        for query in ("session=none", "model=gpt-realtime", "session=../x", ""):
            assert await status_of(address(api, query)) == 404


async def test_the_token_comes_by_header_or_subprotocol(library: Library):
    library.create("s").close()
    async with listening(library, token=TOKEN) as api:
        url = address(api)
        assert await status_of(url) == 401
        assert await status_of(f"{url}&token={TOKEN}") == 401  # addresses are written down
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert await status_of(url, additional_headers=bearer) == 101
        wrong: Any = ["realtime", "openai-insecure-api-key.wrong"]
        assert await status_of(url, subprotocols=wrong) == 401
        right: Any = ["realtime", f"openai-insecure-api-key.{TOKEN}"]
        async with connect(url, subprotocols=right) as socket:
            await greeted(socket)
            assert socket.subprotocol == "realtime"  # else a browser would hang up
        async with calling(api, key=TOKEN) as caller:
            assert caller.events[0]["type"] == "session.created"


async def test_other_sites_and_names_are_refused(library: Library):
    library.create("s").close()
    async with listening(library) as api:
        url = address(api)
        assert await status_of(url, origin="https://evil.example") == 403
        own = str(api.http.base_url).rstrip("/")
        assert await status_of(url, origin=own) == 101
        head = (
            "GET /v1/realtime?session=s HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        port = api.http.base_url.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode())
        assert b" 403 " in await reader.readline()
        writer.close()


async def test_fifty_at_once_meet_the_limit_and_the_rest_are_served(library: Library):
    library.create("s").close()
    async with listening(library, sockets_max=20) as api, asyncio.timeout(60):
        enough, served = asyncio.Event(), 0

        async def one() -> int:
            nonlocal served
            try:
                async with connect(address(api), open_timeout=50) as socket:
                    await greeted(socket)
                    served += 1
                    await enough.wait()
                    return 101
            except InvalidStatus as refused:
                assert refused.response.headers["Retry-After"]
                return refused.response.status_code

        callers = [asyncio.create_task(one()) for _ in range(50)]
        await until(lambda: sum(t.done() for t in callers) >= 30 and served >= 20, 50)
        enough.set()
        results = await asyncio.gather(*callers)
        assert sorted(set(results)) == [101, 429] and results.count(101) == 20
        async with connect(address(api)) as socket:  # there is room again
            await greeted(socket)


async def test_a_client_that_never_reads_is_let_go(library: Library):
    async with conversing(library) as api, asyncio.timeout(60):
        async with connect(address(api), max_queue=1, ping_interval=None) as deaf:
            item = {"type": "message", "role": "user", "id": "long",
                    "content": [{"type": "input_text", "text": "x" * 50_000}]}  # fmt: skip
            await deaf.send(json.dumps({"type": "conversation.item.create", "item": item}))
            again = json.dumps({"type": "conversation.item.retrieve", "item_id": "long"})
            with pytest.raises((ConnectionClosed, TimeoutError)):
                async with asyncio.timeout(20):
                    for _ in range(2000):  # 100 MB of answers, if they were all kept
                        await deaf.send(again)
                    await asyncio.sleep(20)
            async with calling(api) as caller:  # nobody else has noticed
                await caller.ask("What came first?")
                assert (await caller.until("response.done"))["response"]["status"] == "completed"
            deaf.transport.abort()
        await api.at_rest("/s")


async def test_nonsense_is_answered_and_the_connection_goes_on(library: Library):
    async with conversing(library) as api, asyncio.timeout(PATIENCE_S):
        async with connect(address(api), max_size=None) as socket:
            await greeted(socket)
            for nonsense in ("{", b"\x00\x01", '{"type": "x"}', '"x"', "9" * 5000):
                await socket.send(nonsense)
                event = json.loads(await socket.recv())
                check(event)
                assert event["type"] == "error" and event["error"]["code"]
            with pytest.raises(ConnectionClosed) as closed:
                await socket.send("x" * 17 * 2**20)
                await socket.recv()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


async def test_a_client_that_vanishes_leaves_nothing_behind(library: Library):
    async with conversing(library) as api, asyncio.timeout(PATIENCE_S):
        socket = await connect(address(api))
        for piece in spoken("alpha bravo"):
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": piece}))
        await until(lambda: bool(api.hub.lines.open))
        socket.transport.abort()
        await until(lambda: not api.hub.lines.open)
        await api.at_rest("/s")
        (source,) = await api.sources("/s")
        assert source["state"] in ("ended", "interrupted")


async def test_a_stopping_server_says_so(library: Library):
    async with conversing(library) as api, calling(api) as caller, asyncio.timeout(PATIENCE_S):
        await caller.ask("What came first?")
        await caller.until("response.done")
        api.hub.closing = True
        assert (await caller.until("omnilive.going_away"))["reason"]
        with pytest.raises(ConnectionClosed) as closed:
            await caller.next()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001


async def test_a_source_that_is_stopped_ends_its_call(library: Library):
    async with conversing(library) as api, calling(api) as caller, asyncio.timeout(PATIENCE_S):
        await caller.say("alpha")
        await until(lambda: bool(api.hub.lines.open))
        (source,) = await api.sources("/s")
        assert (await api.delete(f"/s/sources/{source['id']}")).status_code == 204
        await caller.until("omnilive.going_away")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await caller.next()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013


async def test_a_session_that_cannot_be_joined_says_why(library: Library, long_clip: str):
    async with conversing(library) as api, calling(api) as caller, asyncio.timeout(PATIENCE_S):
        await api.watch("/s", long_clip, pace="live")
        await caller.say("alpha")
        error = await caller.next()
        while error["type"] != "error":
            error = await caller.next()
        assert error["error"]["code"] == "busy"
        with pytest.raises(ConnectionClosed) as closed:
            await caller.next()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013


async def test_more_talkers_than_sources_are_turned_away(library: Library):
    async with conversing(library, sources_max=1) as api, asyncio.timeout(PATIENCE_S):
        async with calling(api) as first, calling(api) as second:
            await first.ask("What came first?")
            await first.until("response.created")
            await second.ask("What came first?")
            while (event := await second.next())["type"] != "error":
                pass
            assert event["error"]["code"] == "full"
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    await second.next()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1013
            done = await first.until("response.done")
            assert done["response"]["status"] == "completed"
