import numpy as np
import pytest

from omnilive.perception.video.base import Box, Detection
from omnilive.perception.video.track import Track, Tracker, TrackState, position

HERE, THERE = Box(0.1, 0.2, 0.35, 0.6), Box(0.6, 0.2, 0.85, 0.6)


def seen(label: str = "car", box: Box = HERE, score: float = 0.9) -> Detection:
    return Detection(label, score, box)


def plain(level: int = 60) -> np.ndarray:
    return np.full((90, 160, 3), level, np.uint8)


class Film:
    """Feeds a tracker one look a second and notes who came and left."""

    def __init__(self) -> None:
        self.tracker = Tracker()
        self.state: TrackState = self.tracker.init_state()
        self.t = 0.0
        self.came: list[tuple[float, int]] = []
        self.left: list[tuple[float, int]] = []

    def show(self, *found: Detection, rgb: np.ndarray | None = None, step_s: float = 1.0) -> None:
        picture = plain() if rgb is None else rgb
        changes = self.tracker.step(self.t, picture, list(found), self.state)
        self.came += [(self.t, track.number) for track in changes.came]
        self.left += [(self.t, track.number) for track in changes.left]
        self.t += step_s

    def tracks(self) -> list[Track]:
        return self.state.tracks


def changed(level: int) -> np.ndarray:
    """A picture whose every place looks different, so that nothing is held."""
    return plain(60 + 30 * (level % 5))


def test_an_object_appears_once_and_leaves_once() -> None:
    film = Film()
    for _ in range(5):
        film.show(seen())
    for i in range(8):
        film.show(rgb=changed(i + 1))
    assert film.came == [(0.0, 0)]
    assert len(film.left) == 1 and film.left[0][1] == 0
    assert film.tracks() == []


def test_the_time_of_leaving_is_when_it_was_last_there() -> None:
    film = Film()
    for _ in range(3):
        film.show(seen())
    track = film.tracks()[0]
    for i in range(5):
        film.show(rgb=changed(i + 1))
    assert (track.first_t, track.here_t) == (0.0, 2.0)


def test_a_short_miss_is_not_a_leaving() -> None:
    film = Film()
    for i in range(20):
        film.show(*([] if i % 3 == 2 else [seen()]), rgb=changed(i))
    assert len(film.came) == 1 and film.left == []


def test_an_object_whose_place_looks_unchanged_is_held() -> None:
    film = Film()
    for _ in range(3):
        film.show(seen())
    for _ in range(15):
        film.show()
    assert film.left == [] and film.tracks()[0].here_t == film.t - 1.0
    for _ in range(15):
        film.show()
    assert len(film.left) == 1  # for so long nothing is held


def test_doubtful_objects_need_a_second_look() -> None:
    film = Film()
    film.show(seen(score=0.55))
    assert film.came == []
    film.show(seen(score=0.55))
    assert film.came == [(1.0, 0)]
    assert film.tracks()[0].first_t == 0.0


def test_a_ghost_never_comes_and_never_leaves() -> None:
    film = Film()
    film.show(seen(score=0.55))
    film.show(seen(score=0.3, box=THERE))
    for i in range(6):
        film.show(rgb=changed(i + 1))
    assert film.came == [] and film.left == [] and film.tracks() == []


def test_two_objects_of_a_kind_are_two() -> None:
    film = Film()
    for i in range(6):
        pair = [seen(box=HERE), seen(box=THERE)]
        film.show(*(pair if i % 2 else pair[::-1]))
    assert [number for _, number in film.came] == [0, 1]
    assert {(t.number, t.box) for t in film.tracks()} == {(1, HERE), (0, THERE)} or {
        (t.number, t.box) for t in film.tracks()
    } == {(0, HERE), (1, THERE)}


def test_a_moving_object_stays_the_same_one() -> None:
    film = Film()
    for i in range(10):
        film.show(seen(box=Box(0.05 * i, 0.2, 0.05 * i + 0.2, 0.6)), rgb=changed(i))
    assert [number for _, number in film.came] == [0] and film.left == []
    assert position(film.tracks()[0].first_box) == "left"


def test_labels_are_not_mixed_up() -> None:
    film = Film()
    film.show(seen("car"))
    film.show(seen("dog"))
    assert len(film.came) == 2


def test_a_cut_ends_all_that_was_shown() -> None:
    film = Film()
    film.show(seen(), seen("dog", THERE, score=0.55))
    assert [t.label for t in film.tracker.end(film.state)] == ["car"]
    film.show(seen())
    assert [number for _, number in film.came] == [0, 2]


@pytest.mark.parametrize(("x", "name"), [(0.0, "left"), (0.4, "centre"), (0.75, "right")])
def test_position_is_a_third_of_the_picture(x: float, name: str) -> None:
    assert position(Box(x, 0.0, x + 0.2, 1.0)) == name


def test_boxes() -> None:
    assert HERE.iou(HERE) == pytest.approx(1.0) and HERE.iou(THERE) == 0.0
    half = Box(0.0, 0.0, 0.5, 1.0)
    assert half.iou(Box(0.25, 0.0, 0.75, 1.0)) == pytest.approx(1 / 3)
    assert half.crop(np.zeros((10, 20, 3), np.uint8)).shape == (10, 10, 3)
    assert Box(0.99, 0.99, 0.99, 0.99).crop(np.zeros((10, 20, 3), np.uint8)).size > 0
