import numpy as np

from omnilive.core.events import VideoFrame
from omnilive.live.grid import Grid

RGB = np.zeros((2, 2, 3), np.uint8)


def taken(times: list[float], fps: float = 2.0, start_t: float = 0.0) -> list[tuple[float, float]]:
    """Return (time on the grid, time of the picture that stands there)."""
    grid, pictures = Grid(fps, start_t), {}
    found = []
    for t in times:
        picture = VideoFrame(t=t, rgb=RGB.copy())
        pictures[id(picture.rgb)] = picture
        found += [(x.t, pictures[id(x.rgb)].t) for x in grid.take(picture)]
    return found


def test_it_takes_what_is_to_be_seen_at_its_times() -> None:
    at_30 = [k / 30 for k in range(46)]
    assert np.allclose(taken(at_30), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (1.5, 1.5)])
    at_25 = [k / 25 for k in range(27)]
    assert np.allclose(taken(at_25), [(0.0, 0.0), (0.5, 0.48), (1.0, 1.0)])
    assert taken([10.02, 10.6], start_t=10.0) == [(10.0, 10.02), (10.5, 10.02)]


def test_a_slow_source_is_seen_again_until_the_next_picture() -> None:
    assert taken([0.0, 1.2]) == [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0)]
    assert taken([0.0, 60.0]) == [(0.0, 0.0), (58.0, 0.0), (58.5, 0.0), (59.0, 0.0),
                                  (59.5, 0.0), (60.0, 60.0)]  # fmt: skip


def test_what_was_before_a_gap_is_not_shown_on() -> None:
    grid = Grid(2.0, 0.0)
    list(grid.take(VideoFrame(t=0.0, rgb=RGB)))
    grid.interrupt()
    after = VideoFrame(t=5.2, rgb=RGB.copy())
    assert [(x.t, x.rgb is after.rgb) for x in grid.take(after)] == [(5.0, True)]


def test_pictures_out_of_order_change_nothing() -> None:
    assert taken([0.0, 0.5, 0.1, 0.3, 1.0]) == [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)]
