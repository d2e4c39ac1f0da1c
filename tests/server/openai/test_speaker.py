import numpy as np
import pytest

from omnilive.core.clock import ManualClock
from omnilive.server.openai.speaker import Speaker


def second(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * 100), np.float32)


def test_it_plays_by_the_clock_and_waits_for_more():
    clock = ManualClock()
    speaker = Speaker(100, clock)
    speaker.begin()
    clock.advance(1.0)  # silence before the first piece is not played sound
    assert speaker.played_s == 0
    speaker.play(second(0.5))
    clock.advance(0.3)
    assert (speaker.played_s, speaker.pending_s) == pytest.approx((0.3, 0.2))
    clock.advance(1.0)
    assert (speaker.played_s, speaker.pending_s) == pytest.approx((0.5, 0.0))
    speaker.play(second(0.5))
    clock.advance(0.2)
    assert speaker.played_s == pytest.approx(0.7)


def test_pausing_keeps_its_place_and_clearing_tells_what_was_played():
    clock = ManualClock()
    speaker = Speaker(100, clock)
    speaker.begin()
    speaker.play(second(2.0))
    clock.advance(0.4)
    speaker.pause()
    clock.advance(5.0)
    assert speaker.played_s == pytest.approx(0.4)
    speaker.resume()
    clock.advance(0.1)
    assert speaker.clear() == pytest.approx(0.5)
    assert speaker.pending_s == 0
    clock.advance(1.0)
    assert speaker.played_s == pytest.approx(0.5)
    speaker.begin()
    assert speaker.played_s == 0
