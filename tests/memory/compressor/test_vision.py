"""Pictures through a vision model from a Hugging Face folder: a tiny CLIP, made here."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from omnilive.core.errors import BackendError, ConfigError
from omnilive.memory.compressor.base import Clip
from omnilive.memory.compressor.config import ShapeConfig
from omnilive.memory.compressor.vision import VisionFeatures, mixed, order_patches, pool, spread

SHAPE = ShapeConfig(features="vision", feature_width=16, frames=3, patches=4, slots=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import CLIPVisionConfig, CLIPVisionModel

    path = tmp_path_factory.mktemp("clip")
    torch.manual_seed(0)
    config = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        image_size=32, patch_size=8,
    )  # fmt: skip
    CLIPVisionModel(config).save_pretrained(path)
    scaling = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.2, 0.2]}
    (path / "preprocessor_config.json").write_text(json.dumps(scaling))
    return path


def pictures(folder: Path, count: int) -> list[Path]:
    rng = np.random.default_rng(0)
    paths = [folder / f"{i}.png" for i in range(count)]
    for path in paths:
        cv2.imwrite(str(path), rng.integers(0, 255, size=(48, 64, 3), dtype=np.uint8))
    return paths


def clip(paths: list[Path]) -> Clip:
    return Clip(id=0, start_s=0, end_s=8, pictures=paths)


def test_a_clip_has_the_patches_of_its_pictures(folder: Path, tmp_path: Path):
    features = VisionFeatures(SHAPE, folder)
    found = features(clip(pictures(tmp_path, 2)))
    assert found.values_TND.shape == (3, 4, 16)
    assert found.mask_TN.tolist() == [[True] * 4, [True] * 4, [False] * 4]
    assert not np.allclose(found.values_TND[0], found.values_TND[1])
    assert not VisionFeatures(SHAPE, folder)(clip([])).mask_TN.any()


def test_it_is_what_the_model_says(folder: Path, tmp_path: Path):
    from transformers import CLIPVisionModel

    (path,) = pictures(tmp_path, 1)
    found = VisionFeatures(SHAPE, folder)(clip([path])).values_TND[0]
    rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    small = cv2.resize(rgb, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    pixels = torch.tensor((small - [0.4, 0.5, 0.6]) / 0.2, dtype=torch.float32).permute(2, 0, 1)
    with torch.no_grad():
        hidden = CLIPVisionModel.from_pretrained(folder).eval()(pixels[None]).last_hidden_state
    wanted = hidden[0, 1:].view(2, 2, 2, 2, 16).mean(dim=(1, 3)).view(4, 16)  # a 4 x 4 grid
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5)


def test_mixed_features_are_four_times_as_wide(folder: Path, tmp_path: Path):
    shape = SHAPE.model_copy(update={"feature_width": 64})
    assert VisionFeatures(shape, folder)(clip(pictures(tmp_path, 1))).values_TND.shape[2] == 64
    grid = torch.arange(4.0).view(1, 2, 2, 1)
    assert mixed(grid).flatten().tolist() == [0, 1, 2, 3]


def test_patches_of_a_slot_stand_together():
    grid = torch.arange(16.0).view(1, 4, 4, 1)
    assert pool(grid, 2).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    squares = order_patches(grid, 4).flatten().tolist()
    assert squares == [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]
    assert order_patches(grid, 2).flatten().tolist() == list(range(16))


def test_pictures_are_spread_evenly():
    assert spread(list(range(10)), 3) == [1, 5, 8]
    assert spread([7], 3) == [7]


def test_what_does_not_fit_is_refused(folder: Path, tmp_path: Path):
    with pytest.raises(ConfigError, match="feature_width is 20; .* gives 16, or 64 mixed"):
        VisionFeatures(SHAPE.model_copy(update={"feature_width": 20}), folder)
    with pytest.raises(ConfigError, match="9 patches do not fit a grid of 4 x 4"):
        VisionFeatures(SHAPE.model_copy(update={"patches": 9}), folder)
    with pytest.raises(ConfigError, match=r"no config\.json"):
        VisionFeatures(SHAPE, tmp_path)
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(ConfigError, match=r"no \*\.safetensors"):
        VisionFeatures(SHAPE, tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(BackendError, match="cannot load the vision model"):
        VisionFeatures(SHAPE, tmp_path)
