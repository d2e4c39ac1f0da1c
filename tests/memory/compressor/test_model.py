import math

import numpy as np
import pytest
import torch

from omnilive.memory.compressor.backbone import Projector, SmallBackbone, padded
from omnilive.memory.compressor.config import ShapeConfig
from omnilive.memory.compressor.model import Compressor, Tokens, mean, scores
from tests.memory.compressor.made import SHAPE, clips, compressor, questions


def batch(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    made = clips(count)
    values = torch.from_numpy(np.stack([c.values_TND for c in made]))
    mask = torch.from_numpy(np.stack([c.mask_TN for c in made]))
    spans = torch.tensor([[10.0 * i, 10.0 * i + 8] for i in range(count)])
    return values, mask, spans


def test_mean_leaves_out_what_is_masked():
    x = torch.tensor([[[2.0], [4.0], [9.0]]])
    assert mean(x, torch.tensor([[True, True, False]]), dim=1).item() == 3.0
    assert mean(x, torch.tensor([[False, False, False]]), dim=1).item() == 0.0


def test_slots_start_as_the_features_down_sampled():
    net = compressor()
    values = torch.arange(8.0).view(1, 2, 4, 1).expand(1, 2, 4, 10)  # T = 2 frames of N = 4
    mask = torch.ones(1, 2, 4, dtype=torch.bool)
    mask[0, 1, 2:] = False
    slots, is_slot = net.downsampled(values, mask)  # P = 2 a frame: means of two
    assert slots[0, :, 0].tolist() == [0.5, 2.5, 4.5, 0.0]
    assert is_slot[0].tolist() == [True, True, True, False]


def test_shapes():
    net = compressor()
    tokens = net.compress(*batch(6))
    assert tokens.slots_BSC.shape == (6, 4, 16)  # S = T * P
    assert tokens.globals_BC.shape == (6, 16)
    longterm = net.integrate_all(tokens, 3)
    assert longterm.shape == (2, 3, 16)  # two streams of three clips
    sought = net.ask(longterm[0], questions(5))
    assert sought.shape == (5, 16)
    found = scores(sought, tokens.globals_BC[:3])
    assert found.shape == (5, 3) and found.abs().max() <= 1 + 1e-5


def test_what_is_masked_has_no_say():
    net = compressor()
    values, mask, spans = batch(4)
    other = torch.where(mask[..., None], values, torch.full_like(values, 7.0))
    a, b = net.compress(values, mask, spans), net.compress(other, mask, spans)
    torch.testing.assert_close(a.globals_BC, b.globals_BC)


def test_the_time_of_a_clip_matters():
    net = compressor()
    values, mask, spans = batch(2)
    a, b = net.compress(values, mask, spans), net.compress(values, mask, spans + 100)
    assert not torch.allclose(a.globals_BC, b.globals_BC)


def test_a_block_is_the_published_integration():
    """[H_1 . H_2 . H_3 . G_1 . G_2 . G_3] in one call, the outputs at G_k."""
    net = compressor()
    tokens = net.compress(*batch(3))
    x = torch.cat([*tokens.slots_BSC, tokens.globals_BC])[None]
    mask = torch.cat([tokens.mask_BS.flatten(), torch.ones(3, dtype=torch.bool)])[None]
    whole = net.backbone(x, mask)[0, -3:]
    torch.testing.assert_close(net.integrate_all(tokens, 3)[0], whole)


def test_the_carried_state_reaches_later_blocks():
    net = compressor()
    values, mask, spans = batch(6)
    changed = values.clone()
    changed[0] += 1.0
    a = net.integrate_all(net.compress(values, mask, spans), 6)[0]
    b = net.integrate_all(net.compress(changed, mask, spans), 6)[0]
    assert not torch.allclose(a[3:], b[3:])


def test_questions_padded_together_are_as_each_alone():
    net, asked = compressor(), questions(4)
    longterm = net.integrate_all(net.compress(*batch(3)), 3)[0]
    alone = torch.cat([net.ask(longterm, [one]) for one in asked])
    torch.testing.assert_close(net.ask(longterm, asked), alone)


def test_only_the_newest_long_term_tokens_are_read():
    net = compressor(SHAPE.model_copy(update={"context": 2}))
    longterm = torch.randn(5, 16)
    torch.testing.assert_close(net.ask(longterm, questions(2)), net.ask(longterm[3:], questions(2)))


def test_untrained_it_compares_sentence_vectors():
    """At the start: the cosine of the question with the mean of what was perceived."""
    shape = SHAPE.model_copy(update={"text_width": 16, "feature_width": 16})
    net = Compressor(shape, SmallBackbone(shape)).eval()
    made, asked = clips(3, shape), questions(2, 16)
    values = torch.from_numpy(np.stack([c.values_TND for c in made]))
    mask = torch.from_numpy(np.stack([c.mask_TN for c in made]))
    with torch.no_grad():
        tokens = net.compress(values, mask, torch.zeros(3, 2))
        found = scores(net.ask(net.integrate_all(tokens, 3)[0], asked), tokens.globals_BC)
    for q, question in enumerate(asked):
        for k, clip in enumerate(made):
            a, b = question[-1], clip.values_TND[clip.mask_TN].mean(axis=0)
            cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            assert found[q, k].item() == pytest.approx(cosine, abs=1e-5)


def test_the_projector_is_two_layers_with_gelu():
    net = Projector(1, 1, 1, skip=False)
    with torch.no_grad():
        for weight, value in zip(net.parameters(), (2.0, 1.0, 3.0, 0.5), strict=True):
            weight.fill_(value)
    x = 2 * 0.7 + 1  # the first layer
    wanted = 3 * (x * 0.5 * (1 + math.erf(x / math.sqrt(2)))) + 0.5
    assert net(torch.tensor([[[0.7]]])).item() == pytest.approx(wanted, rel=1e-6)


def test_the_decoder_is_causal():
    net = SmallBackbone(SHAPE)
    with torch.no_grad():
        for weight in net.parameters():
            weight.normal_(std=0.4)
    x, mask = torch.randn(1, 6, 16), torch.ones(1, 6, dtype=torch.bool)
    changed = x.clone()
    changed[0, 4] += 1.0
    torch.testing.assert_close(net(x, mask)[:, :4], net(changed, mask)[:, :4])


def test_padding_is_at_the_end():
    x, mask = padded([np.ones((1, 2), np.float32), np.ones((3, 2), np.float32)])
    assert x.shape == (2, 3, 2) and mask.tolist() == [[True, False, False], [True, True, True]]


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="patches .4. must divide by slots .3."):
        ShapeConfig(patches=4, slots=3)
    with pytest.raises(ValueError, match="width"):
        ShapeConfig(width=10, heads=2)


def test_tokens_name_their_parts():
    assert Tokens._fields == ("slots_BSC", "mask_BS", "globals_BC")
