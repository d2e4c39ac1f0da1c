"""Our decoder against transformers, on tiny random models of each family; and bad folders."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from omnilive.core.errors import BackendError, ConfigError
from omnilive.live.huggingface import load_decoder, read_shape

SIZES: dict[str, Any] = {
    "vocab_size": 50, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2,
    "num_attention_heads": 6, "num_key_value_heads": 2, "max_position_embeddings": 512,
    "initializer_range": 0.3,
}  # fmt: skip
LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 100.0, "factor": 8.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
}  # fmt: skip
MODELS = {
    "llama": ("Llama", {}),
    "llama-tied": ("Llama", {"tie_word_embeddings": True}),
    "llama-3.1": ("Llama", {"rope_parameters": LLAMA3}),
    "llama-biased": ("Llama", {"attention_bias": True, "head_dim": 8}),
    "qwen2": ("Qwen2", {}),
    "qwen2-tied": ("Qwen2", {"tie_word_embeddings": True}),
    "qwen3": ("Qwen3", {"head_dim": 8}),
    "qwen3-tied": ("Qwen3", {"head_dim": 8, "tie_word_embeddings": True}),
}


def make(name: str, folder: Path, **saving: Any) -> Any:
    """Write the model of a name with random weights, biases and norms, and return it."""
    import transformers

    family, more = MODELS[name]
    torch.manual_seed(0)
    config = getattr(transformers, f"{family}Config")(**SIZES | more)
    model = getattr(transformers, f"{family}ForCausalLM")(config).eval()
    for weight in model.parameters():
        if weight.ndim == 1:
            torch.nn.init.normal_(weight, mean=0.5, std=0.3)
    model.save_pretrained(folder, **saving)
    return model


@pytest.mark.parametrize("name", MODELS)
@torch.inference_mode()
def test_logits_equal_those_of_transformers(name: str, tmp_path: Path):
    model = make(name, tmp_path)
    decoder = load_decoder(tmp_path)
    ids = torch.randint(50, (2, 90))
    theirs = model(input_ids=ids).logits
    ours = decoder.logits(decoder(decoder.embed(ids)))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    assert theirs.std() > 0.5  # or the comparison would say little


@torch.inference_mode()
def test_bfloat16_is_as_near_as_that_of_transformers(tmp_path: Path):
    model = make("qwen3", tmp_path)
    decoder = load_decoder(tmp_path, torch.bfloat16)
    assert {p.dtype for p in decoder.parameters()} == {torch.bfloat16}
    ids = torch.randint(50, (1, 40))
    exact = model(input_ids=ids).logits
    theirs = model.bfloat16()(input_ids=ids).logits.float()
    ours = decoder.logits(decoder(decoder.embed(ids))).float()
    assert (ours - exact).abs().mean() < 1.2 * (theirs - exact).abs().mean()


@torch.inference_mode()
def test_shards_are_read_by_their_index(tmp_path: Path):
    make("llama", tmp_path / "whole")
    make("llama", tmp_path / "shards", max_shard_size="20KB")
    files = sorted((tmp_path / "shards").glob("model-*.safetensors"))
    assert len(files) > 1
    whole, shards = load_decoder(tmp_path / "whole"), load_decoder(tmp_path / "shards")
    torch.testing.assert_close(dict(whole.state_dict()), dict(shards.state_dict()))
    files[0].unlink()
    with pytest.raises(BackendError, match=f"{files[0].name} is missing"):
        load_decoder(tmp_path / "shards")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "gpt2"}, "model_type is 'gpt2'"),
        ({"model_type": None}, "model_type is None"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 2.0}}, "scaled by 'yarn'"),
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
        ({"use_sliding_window": True}, "use_sliding_window"),
        ({"num_key_value_heads": 4}, "6 heads do not share 4 kv_heads"),
        ({"hidden_size": "wide"}, "not complete"),
    ],
)
def test_a_config_that_is_not_ours_says_why(change: dict[str, Any], message: str, tmp_path: Path):
    make("llama", tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ConfigError, match=message):
        read_shape(tmp_path)


@pytest.mark.parametrize("text", ["", "[1]", "{", "\x00"])
def test_a_damaged_config_is_named(text: str, tmp_path: Path):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ConfigError, match=r"config\.json"):
        load_decoder(tmp_path)


def test_misfitting_tensors_are_named(tmp_path: Path):
    make("llama", tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    tensors["model.layers.7.mlp.up_proj.weight"] = torch.zeros(2)
    tensors["model.norm.weight"] = torch.zeros(3)
    save_file(tensors, path)
    message = (
        r"lacks layers\.1\.mlp\.up_proj\.weight; it has beyond the model layers\.7.*; "
        r"it has in another shape norm\.weight \[3\] instead of \[24\]"
    )
    with pytest.raises(BackendError, match=message):
        load_decoder(tmp_path)


def test_weights_that_are_no_safetensors_are_refused(tmp_path: Path):
    make("llama", tmp_path)
    path = tmp_path / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(BackendError, match="is damaged"):
        load_decoder(tmp_path)
    path.rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(BackendError, match=r"pytorch_model\.bin.*pickles can run code"):
        load_decoder(tmp_path)
    (tmp_path / "pytorch_model.bin").unlink()
    with pytest.raises(ConfigError, match=r"no \*\.safetensors"):
        load_decoder(tmp_path)
