import asyncio
import threading
from collections.abc import Iterator

import pytest

from omnilive.core.worker import Worker


def test_calls_are_serial_and_on_one_thread() -> None:
    async def test() -> None:
        worker = Worker("w")
        running, most, threads = [0], [0], set()

        def work(i: int) -> int:
            running[0] += 1
            most[0] = max(most[0], running[0])
            threads.add(threading.get_ident())
            running[0] -= 1
            return i

        assert await asyncio.gather(*(worker.call(work, i) for i in range(9))) == list(range(9))
        assert most == [1] and len(threads) == 1 and threading.get_ident() not in threads
        worker.close()

    asyncio.run(test())


def test_iterate_yields_all_from_the_workers_thread() -> None:
    threads = set()

    def items() -> Iterator[int | None]:
        for item in (1, None, 3):
            threads.add(threading.current_thread().name)
            yield item

    async def test() -> None:
        worker = Worker("reader")
        assert [item async for item in worker.iterate(items())] == [1, None, 3]
        assert {name.split("_")[0] for name in threads} == {"reader"}
        worker.close()

    asyncio.run(test())


def test_iterate_does_not_block_the_loop() -> None:
    gate = threading.Event()

    def items() -> Iterator[int]:
        gate.wait(10)
        yield 1

    async def test() -> None:
        worker = Worker("slow")
        first = asyncio.create_task(anext(worker.iterate(items())))
        await asyncio.sleep(0.01)
        assert not first.done()
        gate.set()
        assert await first == 1
        worker.close()

    asyncio.run(test())


def test_errors_come_through() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    async def test() -> None:
        worker = Worker("w")
        got = []
        with pytest.raises(ValueError, match="broken"):
            async for item in worker.iterate(items()):
                got.append(item)
        assert got == [1]
        with pytest.raises(ZeroDivisionError):
            await worker.call(lambda: 1 // 0)
        worker.close()

    asyncio.run(test())


def test_a_nice_worker_gives_way_and_others_do_not() -> None:
    import os
    import sys
    import threading

    if sys.platform != "linux":
        return

    async def levels() -> list[int]:
        def level() -> int:
            return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

        workers = [Worker("a"), Worker("b", nice=3)]
        try:
            return [level(), *[await worker.call(level) for worker in workers]]
        finally:
            for worker in workers:
                worker.close()

    own, plain, nice = asyncio.run(levels())
    assert plain == own and nice == min(19, own + 3)
