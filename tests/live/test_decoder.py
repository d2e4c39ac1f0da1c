"""Whole sequences: causal, packed, checkpointed."""

import pytest
import torch

from omnilive.live.config import DecoderShape
from omnilive.live.decoder import Decoder

SHAPE = DecoderShape(
    vocab=30, width=16, layers=2, heads=4, kv_heads=2, head_size=4, inner=24, tied=True
)


@pytest.fixture
def decoder() -> Decoder:
    torch.manual_seed(0)
    made = Decoder(SHAPE).eval()
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return made


@torch.inference_mode()
def test_a_token_sees_only_what_came_before(decoder: Decoder):
    x = torch.randn(2, 9, 16)
    changed = x.clone()
    changed[:, 5:] += 1.0
    first, second = decoder(x), decoder(changed)
    torch.testing.assert_close(first[:, :5], second[:, :5])
    assert ((first - second)[:, 5:].abs().amax(-1) > 1e-3).all()


@torch.inference_mode()
def test_packed_samples_are_as_alone(decoder: Decoder):
    x = torch.randn(2, 10, 16)
    segments = torch.tensor([[0] * 3 + [1] * 6 + [2], [5] * 4 + [0] * 6])
    packed = decoder(x, segments)
    for row, first, stop in [(0, 0, 3), (0, 3, 9), (0, 9, 10), (1, 0, 4), (1, 4, 10)]:
        alone = decoder(x[row : row + 1, first:stop])
        torch.testing.assert_close(packed[row : row + 1, first:stop], alone)


@pytest.mark.parametrize("packed", [False, True])
def test_checkpointing_gives_the_same_gradients(decoder: Decoder, packed: bool):
    ids = torch.randint(30, (2, 8))
    segments = torch.tensor([[0] * 5 + [1] * 3, [0] * 8]) if packed else None

    def gradients() -> dict[str, torch.Tensor]:
        decoder.zero_grad()
        decoder.logits(decoder(decoder.embed(ids), segments)).square().mean().backward()
        return {n: p.grad.clone() for n, p in decoder.named_parameters() if p.grad is not None}

    plain = gradients()
    decoder.checkpointing = True
    torch.testing.assert_close(gradients(), plain)
    assert len(plain) == len(list(decoder.parameters()))


def test_an_untrained_decoder_is_unsure():
    torch.manual_seed(0)
    decoder = Decoder(SHAPE)
    logits = decoder.logits(decoder(decoder.embed(torch.randint(30, (1, 20)))))
    assert logits.std() < 0.5
