"""Alerts arrive in order and once each: with receivers that are down, slow, or lose answers."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnilive.dialogue.watches.deliver.config import DeliveryConfig
from omnilive.dialogue.watches.deliver.courier import Courier
from omnilive.dialogue.watches.deliver.webhook import WebhookSender
from omnilive.memory.store import Store
from omnilive.memory.watches import WatchTable
from tests.dialogue.watches.deliver.receivers import receiving, status
from tests.server.client import until

pytestmark = pytest.mark.anyio
QUICK = DeliveryConfig(first_retry_s=0.01, max_retry_s=0.05, timeout_s=1)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "s", create=True)


def alert(store: Store, text: str, *urls: str) -> int:
    with store.transaction():
        seq = store.append(1.0, "alert", {"watch": "w1", "text": text})
        targets = [{"kind": "webhook", "url": url} for url in urls]
        WatchTable(store).post(seq, "w1", targets)
    return seq


def courier(store: Store, config: DeliveryConfig = QUICK, **more: Any) -> Courier:
    async def read(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return fn(store, *args, **kwargs)

    return Courier(
        "s", read, {"webhook": WebhookSender(lambda: b"k", config.timeout_s)}, config, **more
    )


async def test_in_order_and_marked_as_done(store: Store) -> None:
    async with receiving() as receiver:
        seqs = [alert(store, f"alert {i}", receiver.url) for i in range(5)]
        assert await courier(store).drain(5) == 0
        assert [post.json["text"] for post in receiver.posts] == [f"alert {i}" for i in range(5)]
        assert [post.json["seq"] for post in receiver.posts] == seqs
        assert await courier(store).drain(5) == 0
    assert len(receiver.posts) == 5 and len(set(receiver.keys)) == 5
    assert WatchTable(store).posted(seqs[0])[0].state == "done"


async def test_receiver_down_for_a_while(store: Store, unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/in"
    delivering = courier(store)
    running = asyncio.create_task(delivering.run())
    try:
        for i in range(10):
            alert(store, str(i), url)
        delivering.wake()
        await until(lambda: WatchTable(store).heads()[0].tries > 2)
        async with receiving(unused_tcp_port) as receiver:
            async with asyncio.timeout(10):
                await until(lambda: not WatchTable(store).heads())
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [post.json["text"] for post in receiver.posts] == [str(i) for i in range(10)]


async def test_a_lost_answer_is_sent_again_under_the_same_key(store: Store) -> None:
    async with receiving() as receiver:
        receiver.answers = [b"", status(500), status(204)]
        alert(store, "a", receiver.url)
        alert(store, "b", receiver.url)
        assert await courier(store).drain(5) == 0
    assert [post.json["text"] for post in receiver.posts] == ["a", "a", "a", "b"]
    first, second, third, other = receiver.keys
    assert first == second == third != other


async def test_a_dead_receiver_holds_up_nobody_else(store: Store) -> None:
    async with receiving() as slow, receiving() as quick:
        slow.answers = [None] * 50
        for i in range(3):
            alert(store, str(i), slow.url, quick.url)
        patient = DeliveryConfig(timeout_s=15)
        running = asyncio.create_task(courier(store, patient).run())
        try:
            async with asyncio.timeout(14):  # sooner than the slow one's time is up
                await until(lambda: len(quick.posts) >= 3)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert [post.json["text"] for post in quick.posts] == ["0", "1", "2"]
    assert len(slow.posts) == 1, "the next one waits its turn"


async def test_goes_on_where_a_crash_ended_it(store: Store) -> None:
    async with receiving() as receiver:
        receiver.answers = [None]
        alert(store, "a", receiver.url)
        running = asyncio.create_task(courier(store).run())
        await until(lambda: bool(receiver.posts))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert WatchTable(store).heads()[0].state == "waiting"
        assert await courier(store).drain(5) == 0
    assert receiver.keys[0] == receiver.keys[1] and len(receiver.posts) == 2


async def test_gives_up_at_last_and_says_why(store: Store) -> None:
    config = DeliveryConfig(first_retry_s=0.01, max_retry_s=0.01, give_up_s=0.05, timeout_s=1)
    async with receiving() as receiver:
        receiver.answers = [status(500)] * 100
        seq = alert(store, "a", receiver.url)
        assert await courier(store, config).drain(5) == 0
    (row,) = WatchTable(store).posted(seq)
    assert row.state == "failed" and "500" in row.detail and row.tries == len(receiver.posts)


async def test_waits_as_long_as_the_receiver_asks(store: Store) -> None:
    async with receiving() as receiver:
        receiver.answers = [status(429, "retry-after: 30")]
        seq = alert(store, "a", receiver.url)
        assert await courier(store, now=lambda: 1000.0).drain(0.3) == 1
    (row,) = WatchTable(store).posted(seq)
    assert row.due_wall_s == 1030.0 and len(receiver.posts) == 1


async def test_what_was_forgotten_is_not_sent(store: Store) -> None:
    WatchTable(store).post(99, "w1", [{"kind": "webhook", "url": "http://127.0.0.1:1/"}])
    WatchTable(store).post(99, "w1", [{"kind": "pigeon"}])
    assert await courier(store).drain(5) == 0
    assert {row.state for row in WatchTable(store).posted(99)} == {"failed"}
