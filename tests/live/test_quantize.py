"""Packed weights against the plain ones."""

import pytest
import torch
from torch.nn import functional

from omnilive.core.errors import BackendError
from omnilive.live.compiled import compiled
from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.model import LiveModel
from omnilive.live.quantize import PackedLinear, quantize, rounded
from tests.live.scripted import byte_tokenizer

SHAPE = DecoderShape(
    vocab=258, width=64, layers=2, heads=4, kv_heads=2, head_size=16, inner=96, tied=True,
    qkv_bias=True,
)  # fmt: skip


def model(**changes) -> LiveModel:
    torch.manual_seed(0)
    shape = SHAPE.model_copy(update=changes)
    card = Card(decoder=shape, frame=FrameShape(width=6), bos="<s>", eos="</s>", system="S\n")
    return LiveModel(card, byte_tokenizer()).eval()


@torch.inference_mode()
def logits(model: LiveModel) -> torch.Tensor:
    ids = torch.arange(20)[None]
    state = model.init_state()
    return model.logits(model.step(model.decoder.embed(ids), [20], state))[0]


def test_weights_are_rounded_to_the_nearest_of_255_steps():
    weight = torch.tensor([[-1.27, 0.014, 0.016], [0.0, 0.0, 0.0]])
    assert rounded(weight).int_repr().tolist() == [[-127, 1, 2], [0, 0, 0]]


def test_sums_of_the_largest_products_do_not_overflow():
    # With 8 bits for activations, 255 * 127 + 255 * 127 is more than 16 bits hold.
    layer = PackedLinear(torch.ones(8, 64), None, "int8")
    torch.testing.assert_close(
        layer(torch.ones(3, 64)), torch.full((3, 8), 64.0), rtol=0.01, atol=0
    )


@pytest.mark.parametrize(("kind", "most"), [("int8", 0.1), ("f16", 0.001)])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("fused", [True, False])
def test_a_packed_model_is_nearly_the_same(kind, most: float, tied: bool, fused: bool):
    wanted = logits(model(tied=tied))
    packed = model(tied=tied)
    if fused:
        packed.decoder.fuse()
    assert quantize(packed, kind) is packed
    error = (logits(packed) - wanted).norm() / wanted.norm()
    assert 0 < error < most


def test_a_bias_is_kept():
    weight, bias, x = torch.randn(8, 16), torch.randn(8), torch.randn(3, 16)
    wanted = functional.linear(x, weight, bias)
    torch.testing.assert_close(PackedLinear(weight, bias, "f16")(x), wanted, rtol=0.01, atol=0.01)


def test_the_choice_of_kernels_is_put_back():
    before = torch.backends.quantized.engine
    quantize(model(), "int8")
    assert torch.backends.quantized.engine == before


def test_none_changes_nothing_and_bf16_everything():
    plain = model()
    assert torch.equal(logits(quantize(model(), "none")), logits(plain))
    assert {p.dtype for p in quantize(model(), "bf16").parameters()} == {torch.bfloat16}


def test_int8_of_what_is_no_longer_float32_is_refused():
    with pytest.raises(BackendError, match="bfloat16"):
        quantize(quantize(model(), "bf16"), "int8")


def test_a_compiled_model_is_the_same():
    plain = model()
    wanted = logits(plain)
    torch.testing.assert_close(logits(compiled(plain, backend="eager")), wanted)
