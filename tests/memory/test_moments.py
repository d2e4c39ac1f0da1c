import pytest

from omnilive.core.events import Kind
from omnilive.memory.base import Fact
from omnilive.memory.moments import MomentConfig, MomentCutter, describe

CONFIG = MomentConfig(min_s=3.0, max_s=16.0)


def spans(cuts: list[float], until: list[float], last: float | None = None, start_s: float = 0.0):
    """Feed cuts as they become known, asking now and then."""
    cutter = MomentCutter(CONFIG, start_s)
    out = []
    waiting = sorted(cuts)
    for t in until:
        while waiting and waiting[0] <= t:
            cutter.cut(waiting.pop(0))
        out += cutter.until(t)
    return out + (cutter.until(last, last=True) if last is not None else [])


def test_without_cuts_moments_are_as_long_as_allowed() -> None:
    assert spans([], [100.0]) == [(i * 16.0, (i + 1) * 16.0) for i in range(6)]


def test_cuts_end_moments_but_not_too_short_ones() -> None:
    assert spans([1.0, 5.0, 6.0, 7.0, 20.0], [30.0]) == [(0.0, 5.0), (5.0, 20.0)]


@pytest.mark.parametrize("step_s", [0.25, 1.0, 7.0, 60.0])
def test_how_often_one_asks_does_not_matter(step_s: float) -> None:
    cuts = [2.0, 4.5, 9.0, 9.5, 30.0, 33.5, 50.0]
    asked = [step_s * i for i in range(1, int(60 / step_s) + 1)]
    assert spans(cuts, asked, last=60.0) == spans(cuts, [60.0], last=60.0)


def test_moments_leave_no_hole_and_are_3_to_16_s() -> None:
    found = spans([0.7 * i * i for i in range(12)], [5.0, 50.0], last=77.0)
    assert found[0][0] == 0.0 and found[-1][1] == 77.0
    assert all(a[1] == b[0] for a, b in zip(found, found[1:], strict=False))
    assert all(3.0 <= end - start <= 16.0 for start, end in found[:-1])


def test_the_end_makes_a_last_one_unless_nothing_is_left() -> None:
    assert spans([], [], last=5.0) == [(0.0, 5.0)]
    assert spans([], [16.0], last=16.1) == [(0.0, 16.0)]


def test_skip_begins_after_a_gap() -> None:
    cutter = MomentCutter(CONFIG, 0.0)
    cutter.cut(7.0)
    cutter.skip(100.0)
    assert cutter.until(104.0, last=True) == [(100.0, 104.0)]


def fact(kind: Kind, text: str, start_s: float = 0.0) -> Fact:
    return Fact(
        id=0, kind=kind, start_s=start_s, end_s=start_s + 1, text=text, confidence=1, open=False
    )


def test_a_moment_is_told_in_one_line() -> None:
    facts = [
        fact("scene", "picture in grey"),
        fact("object", "red car", 1.0),
        fact("object", "red car", 2.0),
        fact("sound", "music"),
        fact("sound", "speech"),
        fact("text", "EXIT"),
        fact("speech", "hello there", 5.0),
        fact("speech", ""),
    ]
    told = describe(facts)
    for part in ("hello there", "EXIT", "red car", "music", "grey"):
        assert told.count(part) == 1, told
    assert "\n" not in told and told.index("hello there") < told.index("red car")
    assert describe([]) == ""
