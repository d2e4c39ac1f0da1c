import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from omnilive.core.errors import BackendError
from omnilive.memory.compressor.checkpoint import Card, load_checkpoint, save_checkpoint
from tests.memory.compressor.made import SHAPE, compressor


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path, compressor(), Card(shape=SHAPE, encoder="test", made={"seed": 3}))
    return tmp_path


def change(folder: Path, **tensors: torch.Tensor | None) -> None:
    held = load_file(folder / "model.safetensors")
    for name, tensor in tensors.items():
        held.pop(name.replace("__", "."), None)
        if tensor is not None:
            held[name.replace("__", ".")] = tensor
    save_file(held, folder / "model.safetensors")


def test_what_is_saved_is_loaded(folder: Path):
    net, card = load_checkpoint(folder)
    assert card == Card(shape=SHAPE, encoder="test", made={"seed": 3})
    wanted = compressor().state_dict()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in net.state_dict().items())
    assert not list(folder.glob("*.part"))


def test_a_missing_tensor_is_named(folder: Path):
    change(folder, projector__first__weight=None)
    with pytest.raises(BackendError, match=r"lacks projector\.first\.weight"):
        load_checkpoint(folder)


def test_an_extra_tensor_is_named(folder: Path):
    change(folder, projector__third=torch.zeros(2))
    with pytest.raises(BackendError, match=r"has beyond the model projector\.third"):
        load_checkpoint(folder)


def test_a_tensor_of_another_shape_is_named(folder: Path):
    change(folder, projector__first__bias=torch.zeros(2))
    message = r"in another shape projector\.first\.bias \[2\] instead of \[12\]"
    with pytest.raises(BackendError, match=message):
        load_checkpoint(folder)


def test_many_tensors_are_counted(folder: Path):
    save_file({"x": torch.zeros(1)}, folder / "model.safetensors")
    with pytest.raises(BackendError, match=r"lacks .* and \d+ more; it has beyond the model x"):
        load_checkpoint(folder)


def test_a_pickle_is_not_read(folder: Path):
    (folder / "model.safetensors").unlink()
    torch.save({"x": 1}, folder / "pytorch_model.bin")
    with pytest.raises(BackendError, match=r"pytorch_model\.bin.*pickles can run code"):
        load_checkpoint(folder)


def test_a_pickle_under_the_right_name_is_not_read(folder: Path):
    torch.save({"x": 1}, folder / "model.safetensors")
    with pytest.raises(BackendError, match="no safetensors file"):
        load_checkpoint(folder)


def test_a_cut_off_file_is_not_read(folder: Path):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(BackendError, match="damaged"):
        load_checkpoint(folder)


def test_a_folder_without_a_card_is_no_compressor(tmp_path: Path):
    with pytest.raises(BackendError, match=r"no compressor: it has no config\.json"):
        load_checkpoint(tmp_path)


def test_a_card_of_a_later_format_or_of_nonsense_is_refused(folder: Path):
    card = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(card | {"format": 9}))
    with pytest.raises(BackendError, match="format 9, this omnilive reads 1: upgrade"):
        load_checkpoint(folder)
    card["shape"]["width"] = -1
    (folder / "config.json").write_text(json.dumps(card))
    with pytest.raises(BackendError, match="shape.width"):
        load_checkpoint(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(BackendError, match=r"config\.json cannot be read"):
        load_checkpoint(folder)
