import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from omnilive.memory.base import LogEntry
from omnilive.memory.library import Library
from omnilive.memory.store import Store
from omnilive.server import events
from omnilive.server.events import PARTIALS, Partials
from tests.server.client import Api, error_of, events_in, listening, until

pytestmark = pytest.mark.anyio


async def read(
    api: Api, path: str, count: int, headers: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """The first `count` events of a stream."""
    taken: list[dict[str, Any]] = []
    url = f"/v1/sessions{path}"
    async with asyncio.timeout(20), api.http.stream("GET", url, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async with aclosing(events_in(response.aiter_lines())) as stream:
            async for event in stream:
                taken.append(event)
                if len(taken) == count:
                    return taken
    return taken


def log(library: Library, first: int, last: int) -> None:
    """Append lines as another process does, with a connection of its own."""
    store = library.create("s")
    with store.transaction():
        for i in range(first, last + 1):
            assert store.append(i / 10, "moment", {"id": i, "text": f"line\n{i}"}) == i
    store.close()


async def test_each_line_comes_once_over_reconnections(library: Library) -> None:
    log(library, 1, 25)
    async with listening(library) as api:
        first = await read(api, "/s/events", 10)
        rest = await read(api, f"/s/events?after={first[-1]['id']}", 15)
        taken = first + rest
        assert [event["id"] for event in taken] == [str(i) for i in range(1, 26)]
        assert {event["event"] for event in taken} == {"moment"}
        assert taken[6]["data"] == {
            "seq": 7, "t": 0.7, "type": "moment", "id": 7, "text": "line\n7"
        }  # fmt: skip


async def test_the_cursor_of_a_browser_that_reconnects(library: Library) -> None:
    log(library, 1, 9)
    async with listening(library) as api:
        (event,) = await read(api, "/s/events?after=2", 1, {"Last-Event-ID": "6"})
        assert event["id"] == "7"
        (event,) = await read(api, "/s/events?after=2", 1, {"Last-Event-ID": "nonsense"})
        for far in (2**53 + 1, 2**64, -1):
            assert error_of(await api.get(f"/s/events?after={far}")) == (422, "invalid")
        assert event["id"] == "3"


async def test_more_lines_than_are_read_at_once(library: Library) -> None:
    log(library, 1, 1203)
    async with listening(library) as api:
        taken = await read(api, "/s/events", 1203)
        assert [event["data"]["seq"] for event in taken] == list(range(1, 1204))


async def test_lines_of_another_process_come_while_one_waits(library: Library) -> None:
    log(library, 1, 1)
    async with listening(library) as api:
        reading = asyncio.create_task(read(api, "/s/events", 3))
        await until(lambda: api.hub.listener_count == 1)
        log(library, 2, 3)
        assert [event["id"] for event in await reading] == ["1", "2", "3"]


async def test_bad_cursors(api: Api) -> None:
    path = await api.session()
    for after in ("-1", "x", "1.5"):
        assert error_of(await api.get(f"{path}/events?after={after}")) == (422, "invalid")


async def test_a_watched_clip_is_followed(library: Library, clip: str) -> None:
    async with listening(library) as api:
        path = await api.session()
        reading = asyncio.create_task(read(api, f"{path}/events", 10_000))
        await until(lambda: api.hub.listener_count == 1)
        await api.watched(path, clip)
        store = library.open("s")
        last = store.last_seq()
        store.close()
        assert (await api.delete(path)).status_code == 204  # which ends the stream
        taken = await reading
        assert [event["data"]["seq"] for event in taken] == list(range(1, last + 1))
        assert {"source", "percept", "moment"} <= {event["event"] for event in taken}


async def test_partials_come_without_an_id(library: Library) -> None:
    log(library, 1, 1)
    async with listening(library) as api:
        reading = asyncio.create_task(read(api, "/s/events", 2))
        await until(lambda: api.hub.listener_count == 1)
        (listener,) = api.hub._listeners["s"]
        listener({"seq": None, "t": 1.0, "type": "percept", "id": 5, "text": "he", "final": False})
        first, partial = sorted(await reading, key=lambda event: "id" not in event)
        assert first["id"] == "1" and partial["event"] == "percept"
        assert partial["data"] == {
            "t": 1.0, "type": "percept", "id": 5, "text": "he", "final": False
        }  # fmt: skip


async def test_clients_that_leave_are_forgotten(library: Library) -> None:
    log(library, 1, 1)
    async with listening(library) as api:
        await asyncio.gather(*(read(api, "/s/events", 1) for _ in range(10)))
        await until(lambda: api.hub.listener_count == 0)
        assert api.hub._listeners == {}


async def test_a_client_that_does_not_read_holds_little(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server reads on only as fast as the client does."""
    reads: list[int] = []

    def log_after(store: Store, seq: int, limit: int) -> list[LogEntry]:
        reads.append(seq)
        body = {"text": "x" * 10_000}
        return [LogEntry(seq + i, 0.0, "moment", body) for i in range(1, limit + 1)]

    monkeypatch.setattr(Store, "log_after", log_after)
    library.create("s").close()
    async with listening(library) as api:
        url = api.http.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port, limit=2**10)
        writer.write(b"GET /v1/sessions/s/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readline()
        await asyncio.sleep(0.5)
        stuck = len(reads)
        await asyncio.sleep(1.0)
        assert len(reads) == stuck  # about what the sockets hold, and no more
        writer.close()
        await until(lambda: api.hub.listener_count == 0)


async def test_a_stop_ends_the_streams(library: Library) -> None:
    log(library, 1, 1)
    async with listening(library) as api:
        reading = asyncio.create_task(read(api, "/s/events", 2))
        await until(lambda: api.hub.listener_count == 1)
        api.hub.closing = True
        assert len(await reading) == 1


async def test_a_silent_stream_is_kept_alive(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEEP_ALIVE_S", 0.3)
    library.create("s").close()
    async with listening(library) as api:
        async with api.http.stream("GET", "/v1/sessions/s/events") as response:
            lines = response.aiter_lines()
            while await anext(lines) != ": keep-alive":
                pass


def partial(id: int, text: str) -> dict[str, Any]:
    return {"seq": None, "id": id, "type": "percept", "text": text}


def test_only_the_newest_partial_of_an_utterance_waits() -> None:
    partials = Partials()
    partials.hear(partial(1, "he"))
    partials.hear(partial(2, "a"))
    partials.hear(partial(1, "hello"))
    assert [line["text"] for line in partials.take()] == ["a", "hello"]
    assert partials.take() == []


def test_no_partial_comes_after_its_final() -> None:
    partials = Partials()
    partials.hear(partial(1, "he"))
    partials.settle(LogEntry(3, 1.0, "percept", {"id": 1, "final": True}))
    partials.hear(partial(1, "hell"))
    assert partials.take() == []


def test_partials_do_not_pile_up() -> None:
    partials = Partials()
    for i in range(1000):
        partials.hear(partial(i, "x"))
    assert [line["id"] for line in partials.take()] == list(range(1000 - PARTIALS, 1000))
