"""The encoder's thread: order, bounds, failures and its end."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from omnilive.core.errors import BackendError
from omnilive.live.ahead import Ahead

WAIT_S = 10.0


def picture(value: int) -> np.ndarray:
    return np.full((4, 6, 3), value, np.uint8)


class Eye:
    """Returns a picture's first value; waits for `go` and remembers how many came together."""

    def __init__(self) -> None:
        self.go, self.began, self.together = threading.Event(), threading.Event(), list[int]()

    def __call__(self, rgb: Sequence[np.ndarray]) -> np.ndarray:
        self.began.set()
        assert self.go.wait(WAIT_S)
        self.together.append(len(rgb))
        return np.array([[[float(one[0, 0, 0])]] for one in rgb], np.float32)


@pytest.fixture
def eye() -> Eye:
    return Eye()


@pytest.fixture
def ahead(eye: Eye) -> Iterator[Ahead]:
    made = Ahead(eye, most=3, together=2)
    yield made
    eye.go.set()
    made.close()


def everything(ahead: Ahead) -> list[tuple[int, float, float]]:
    found = []
    while not ahead.is_idle():
        found += ahead.take(WAIT_S)
    return [(seen.stream, seen.t, float(seen.features_ND[0, 0])) for seen in found + ahead.take()]


def test_features_come_back_in_order_with_their_times(eye: Eye, ahead: Ahead):
    eye.go.set()
    found = []
    for i in range(9):
        ahead.put(i % 2, i / 2, picture(i))
        found += everything(ahead)
    assert found == [(i % 2, i / 2, float(i)) for i in range(9)]


def test_what_waits_goes_together_and_the_oldest_is_dropped(eye: Eye, ahead: Ahead):
    ahead.put(0, 0.0, picture(0))
    assert eye.began.wait(WAIT_S)  # the first is in hand; the others wait
    for i in range(1, 6):
        ahead.put(0, float(i), picture(i))
    eye.go.set()
    assert [value for _, _, value in everything(ahead)] == [0, 3, 4, 5]
    assert ahead.dropped == 2
    assert eye.together == [1, 2, 1]


def test_the_encoder_waits_while_nobody_takes(eye: Eye, ahead: Ahead):
    eye.go.set()
    for i in range(3):
        ahead.put(0, float(i), picture(i))
        while len(eye.together) < i + 1:
            pass
    for i in range(3, 9):
        ahead.put(0, float(i), picture(i))
    assert len(eye.together) == 3 and ahead.dropped == 3
    assert [t for _, t, _ in everything(ahead)] == [0, 1, 2, 6, 7, 8]


def test_a_forgotten_stream_leaves_nothing(eye: Eye, ahead: Ahead):
    ahead.put(1, 0.0, picture(0))
    assert eye.began.wait(WAIT_S)
    ahead.put(1, 1.0, picture(1))
    ahead.put(2, 1.0, picture(2))
    ahead.forget(1)
    eye.go.set()
    assert everything(ahead) == [(2, 1.0, 2.0)]


def test_a_failure_is_passed_on_after_what_was_done():
    def broken(rgb: Sequence[np.ndarray]) -> np.ndarray:
        raise RuntimeError("no such layer")

    ahead = Ahead(broken)
    ahead.put(0, 0.0, picture(0))
    with pytest.raises(BackendError, match="RuntimeError: no such layer"):
        ahead.take(WAIT_S)
    with pytest.raises(BackendError, match="no such layer"):
        ahead.put(0, 1.0, picture(0))
    ahead.close()


def test_nothing_goes_in_after_the_end(eye: Eye):
    ahead = Ahead(eye)
    ahead.close()
    with pytest.raises(BackendError, match="closed"):
        ahead.put(0, 0.0, picture(0))


def test_taking_from_an_idle_encoder_does_not_wait(ahead: Ahead):
    assert ahead.take(WAIT_S) == []
