import asyncio

import pytest

from omnilive.core.clock import ManualClock, SystemClock


def test_manual_time_moves_only_when_told() -> None:
    async def test() -> None:
        clock = ManualClock()
        woken: list[str] = []

        async def sleeper(name: str, t: float) -> None:
            await clock.sleep_until(t)
            woken.append(name)

        sleepers = [asyncio.create_task(sleeper(n, t)) for n, t in (("b", 2.0), ("a", 1.0))]
        await asyncio.sleep(0.01)
        assert woken == [] and clock.now() == 0.0
        clock.advance(1.5)
        await asyncio.sleep(0.01)
        assert woken == ["a"]
        clock.advance(0.5)
        await asyncio.gather(*sleepers)
        assert woken == ["a", "b"] and clock.now() == pytest.approx(2.0)
        await clock.sleep_until(1.0)  # already past

    asyncio.run(test())


def test_system_clock_starts_at_zero_and_sleeps() -> None:
    async def test() -> None:
        clock = SystemClock()
        assert clock.now() < 0.1
        await clock.sleep_until(0.05)
        assert 0.045 <= clock.now() < 1.0
        before = clock.now()
        await clock.sleep_until(0.0)
        assert clock.now() - before < 0.5

    asyncio.run(test())
