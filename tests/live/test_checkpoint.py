"""Saving and loading live models: the same outputs, and errors that name what does not fit."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from omnilive.core.errors import BackendError
from omnilive.live.checkpoint import load_live, save_live
from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.model import LiveModel
from omnilive.live.tiny import TinyEncoder, TinyNet, TinyShape
from tests.live.scripted import byte_tokenizer

DECODER = DecoderShape(
    vocab=258, width=16, layers=2, heads=4, kv_heads=2, head_size=4, inner=24, qk_norm=True
)
FRAME = FrameShape(encoder="tiny", side_px=32, width=12, grid=2)
TINY = TinyShape(side_px=32, channels=(4, 6, 8), width=12, grid=2)


def made(decoder: DecoderShape = DECODER, interval: str = ",") -> LiveModel:
    torch.manual_seed(0)
    card = Card(
        decoder=decoder, frame=FRAME, bos="<s>", eos="</s>", interval=interval, made={"seed": 7}
    )
    return LiveModel(card, byte_tokenizer()).eval()


@pytest.fixture
def model() -> LiveModel:
    return made()


@pytest.fixture
def encoder() -> TinyEncoder:
    return TinyEncoder(TinyNet(TINY))


@pytest.fixture
def folder(model: LiveModel, encoder: TinyEncoder, tmp_path: Path) -> Path:
    save_live(tmp_path / "live", model, encoder)
    return tmp_path / "live"


@torch.inference_mode()
def outputs(model: LiveModel) -> torch.Tensor:
    state, features = model.init_state(), torch.linspace(-1, 1, 5 * 12).view(1, 5, 12)
    ids = torch.tensor([model.template.start()])
    x = torch.cat([model.decoder.embed(ids), model.frame_embeds(features)], dim=1)
    return model.logits(model.step(x, [x.shape[1]], state))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("interval", [",", ""])
def test_what_is_loaded_is_what_was_saved(
    tied: bool, interval: str, encoder: TinyEncoder, tmp_path: Path
):
    model = made(DECODER.model_copy(update={"tied": tied}), interval)
    save_live(tmp_path, model, encoder)
    live = load_live(tmp_path)
    assert live.model.card == model.card
    assert not live.model.training
    torch.testing.assert_close(outputs(live.model), outputs(model), rtol=0, atol=0)
    pictures = [np.random.default_rng(0).integers(0, 256, (40, 20, 3), np.uint8)]
    np.testing.assert_array_equal(live.encoder(pictures), encoder(pictures))


def test_saving_again_replaces_what_was_there(folder: Path, encoder: TinyEncoder):
    model = made()
    with torch.no_grad():
        model.decoder.norm.weight.add_(1)
    save_live(folder, model, encoder)
    torch.testing.assert_close(load_live(folder).model.decoder.norm.weight, 1 + torch.ones(16))
    assert sorted(p.name for p in folder.iterdir()) == [
        "config.json", "encoder", "model.safetensors", "tokenizer.json",
    ]  # fmt: skip


def test_a_loaded_model_can_be_trained_on(folder: Path):
    model = load_live(folder).model.train()
    hidden = model.decoder(model.frame_embeds(torch.randn(1, 3, 12)))
    model.logits(hidden).sum().backward()
    assert all(p.grad is not None for n, p in model.named_parameters() if "embed_tokens" not in n)


def test_bfloat16_is_near(folder: Path):
    single, half = load_live(folder).model, load_live(folder, torch.bfloat16).model
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}
    wanted = outputs(single)
    assert (outputs(half).float() - wanted).abs().mean() < 0.05 * wanted.std()


def test_a_loaded_model_does_not_need_its_file(folder: Path):
    model = load_live(folder).model
    wanted = outputs(model)
    with open(folder / "model.safetensors", "r+b") as file:
        file.truncate(8)
    torch.testing.assert_close(outputs(model), wanted, rtol=0, atol=0)


def test_a_fused_model_is_not_saved(model: LiveModel, encoder: TinyEncoder, tmp_path: Path):
    wanted = outputs(model)
    model.decoder.fuse().fuse()
    torch.testing.assert_close(outputs(model), wanted, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="fused"):
        save_live(tmp_path, model, encoder)


def test_misfitting_tensors_are_named(folder: Path):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    del tensors["connector.second.weight"]
    tensors["decoder.extra"] = torch.zeros(1)
    tensors["decoder.lm_head.weight"] = torch.zeros(258, 8)
    save_file(tensors, path)
    message = (
        r"lacks connector\.second\.weight; it has beyond the model decoder\.extra; it has in "
        r"another shape decoder\.lm_head\.weight \[258, 8\] instead of \[258, 16\]"
    )
    with pytest.raises(BackendError, match=message):
        load_live(folder)


def test_misfitting_tensors_of_the_encoder_are_named(folder: Path):
    path = folder / "encoder" / "model.safetensors"
    tensors = load_file(path)
    del tensors["whole.bias"]
    save_file(tensors, path)
    with pytest.raises(BackendError, match=r"encoder.*lacks whole\.bias"):
        load_live(folder)


def test_an_encoder_of_another_width_is_refused(folder: Path, model: LiveModel):
    save_live(folder, model, TinyEncoder(TinyNet(TINY.model_copy(update={"width": 10}))))
    with pytest.raises(BackendError, match="5 features of width 10, the model wants 5 of 12"):
        load_live(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json",
                                  "encoder/config.json", "encoder/model.safetensors"])  # fmt: skip
@pytest.mark.parametrize("damage", ["missing", "empty", "other"])
def test_each_file_that_is_missing_or_damaged_is_named(name: str, damage: str, folder: Path):
    path = folder / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_text("" if damage == "empty" else '{"format": 1, "colour": "red"}')
    with pytest.raises(BackendError, match=Path(name).name.replace(".", r"\.")):
        load_live(folder)


def test_pickles_are_refused(folder: Path):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BackendError, match=r"pytorch_model\.bin.*pickles can run code"):
        load_live(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "has format 2, this omnilive reads 1"),
        ({"eos": "<end>"}, "no token '<end>'"),
        ({"interval": "and"}, "is not one token"),
        ({"frame": {"pooled": False}}, "pooled token, a grid, or both"),
        ({"decoder": {"vocab": 3}}, "decoder.width"),
    ],
)
def test_a_card_that_does_not_fit_says_why(change: dict, message: str, folder: Path):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BackendError, match=message):
        load_live(folder)
