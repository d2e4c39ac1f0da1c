"""Encoders from local folders: tokens as the formulas say, any picture, errors that name."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.checkpoint import load_live, save_live
from omnilive.live.config import Card, DecoderShape
from omnilive.live.model import LiveModel
from omnilive.live.vision import open_encoder
from tests.live.scripted import byte_tokenizer

TOWER: dict[str, Any] = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2,
    "image_size": 48, "patch_size": 8,
}  # fmt: skip
TEXT: dict[str, Any] = {
    "vocab_size": 20, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1,
    "num_attention_heads": 2, "max_position_embeddings": 8,
}  # fmt: skip
COLOURS = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.25]}
KINDS = ["siglip", "siglip-tower", "clip", "clip-tower", "vit", "dinov2"]
PICTURE = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)


def make(kind: str, folder: Path) -> Any:
    """Write a random model of a kind and return the part of it that sees."""
    import transformers as t

    torch.manual_seed(0)
    made = {
        "siglip": lambda: t.SiglipModel(t.SiglipConfig(text_config=TEXT, vision_config=TOWER)),
        "siglip-tower": lambda: t.SiglipVisionModel(t.SiglipVisionConfig(**TOWER)),
        "clip": lambda: t.CLIPModel(t.CLIPConfig(text_config=TEXT, vision_config=TOWER)),
        "clip-tower": lambda: t.CLIPVisionModel(t.CLIPVisionConfig(**TOWER)),
        "vit": lambda: t.ViTModel(t.ViTConfig(**TOWER)),
        "dinov2": lambda: t.Dinov2Model(t.Dinov2Config(**TOWER)),
    }[kind]()
    made.eval().save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(COLOURS))
    return getattr(made, "vision_model", made)


@pytest.mark.parametrize("kind", KINDS)
@torch.inference_mode()
def test_tokens_are_the_pooled_one_and_means_of_patches(kind: str, tmp_path: Path):
    tower = make(kind, tmp_path)
    got = open_encoder("hub", tmp_path, grid=3)([PICTURE])[0]
    mean, std = (np.array(COLOURS[f"image_{name}"]) for name in ("mean", "std"))
    pixels = torch.from_numpy((PICTURE / 255 - mean) / std).float().permute(2, 0, 1)[None]
    found = tower(pixel_values=pixels)
    np.testing.assert_allclose(got[0], found.pooler_output[0].numpy(), atol=1e-5)
    patches = found.last_hidden_state[0, -36:].numpy().reshape(6, 6, 16)
    for row in range(3):
        for column in range(3):
            part = patches[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            wanted = part.mean(axis=(0, 1))
            np.testing.assert_allclose(got[1 + 3 * row + column], wanted, atol=1e-5)


@pytest.mark.parametrize(("pooled", "grid", "tokens"), [(True, 0, 1), (False, 2, 4), (True, 4, 17)])
def test_how_many_tokens_is_chosen(pooled: bool, grid: int, tokens: int, tmp_path: Path):
    make("siglip-tower", tmp_path)
    encoder = open_encoder("hub", tmp_path, pooled=pooled, grid=grid)
    assert (encoder.tokens, encoder.width) == (tokens, 16)
    assert encoder.frame.tokens == tokens
    features = encoder([PICTURE] * 20)
    assert features.shape == (20, tokens, 16)
    assert features.dtype == np.float32
    assert encoder([]).shape == (0, tokens, 16)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (4320, 7680), (5, 4000), (48, 27)])
def test_pictures_of_any_size(size: tuple[int, int], tmp_path: Path):
    make("siglip-tower", tmp_path)
    encoder = open_encoder("hub", tmp_path)
    picture = np.full((*size, 3), 200, np.uint8)
    features = encoder([picture, PICTURE])
    assert np.isfinite(features).all()
    np.testing.assert_allclose(features[1], encoder([PICTURE])[0], atol=1e-5)


def test_bfloat16_gives_float32_features_nearby(tmp_path: Path):
    make("siglip-tower", tmp_path)
    wanted = open_encoder("hub", tmp_path, grid=2)([PICTURE])
    got = open_encoder("hub", tmp_path, grid=2, dtype=torch.bfloat16)([PICTURE])
    assert got.dtype == np.float32
    assert 0 < np.abs(got - wanted).mean() < 0.05 * wanted.std()


def live_model(encoder: Any) -> LiveModel:
    shape = DecoderShape(vocab=258, width=8, layers=1, heads=1, kv_heads=1, head_size=8, inner=8)
    card = Card(decoder=shape, frame=encoder.frame, bos="<s>", eos="</s>")
    return LiveModel(card, byte_tokenizer())


@pytest.mark.parametrize("kind", ["siglip", "clip-tower"])
def test_a_checkpoint_takes_its_encoder_along(kind: str, tmp_path: Path):
    make(kind, tmp_path / "hub")
    (tmp_path / "hub" / "run_me.py").write_text("raise SystemExit")
    encoder = open_encoder("hub", tmp_path / "hub", grid=2)
    save_live(tmp_path / "live", live_model(encoder), encoder)
    for path in (tmp_path / "hub").iterdir():
        path.unlink()
    loaded = load_live(tmp_path / "live")
    np.testing.assert_array_equal(loaded.encoder([PICTURE]), encoder([PICTURE]))
    assert not (tmp_path / "live" / "encoder" / "run_me.py").exists()
    again = loaded.encoder
    save_live(tmp_path / "live", loaded.model, again)  # type: ignore[arg-type]
    assert (tmp_path / "live" / "encoder" / "model.safetensors").stat().st_size > 1000


def test_missing_weights_are_named(tmp_path: Path):
    make("siglip-tower", tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    gone = next(name for name in tensors if name.endswith("layers.1.mlp.fc1.weight"))
    del tensors[gone]
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(BackendError, match=r"lack .*layers\.1\.mlp\.fc1\.weight"):
        open_encoder("hub", tmp_path)


def test_folders_that_are_no_encoder_say_why(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"no config\.json"):
        open_encoder("hub", tmp_path)
    make("vit", tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(BackendError, match="pickles can run code"):
        open_encoder("hub", tmp_path)
    (tmp_path / "pytorch_model.bin").rename(tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"model_type": "of_nobody"}')
    with pytest.raises(BackendError, match="cannot load the vision model"):
        open_encoder("hub", tmp_path)


class FakeNet(nn.Module):
    """What of timm's models is used, for those whose features are patches."""

    num_features, num_prefix_tokens = 6, 1

    def __init__(self, num_classes: int, img_size: int) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 6, 8, stride=8)
        self.head = nn.Linear(6, num_classes)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        patches = self.patch(x).flatten(2).transpose(1, 2)
        return torch.cat([patches.mean(1, keepdim=True), patches], dim=1)

    def forward_head(self, x: torch.Tensor, pre_logits: bool) -> torch.Tensor:
        assert pre_logits
        return x[:, 0]


