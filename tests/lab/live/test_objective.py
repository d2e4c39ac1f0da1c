import math

import pytest
import torch

from omnilive_lab.live.config import TrainConfig
from omnilive_lab.live.objective import loss_sum
from omnilive_lab.live.sequences import IGNORED
from omnilive_lab.live.train import loss_of
from tests.lab.live.tiny import LESSONS, model


def test_the_loss_is_a_weighted_sum_of_cross_entropies():
    # Probabilities 1/4, 1/2 and 3/4 of what was right; the second token is a frame.
    logits = torch.tensor([[math.log(1 / 3), 0.0], [0.0, 0.0], [0.0, math.log(3.0)]])
    labels, frames = torch.tensor([0, 1, 1]), torch.tensor([False, True, False])
    for weight in (0.0, 1.0, 2.5):
        expected = math.log(4) + weight * math.log(2) + math.log(4 / 3)
        assert loss_sum(logits, labels, frames, weight).item() == pytest.approx(expected)


def test_it_is_the_formula_over_a_whole_sequence():
    """Eq. 5, token by token, against the batched loss of padded dialogues."""
    net, config = model(), TrainConfig(stream_weight=0.7)
    expected = 0.0
    for lesson in LESSONS[:2]:
        ids = torch.from_numpy(lesson.laid.ids_L)
        is_frame = ids == net.template.frame
        x = net.decoder.embed(ids.masked_fill(is_frame, 0))
        x[is_frame] = net.frame_embeds(torch.from_numpy(lesson.frames_TND)).flatten(0, 1)
        p = net.logits(net.decoder(x[None]))[0].log_softmax(-1)
        for j, label in enumerate(lesson.laid.labels_L.tolist()):
            if label != IGNORED:
                expected -= (0.7 if is_frame[j] else 1.0) * p[j, label].item()
    assert loss_of(net, LESSONS[:2], config).item() == pytest.approx(expected, rel=1e-5)
