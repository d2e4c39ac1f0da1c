import numpy as np
import pytest

from omnilive.perception.video.colour import colour_shares, is_monochrome, main_colour, palette

PATCHES = {
    "red": (200, 20, 20), "orange": (240, 130, 20), "yellow": (240, 220, 30),
    "green": (30, 150, 50), "cyan": (20, 200, 200), "blue": (30, 60, 200),
    "purple": (120, 40, 170), "pink": (250, 120, 200), "brown": (110, 65, 30),
    "black": (15, 15, 15), "white": (245, 245, 245), "grey": (128, 128, 128),
}  # fmt: skip


def patch(rgb: tuple[int, int, int], size: tuple[int, int] = (40, 60)) -> np.ndarray:
    return np.full((*size, 3), rgb, np.uint8)


@pytest.mark.parametrize("name", PATCHES)
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (90, 160)])
def test_plain_patches_have_their_name(name: str, size: tuple[int, int]) -> None:
    assert main_colour(patch(PATCHES[name], size)) == name


@pytest.mark.parametrize("name", ["red", "yellow", "green", "blue", "white", "black"])
def test_noise_does_not_change_the_name(name: str) -> None:
    noise = np.random.default_rng(0).normal(0, 12, (60, 60, 3))
    noisy = np.clip(patch(PATCHES[name], (60, 60)) + noise, 0, 255).astype(np.uint8)
    assert main_colour(noisy) == name


def test_the_middle_counts_not_the_edge() -> None:
    rgb = patch(PATCHES["green"], (60, 60))
    rgb[12:48, 12:48] = PATCHES["red"]
    assert main_colour(rgb) == "red"


def test_shares_add_up_and_the_palette_is_sorted() -> None:
    rgb = patch(PATCHES["blue"], (48, 48))
    rgb[:, :12] = PATCHES["white"]
    rgb[:2, :2] = PATCHES["red"]
    shares = colour_shares(rgb)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["white"] == pytest.approx(0.25, abs=0.03)
    assert palette(rgb) == ["blue", "white"]
    assert palette(rgb, count=1) == ["blue"]


def test_black_and_white_pictures_are_known() -> None:
    grey = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (64, 1, 3))
    assert is_monochrome(grey)
    assert not is_monochrome(patch(PATCHES["grey"]))  # nothing to see is no film
    coloured = grey.copy()
    coloured[:20, :40] = PATCHES["red"]
    assert not is_monochrome(coloured)