class FakeMap(FakeNet):
    """And for those whose features are a map, with the features first or last."""

    output_fmt = "NHWC"

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        return self.patch(x).permute(0, 2, 3, 1)

    def forward_head(self, x: torch.Tensor, pre_logits: bool) -> torch.Tensor:
        return x.mean((1, 2))


@pytest.fixture(params=[FakeNet, FakeMap])
def timm_folder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder of timm, and a stand-in for timm: see vision_timm for why it is not installed."""

    def create_model(name: str, *, pretrained: bool, num_classes: int, **more: Any) -> nn.Module:
        assert (name, pretrained) == ("vit_fake", False)
        return request.param(num_classes, **more)

    fake = ModuleType("timm")
    fake.create_model = create_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "timm", fake)
    trained = {"input_size": [3, 32, 32], "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7]}
    config = {"architecture": "vit_fake", "num_classes": 4, "pretrained_cfg": trained,
              "model_args": {"img_size": 32, "num_classes": 4}}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    save_file(request.param(4, 32).state_dict(), tmp_path / "model.safetensors")
    return tmp_path


def test_a_net_of_timm_gives_pooled_and_grid(timm_folder: Path):
    weights = load_file(timm_folder / "model.safetensors")
    picture = PICTURE[:32, :32]
    pixels = (picture / 255 - np.array([0.1, 0.2, 0.3])) / np.array([0.5, 0.6, 0.7])
    cells = nn.functional.conv2d(
        torch.from_numpy(pixels).float().permute(2, 0, 1)[None], weights["patch.weight"],
        weights["patch.bias"], stride=8,
    )[0].numpy()  # fmt: skip
    got = open_encoder("timm", timm_folder, grid=2)([picture])[0]
    np.testing.assert_allclose(got[0], cells.mean((1, 2)), atol=1e-5)
    np.testing.assert_allclose(got[2], cells[:, :2, 2:].mean((1, 2)), atol=1e-5)


def test_misfitting_weights_of_timm_are_named(timm_folder: Path):
    path = timm_folder / "model.safetensors"
    tensors = load_file(path)
    tensors["patch.bias"] = torch.zeros(5)
    save_file(tensors, path)
    with pytest.raises(BackendError, match=r"another shape patch\.bias \[5\] instead of \[6\]"):
        open_encoder("timm", timm_folder)


def test_without_timm_it_is_said(timm_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(BackendError, match="pip install timm"):
        open_encoder("timm", timm_folder)
    (timm_folder / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match="no architecture"):
        open_encoder("timm", timm_folder)
