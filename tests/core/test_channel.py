import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from omnilive.core.channel import Channel, Overflow


def run(test: Callable[[], Awaitable[Any]]) -> Any:
    async def limited() -> Any:
        async with asyncio.timeout(10):
            return await test()

    return asyncio.run(limited())


async def filled(items: range, capacity: int, overflow: Overflow, **more: Any) -> Channel[int]:
    channel: Channel[int] = Channel("c", capacity, overflow, **more)
    for item in items:
        await channel.put(item)
    return channel


async def rest(channel: Channel[int]) -> list[int]:
    await channel.close()
    return [item async for item in channel]


def test_items_come_out_in_order_and_close_ends_the_reader() -> None:
    async def test() -> None:
        assert await rest(await filled(range(3), 5, Overflow.BLOCK)) == [0, 1, 2]

    run(test)


@pytest.mark.parametrize("take", ["get", "drain"])
def test_block_waits_for_room(take: str) -> None:
    async def test() -> None:
        channel = await filled(range(2), 2, Overflow.BLOCK)
        waiting = asyncio.create_task(channel.put(2))
        await asyncio.sleep(0.01)
        assert not waiting.done() and len(channel) == 2
        taken = [await channel.get()] if take == "get" else (await channel.drain(1))[0]
        await waiting
        assert taken + await rest(channel) == [0, 1, 2]
        assert channel.dropped == 0

    run(test)


def test_many_writers_never_exceed_the_capacity() -> None:
    async def test() -> None:
        channel: Channel[int] = Channel("c", 3)
        writers = [asyncio.create_task(channel.put(i)) for i in range(20)]
        seen = []
        while len(seen) < 20:
            await asyncio.sleep(0)
            assert len(channel) <= 3
            seen.append(await channel.get())
        await asyncio.gather(*writers)
        assert sorted(seen) == list(range(20))

    run(test)


def test_drop_oldest_drops_and_counts() -> None:
    async def test() -> None:
        channel = await filled(range(7), 3, Overflow.DROP_OLDEST)
        assert channel.dropped == 4
        assert await rest(channel) == [4, 5, 6]

    run(test)


def test_what_is_to_be_kept_is_never_dropped() -> None:
    async def test() -> None:
        kept = await filled(range(9), 3, Overflow.DROP_OLDEST, keep=lambda i: i in (0, 5))
        assert kept.dropped == 6
        assert await rest(kept) == [0, 5, 8]

    run(test)


def test_full_of_what_is_kept_waits() -> None:
    async def test() -> None:
        channel = await filled(range(2), 2, Overflow.DROP_OLDEST, keep=lambda i: True)
        waiting = asyncio.create_task(channel.put(2))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        assert await channel.get() == 0
        await waiting
        assert channel.dropped == 0

    run(test)


def test_drain_takes_all_and_tells_of_the_end() -> None:
    async def test() -> None:
        channel = await filled(range(3), 5, Overflow.BLOCK)
        assert await channel.drain(1) == ([0, 1, 2], False)
        await channel.put(3)
        await channel.close()
        assert await channel.drain(1) == ([3], True)

    run(test)


def test_drain_waits_so_long_and_no_longer() -> None:
    async def test() -> None:
        channel: Channel[int] = Channel("c", 5)
        assert await channel.drain(0.01) == ([], False)
        waiting = asyncio.create_task(channel.drain(60))
        await asyncio.sleep(0)
        await channel.put(1)
        assert await waiting == ([1], False)

    run(test)


def test_close_of_a_full_channel_drops_nothing() -> None:
    async def test() -> None:
        for overflow in Overflow:
            channel = await filled(range(2), 2, overflow)
            assert await rest(channel) == [0, 1] and channel.dropped == 0

    run(test)
