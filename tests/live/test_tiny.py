import numpy as np
import pytest
import torch

from omnilive.live.tiny import TinyEncoder, TinyNet, TinyShape, as_pixels

SHAPE = TinyShape(side_px=32, channels=(4, 6, 8), width=10, grid=2)


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (32, 32), (96, 64), (4320, 7680)])
def test_pictures_of_any_size_become_tokens(size: tuple[int, int]):
    encoder = TinyEncoder(TinyNet(SHAPE))
    found = encoder([np.full((*size, 3), 200, np.uint8)] * 2)
    assert found.shape == (2, 5, 10) and found.dtype == np.float32
    assert np.isfinite(found).all()


def test_the_longest_side_fits_and_bars_are_black():
    wide = as_pixels([np.full((10, 40, 3), 200, np.uint8)], 32)[0]
    assert (wide[12:20] == 200).all() and not wide[:12].any() and not wide[20:].any()
    same = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    np.testing.assert_array_equal(as_pixels([same], 32)[0], same)


def test_pictures_do_not_see_each_other():
    torch.manual_seed(0)
    encoder = TinyEncoder(TinyNet(SHAPE))
    pictures = list(np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8))
    apart = np.concatenate([encoder([picture]) for picture in pictures])
    np.testing.assert_allclose(encoder(pictures), apart, rtol=1e-4, atol=1e-5)


def test_the_pooled_feature_knows_what_is_where():
    torch.manual_seed(0)
    encoder = TinyEncoder(TinyNet(SHAPE.model_copy(update={"grid": 0})))
    left, right = np.zeros((2, 32, 32, 3), np.uint8)
    left[8:24, 2:14, 0], right[8:24, 18:30, 0] = 255, 255
    features = encoder([left, right])[:, 0]
    assert np.abs(features[0] - features[1]).max() > 0.01
