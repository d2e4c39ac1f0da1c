import numpy as np
import pytest
from pydantic import ValidationError

from omnilive.core.events import AudioChunk, VideoFrame
from omnilive.media.base import Item, MaskConfig
from omnilive.media.mask import MARGIN_PX, Masks, cover, masks_of

NOISE = np.random.default_rng(3).integers(1, 255, (60, 80, 3), dtype=np.uint8)
CORNER = MaskConfig(rect=(0.0, 0.0, 0.5, 0.5))
TRIANGLE = MaskConfig(polygon=((0.5, 0.5), (1.0, 0.5), (1.0, 1.0)))


def test_black_hides_all_of_it_and_nothing_else() -> None:
    shown = Masks([CORNER]).apply(NOISE)
    assert not shown[: 30 + MARGIN_PX, : 40 + MARGIN_PX].any()
    assert (shown[30 + MARGIN_PX + 1 :] == NOISE[30 + MARGIN_PX + 1 :]).all()
    assert NOISE.all()  # the picture that was given stays


def test_a_polygon() -> None:
    covered = cover(TRIANGLE, 60, 80)
    assert covered[32, 78] and covered[31, 45] and covered[58, 79]
    assert not covered[55, 45] and not covered[20, 60]
    assert 0.1 < covered.mean() < 0.2  # the triangle is an eighth of the picture


def test_blur_leaves_a_few_means() -> None:
    shown = Masks([CORNER.model_copy(update={"fill": "blur"})]).apply(NOISE)
    box = shown[:30, :40].reshape(-1, 3)
    assert 2 <= len(np.unique(box, axis=0)) <= 16
    assert abs(float(box.mean()) - float(NOISE[:30, :40].mean())) < 6


def test_a_new_size_gets_a_new_cover() -> None:
    masks = Masks([CORNER])
    for height, width in ((60, 80), (120, 160), (60, 80)):
        shown = masks.apply(np.full((height, width, 3), 200, np.uint8))
        hidden = float((shown == 0).all(axis=2).mean())
        assert hidden == pytest.approx(0.25, abs=0.07)
        assert shown[0, 0, 0] == 0 and shown[-1, -1, 0] == 200


def test_pictures_are_masked_and_sound_passes() -> None:
    sound = AudioChunk(t=0.0, pcm=np.ones(4, np.float32), rate_hz=4)
    items: list[Item] = [VideoFrame(t=0.0, rgb=NOISE), sound]
    picture, heard = Masks([CORNER]).items(iter(items))
    assert isinstance(picture, VideoFrame) and not picture.rgb[:30, :40].any()
    assert heard is sound


def test_masks_of_a_source() -> None:
    door = MaskConfig(rect=(0, 0, 1, 0.2), source="rtsp://door/*")
    assert masks_of([CORNER, door], "rtsp://door/1") == (CORNER, door)
    assert masks_of([CORNER, door], "push:webcam") == (CORNER,)
    assert masks_of([door], "rtsp://user:***@door/1", "rtsp://door/1") == (door,)


@pytest.mark.parametrize(
    "wrong",
    [{}, {"rect": (0, 0, 1, 1), "polygon": ((0, 0), (1, 0), (1, 1))}, {"rect": (0.5, 0, 0.2, 1)},
     {"rect": (0, 0, 2, 1)}, {"polygon": ((0, 0), (1, 1))}, {"rect": (0, 0, 1, 1), "fill": "red"}],
)  # fmt: skip
def test_what_is_no_mask(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MaskConfig.model_validate(wrong)
