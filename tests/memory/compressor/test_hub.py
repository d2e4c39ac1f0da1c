"""Language models from a Hugging Face folder: a tiny LLaMA, SmolLM2's architecture, made here."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from omnilive.core.errors import BackendError, ConfigError
from omnilive.memory.compressor.backbone import PREFIX, HubReader, hub_backbone, token_ids
from omnilive.memory.compressor.checkpoint import Card, load_checkpoint, save_checkpoint
from omnilive.memory.compressor.config import ShapeConfig
from omnilive.memory.compressor.model import Compressor
from omnilive.memory.compressor.stream import StreamingMemory
from tests.memory.compressor.made import clips

SHAPE = ShapeConfig(
    backbone="hub", width=16, inner=12, feature_width=10, frames=2, patches=4, slots=2, window=3
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import LlamaConfig, LlamaForCausalLM

    path = tmp_path_factory.mktemp("llama")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=512,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(path)
    words = PREFIX.format(0, 8).split() + "where is the red key ? . 10 18 20 28".split()
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys(["[?]", *words]))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[?]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(path / "tokenizer.json"))
    return path


@pytest.fixture
def net(folder: Path) -> Compressor:
    torch.manual_seed(1)
    return Compressor(SHAPE, hub_backbone(folder)).eval()


def test_the_prefix_names_whole_seconds(net: Compressor):
    x, mask = net.backbone.prefix(torch.tensor([[0.4, 8.9]]))
    ids = token_ids(net.backbone.tokenizer, "This contains a clip sampled in 0 to 8 seconds")
    wanted = net.backbone.model.get_input_embeddings()(torch.from_numpy(ids))
    torch.testing.assert_close(x[0], wanted)
    assert mask.all()


def test_clip_by_clip_equals_whole(net: Compressor):
    memory, made = StreamingMemory(net), clips(5, SHAPE)
    state = memory.init_state()
    for i, clip in enumerate(made):
        memory.step(clip, (10.0 * i, 10.0 * i + 8), state)
    with torch.no_grad():
        tokens = net.compress(
            torch.from_numpy(np.stack([c.values_TND for c in made])),
            torch.from_numpy(np.stack([c.mask_TN for c in made])),
            torch.tensor([[10.0 * i, 10.0 * i + 8] for i in range(5)]),
        )
        longterm = net.integrate_all(tokens, 5)[0]
    torch.testing.assert_close(torch.stack(state.globals_C), tokens.globals_BC)
    torch.testing.assert_close(torch.stack(state.longterm_C), longterm)
    found = memory.rank([HubReader(net.backbone.tokenizer).read("where is the red key ?")], state)
    assert found.shape == (1, 5)


def test_a_checkpoint_needs_the_folder_no_more(net: Compressor, tmp_path: Path):
    save_checkpoint(tmp_path, net, Card(shape=SHAPE, encoder="test"))
    again, _ = load_checkpoint(tmp_path)
    wanted = net.state_dict()
    assert all(torch.equal(t, wanted[name]) for name, t in again.state_dict().items())
    assert again.backbone.tokenizer.to_str() == net.backbone.tokenizer.to_str()


def test_a_question_without_words_has_a_token(net: Compressor):
    assert HubReader(net.backbone.tokenizer).read("").shape == (1,)


def test_folders_that_hold_no_model_are_refused(folder: Path, tmp_path: Path):
    with pytest.raises(ConfigError, match=r"has no config\.json"):
        hub_backbone(tmp_path)
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"no \*\.safetensors; other weights are not read"):
        hub_backbone(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(BackendError, match="cannot load the language model"):
        hub_backbone(tmp_path)
