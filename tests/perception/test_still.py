import cv2
import numpy as np
import pytest

from omnilive.core.errors import ConfigError
from omnilive.perception.config import PerceptionConfig
from omnilive.perception.still import MAX_PIXELS, as_jpeg, decoded, glimpse, size_of
from tests.fakes import fake_senses
from tests.story import Shot, draw

SHOT = draw(Shot(0.0, 60, (("red", 0.1), ("blue", 0.6)), "WELCOME ABOARD"), (320, 200))


def png(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".png", np.ascontiguousarray(rgb[:, :, ::-1]))[1].tobytes()


def test_there_and_back() -> None:
    assert np.array_equal(decoded(png(SHOT)), SHOT)
    again = decoded(as_jpeg(SHOT))
    assert again.shape == SHOT.shape
    assert np.abs(again.astype(int) - SHOT).mean() < 4


@pytest.mark.parametrize("params", [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]])
def test_the_size_is_read_before_the_picture(params: list[int]) -> None:
    jpeg = cv2.imencode(".jpg", SHOT, params)[1].tobytes()
    assert size_of(jpeg) == (320, 200) == size_of(png(SHOT))


def test_large_pictures_are_scaled_down() -> None:
    large = np.zeros((300, 3000, 3), np.uint8)
    assert decoded(png(large)).shape == (128, 1280, 3)
    assert size_of(as_jpeg(large)) == (768, 77)


def bomb() -> bytes:
    """A small file that says it is a huge picture."""
    side = int(MAX_PIXELS**0.5) + 1
    return png(SHOT)[:16] + side.to_bytes(4, "big") * 2 + png(SHOT)[24:]


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (b"", "neither"), (b"GIF89a" + b"0" * 99, "neither"), (b"\xff\xd8\xff", "neither"),
        (as_jpeg(SHOT)[:20], "neither"), (b"\xff\xd8" + b"\xff" * 99, "neither"),
        (png(SHOT)[:60], "damaged"), (bomb(), "too large"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused(picture: bytes, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        decoded(picture)


@pytest.mark.anyio
async def test_all_senses_look() -> None:
    senses = fake_senses()
    found = await glimpse(senses, PerceptionConfig(), SHOT, 7.0)
    senses.close()
    assert {p.text for p in found if p.kind == "object"} == {"red car", "blue dog"}
    assert [p.text for p in found if p.kind == "text"] == ["WELCOME ABOARD"]
    assert [p.kind for p in found][0] == "scene"
    assert all(p.start_s == p.end_s == 7.0 and not p.final for p in found)


@pytest.mark.anyio
async def test_without_models_the_colours_are_left() -> None:
    senses = fake_senses(without=("detector", "tagger", "reader"))
    (scene,) = await glimpse(senses, PerceptionConfig(), SHOT, 7.0)
    senses.close()
    assert scene.text.startswith("picture in")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
