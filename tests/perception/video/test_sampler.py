import numpy as np
import pytest

from omnilive.perception.video.sampler import Sampler, SamplerConfig
from tests.story import Shot, draw

STEP_S = 0.25


def looked_at(pictures: list[np.ndarray]) -> tuple[list[float], list[float]]:
    """Return the times of the pictures wanted, and of the cuts."""
    sampler = Sampler(SamplerConfig())
    state = sampler.init_state()
    looks = [sampler.step(i * STEP_S, rgb, state) for i, rgb in enumerate(pictures)]
    times = [i * STEP_S for i in range(len(looks))]
    return (
        [t for t, look in zip(times, looks, strict=True) if look.wanted],
        [t for t, look in zip(times, looks, strict=True) if look.is_cut],
    )


def texture(shift: int, level: int = 100, contrast: int = 60) -> np.ndarray:
    """A grey pattern, moved to the right by `shift` pixels."""
    noise = np.random.default_rng(3).integers(0, contrast, (9, 16))
    big = np.kron(noise, np.ones((8, 8))).astype(int) + level
    return np.repeat(np.roll(big, shift, axis=1)[:, :, None], 3, axis=2).astype(np.uint8)


def test_a_still_scene_is_looked_at_every_two_seconds() -> None:
    wanted, cuts = looked_at([texture(0)] * 40)
    assert wanted == [0.0, 2.0, 4.0, 6.0, 8.0] and cuts == []


def test_a_slow_scene_is_looked_at_every_second() -> None:
    pictures = [texture(0, level=100 + i // 2) for i in range(40)]
    wanted, cuts = looked_at(pictures)
    assert wanted == [float(i) for i in range(10)] and cuts == []


def test_a_moving_scene_is_looked_at_twice_a_second() -> None:
    wanted, cuts = looked_at([texture(4 * i) for i in range(40)])
    assert wanted == [i * 0.5 for i in range(20)] and cuts == []


def test_a_cut_is_looked_at_at_once() -> None:
    one, two = draw(Shot(0, 60, (("red", 0.1),))), draw(Shot(0, 230))
    wanted, cuts = looked_at([one] * 5 + [two] * 10)
    assert cuts == [1.25] and 1.25 in wanted


def test_motion_alone_is_no_cut() -> None:
    pictures = [draw(Shot(0, 90, (("red", 0.02 * i),))) for i in range(35)]
    assert looked_at(pictures)[1] == []


def test_a_slow_fade_is_no_cut() -> None:
    pictures = [np.full((36, 64, 3), 250 - 3 * i, np.uint8) for i in range(50)]
    assert looked_at(pictures)[1] == []


@pytest.mark.parametrize("scale", [1, 3])
def test_the_size_of_the_picture_does_not_matter(scale: int) -> None:
    pictures = [texture(0)] * 5 + [texture(4 * i) for i in range(12)]
    large = [p.repeat(scale, axis=0).repeat(scale, axis=1) for p in pictures]
    assert looked_at(large) == looked_at(pictures)


def test_the_choice_hangs_on_pictures_and_times_alone() -> None:
    pictures = [texture(i * (i % 7)) for i in range(60)]
    sampler = Sampler(SamplerConfig())
    states = [sampler.init_state(), sampler.init_state()]
    alone = looked_at(pictures)[0]
    together = []
    for i, rgb in enumerate(pictures):  # two streams through one sampler
        sampler.step(i * STEP_S, texture(0), states[1])
        if sampler.step(i * STEP_S, rgb, states[0]).wanted:
            together.append(i * STEP_S)
    assert together == alone
