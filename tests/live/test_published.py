"""The layout of videollm-online-8b-v1plus, on a tiny checkpoint of the same names and shapes.

What is loaded is compared with a plain forward pass written from the formulas: the adapter beside
the weights, not merged; no cache; none of the library's code.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from omnilive.core.errors import BackendError, ConfigError
from omnilive.live import published
from omnilive.live.cache import Window
from omnilive.live.checkpoint import load_live, save_live
from tests.live.scripted import byte_tokenizer

WIDTH, HEADS, GROUPS, SIZE, VOCAB, RANK, ALPHA, SEEN = 24, 4, 2, 6, 258, 8, 16, 16
ROPE = {
    "rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 64,
}  # fmt: skip
LORA = [
    *(f"self_attn.{n}_proj" for n in "qkvo"), "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
]  # fmt: skip
ADAPTER: dict[str, Any] = {
    "base_model_name_or_path": "meta-llama/Meta-Llama-3-8B-Instruct", "bias": "none",
    "fan_in_fan_out": False, "lora_alpha": ALPHA, "lora_dropout": 0.05,
    "modules_to_save": ["connector"], "peft_type": "LORA", "r": RANK, "task_type": "CAUSAL_LM",
    "target_modules":
        "model.*(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)|lm_head$",
}  # fmt: skip
FILE = "adapter_model.safetensors"
PICTURES = list(np.random.default_rng(1).integers(0, 256, (3, 48, 48, 3), np.uint8))


def make(folder: Path) -> Path:
    """Write a checkpoint of the released layout with random weights."""
    import transformers as t

    torch.manual_seed(0)
    config = t.LlamaConfig(
        vocab_size=VOCAB, hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=HEADS, num_key_value_heads=GROUPS, head_dim=SIZE, rms_norm_eps=1e-5,
        rope_parameters=ROPE, initializer_range=0.3, max_position_embeddings=512,
    )  # fmt: skip
    t.LlamaForCausalLM(config).save_pretrained(folder / "base")
    byte_tokenizer().save(str(folder / "base" / "tokenizer.json"))
    named = {"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": False}}
    (folder / "base" / "tokenizer_config.json").write_text(json.dumps(named))
    tower = t.SiglipVisionConfig(
        hidden_size=SEEN, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
        image_size=48, patch_size=8,
    )  # fmt: skip
    t.SiglipVisionModel(tower).save_pretrained(folder / "encoder")
    base = load_file(folder / "base" / "model.safetensors")
    tensors: dict[str, Tensor] = {}
    layers = [f"model.layers.{i}.{name}" for i in range(2) for name in LORA]
    for name in [*layers, "lm_head"]:
        outputs, inputs = base[f"{name}.weight"].shape
        tensors[f"base_model.model.{name}.lora_A.weight"] = 0.2 * torch.randn(RANK, inputs)
        tensors[f"base_model.model.{name}.lora_B.weight"] = 0.2 * torch.randn(outputs, RANK)
    for place, inputs in ((0, SEEN), (2, WIDTH)):
        tensors[f"base_model.model.connector.{place}.weight"] = 0.3 * torch.randn(WIDTH, inputs)
        tensors[f"base_model.model.connector.{place}.bias"] = 0.3 * torch.randn(WIDTH)
    save_file(tensors, folder / FILE)
    (folder / "adapter_config.json").write_text(json.dumps(ADAPTER))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path)


def plain_forward(folder: Path, pieces: list[list[int] | Tensor]) -> Tensor:
    """Return the logits (L, V) of token ids and of image features (N, D), in turn."""
    base = load_file(folder / "base" / "model.safetensors")
    lora = load_file(folder / FILE)

    def linear(x: Tensor, name: str) -> Tensor:
        down, up = (lora[f"base_model.model.{name}.lora_{side}.weight"] for side in "AB")
        return x @ base[f"{name}.weight"].T + ALPHA / RANK * (x @ down.T) @ up.T

    def norm(x: Tensor, name: str) -> Tensor:
        return x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * base[f"{name}.weight"]

    def connected(features: Tensor) -> Tensor:
        one, two = (
            [lora[f"base_model.model.connector.{i}.{leaf}"] for leaf in ("weight", "bias")]
            for i in (0, 2)
        )
        inner = features @ one[0].T + one[1]
        return 0.5 * inner * (1 + torch.erf(inner / math.sqrt(2))) @ two[0].T + two[1]

    def speeds() -> Tensor:
        """As the code that Meta released with Llama 3.1."""
        found = []
        for i in range(0, SIZE, 2):
            speed = 500.0 ** (-i / SIZE)
            wave = 2 * math.pi / speed
            if wave < 64 / 4.0:
                found.append(speed)
            elif wave > 64 / 1.0:
                found.append(speed / 8.0)
            else:
                smooth = (64 / wave - 1.0) / (4.0 - 1.0)
                found.append((1 - smooth) * speed / 8.0 + smooth * speed)
        return torch.tensor(found)

    def turned(x_LHE: Tensor) -> Tensor:
        angle = torch.arange(len(x_LHE))[:, None, None] * speeds()
        a, b = x_LHE[..., : SIZE // 2], x_LHE[..., SIZE // 2 :]
        cos, sin = angle.cos(), angle.sin()
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    embedding = base["model.embed_tokens.weight"]
    x = torch.cat([embedding[p] if isinstance(p, list) else connected(p) for p in pieces])
    hidden = torch.full((len(x), len(x)), -math.inf).triu(1)
    for i in range(2):
        at = f"model.layers.{i}."
        h = norm(x, f"{at}input_layernorm")
        q, k, v = (linear(h, f"{at}self_attn.{n}_proj").view(len(x), -1, SIZE) for n in "qkv")
        q, k = turned(q), turned(k)
        heads = []
        for head in range(HEADS):
            group = head // (HEADS // GROUPS)
            scores = q[:, head] @ k[:, group].T / math.sqrt(SIZE) + hidden
            heads.append(scores.softmax(-1) @ v[:, group])
        x = x + linear(torch.cat(heads, -1), f"{at}self_attn.o_proj")
        h = norm(x, f"{at}post_attention_layernorm")
        gate = functional.silu(linear(h, f"{at}mlp.gate_proj"))
        x = x + linear(gate * linear(h, f"{at}mlp.up_proj"), f"{at}mlp.down_proj")
    return linear(norm(x, "model.norm"), "lm_head")


def seen_by_siglip(folder: Path) -> Tensor:
    """Return (T, 10, D): the pooled feature and 3 x 3 means of the patches."""
    import transformers as t

    tower = t.SiglipVisionModel.from_pretrained(folder / "encoder")
    pixels = torch.from_numpy(np.stack(PICTURES)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        found = tower(pixel_values=pixels)
    parts = found.last_hidden_state.view(3, 3, 2, 3, 2, SEEN).mean(dim=(2, 4)).flatten(1, 2)
    return torch.cat([found.pooler_output[:, None], parts], dim=1)


@pytest.mark.parametrize("window", [None, Window(sinks=4, recent=300, chunk=20)])
@torch.inference_mode()
def test_logits_are_those_of_the_formulas(window: Window | None, folder: Path):
    model, encoder = published.load_published(folder, dtype=torch.float32)
    template, features = model.template, torch.from_numpy(encoder(PICTURES))
    torch.testing.assert_close(features, seen_by_siglip(folder), rtol=1e-4, atol=1e-5)
    comma = byte_tokenizer().encode(",").ids
    start = byte_tokenizer().encode(
        "A multimodal AI assistant is helping users with some activities. Below is their "
        "conversation, interleaved with the list of video frames received by the assistant."
    ).ids  # fmt: skip
    bos = byte_tokenizer().token_to_id("<s>")
    pieces = [
        [bos, *start, *byte_tokenizer().encode("\n[").ids], features[0], comma, features[1],
        comma, features[2], byte_tokenizer().encode("]\nAssistant:").ids,
    ]  # fmt: skip
    wanted = plain_forward(folder, pieces)

    state, got = model.init_state(window=window), []
    parts = [
        [*template.start(), *template.open()], features[0], template.interval, features[1],
        template.interval, features[2], template.prompt(is_open=True),
    ]  # fmt: skip
    for part in parts:
        is_ids = isinstance(part, list)
        x = model.decoder.embed(torch.tensor(part)) if is_ids else model.frame_embeds(part)
        got.append(model.logits(model.step(x[None], [len(x)], state))[0])
    torch.testing.assert_close(torch.cat(got), wanted, rtol=1e-3, atol=1e-3)
    assert wanted.std() > 0.5


def test_what_the_card_says(folder: Path):
    model, _ = published.load_published(folder)
    card = model.card
    assert (card.bos, card.eos, card.interval, card.frame.tokens) == ("<s>", "</s>", ",", 10)
    assert (card.frame.width, card.frame.side_px, card.fps) == (SEEN, 48, 2.0)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert not model.training


@torch.inference_mode()
def test_it_can_be_saved_as_one_of_ours(folder: Path, tmp_path: Path):
    live = load_live(folder, torch.float32)
    save_live(tmp_path / "ours", live.model, live.encoder)  # type: ignore[arg-type]
    again = load_live(tmp_path / "ours")
    assert again.model.card == live.model.card
    torch.testing.assert_close(again.model.state_dict(), live.model.state_dict())
    np.testing.assert_array_equal(again.encoder(PICTURES), live.encoder(PICTURES))


@torch.inference_mode()
def test_merging_in_blocks_is_merging(folder: Path, monkeypatch: pytest.MonkeyPatch):
    whole, _ = published.load_published(folder, dtype=torch.float32)
    monkeypatch.setattr(published, "ROWS", 7)
    blocks, _ = published.load_published(folder, dtype=torch.float32)
    torch.testing.assert_close(blocks.state_dict(), whole.state_dict())


def change(folder: Path, how: Callable[[dict[str, Tensor]], Any]) -> None:
    tensors = load_file(folder / FILE)
    how(tensors)
    save_file(tensors, folder / FILE)


Q = "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight"
CONNECTOR = "base_model.model.connector.2.bias"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (lambda t: t.pop(Q), r"lacks .*layers\.1\.self_attn\.q_proj\.lora_A"),
        (lambda t: t.pop(CONNECTOR), r"lacks .*connector\.2\.bias"),
        (lambda t: t.update(more=torch.zeros(1)), "has beyond the model more"),
        (lambda t: t.update({Q: torch.zeros(4, WIDTH)}), r"q_proj\.lora_A.* \[4, 24\] instead of"),
        (
            lambda t: t.update({CONNECTOR: torch.zeros(3)}),
            r"another shape .*connector\.2\.bias \[3\] instead of \[24\]",
        ),
    ],
)
def test_misfitting_tensors_are_named(how: Callable, message: str, folder: Path):
    change(folder, how)
    with pytest.raises(BackendError, match=message):
        load_live(folder)


def test_misfitting_tensors_of_the_base_are_named(folder: Path):
    path = folder / "base" / "model.safetensors"
    tensors = load_file(path)
    del tensors["model.layers.0.mlp.down_proj.weight"]
    save_file(tensors, path)
    with pytest.raises(BackendError, match=r"lacks layers\.0\.mlp\.down_proj\.weight"):
        load_live(folder)


def test_names_of_other_versions_of_peft_are_known(folder: Path):
    wanted = load_live(folder).model.state_dict()
    tensors = load_file(folder / FILE)
    renamed = {
        name.replace("connector.", "connector.modules_to_save.default.")
        if "connector" in name
        else name.replace(".weight", ".default.weight"): tensor
        for name, tensor in tensors.items()
    }
    assert not renamed.keys() & tensors.keys()
    save_file(renamed, folder / FILE)
    torch.testing.assert_close(load_live(folder).model.state_dict(), wanted)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"use_dora": True}, "use_dora True"),
        ({"peft_type": "IA3"}, "peft_type 'IA3'"),
        ({"rank_pattern": {"q_proj": 4}}, "rank_pattern"),
        ({"bias": "all"}, "bias 'all'"),
    ],
)
def test_adapters_of_another_kind_say_why(changed: dict, message: str, folder: Path):
    (folder / "adapter_config.json").write_text(json.dumps(ADAPTER | changed))
    with pytest.raises(ConfigError, match=message):
        load_live(folder)


def test_a_list_of_modules_adapts_those(folder: Path):
    change(folder, lambda t: [t.pop(n) for n in list(t) if "lora" in n and "v_proj" not in n])
    with pytest.raises(BackendError, match=r"lacks .* and \d+ more"):
        load_live(folder)
    (folder / "adapter_config.json").write_text(
        json.dumps(ADAPTER | {"target_modules": ["v_proj"]})
    )
    loaded = load_live(folder, torch.float32).model.decoder.state_dict()
    base = load_file(folder / "base" / "model.safetensors")
    for name in ("layers.0.self_attn.q_proj.weight", "layers.1.mlp.up_proj.weight"):
        torch.testing.assert_close(loaded[name], base[f"model.{name}"], rtol=0, atol=0)
    assert (loaded["layers.0.self_attn.v_proj.weight"]
            - base["model.layers.0.self_attn.v_proj.weight"]).abs().max() > 0.01  # fmt: skip


@pytest.mark.parametrize("named", ["meta-llama/Meta-Llama-3-8B-Instruct", None])
def test_what_it_adapts_is_asked_for(named: str | None, folder: Path, tmp_path: Path):
    (folder / "base").rename(folder / "elsewhere")
    config = ADAPTER | {"base_model_name_or_path": named}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match=f"adapts {named or 'a model'}.*/base"):
        load_live(folder)
    (folder / "base").symlink_to(folder / "elsewhere")
    load_live(folder)


def test_pickles_are_refused(folder: Path):
    (folder / FILE).rename(folder / "adapter_model.bin")
    with pytest.raises(BackendError, match=r"adapter_model\.bin.*pickles can run code"):
        load_live(folder)
