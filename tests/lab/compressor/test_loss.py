import math

import pytest
import torch

from omnilive_lab.compressor.loss import retrieval_loss, soft_labels


def test_the_loss_by_hand():
    # Two clips with cosines 0.1 and 0: softmax of (1, 0) = (0.731059, 0.268941).
    s = (1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1)))
    logs = [math.log(p + 1e-4) for p in s]
    likeness = -(0.75 * logs[0] + 0.25 * logs[1])
    entropy = -(s[0] * logs[0] + s[1] * logs[1])
    found = retrieval_loss(torch.tensor([[0.1, 0.0]]), torch.tensor([[0.75, 0.25]]))
    assert found.item() == pytest.approx(likeness + 0.01 * entropy, rel=1e-6)
    assert found.item() == pytest.approx(0.568886, abs=1e-5)


def test_the_mean_is_over_questions():
    one = retrieval_loss(torch.tensor([[0.3, 0.1]]), torch.tensor([[1.0, 0.0]]))
    other = retrieval_loss(torch.tensor([[0.0, 0.5]]), torch.tensor([[1.0, 0.0]]))
    both = retrieval_loss(
        torch.tensor([[0.3, 0.1], [0.0, 0.5]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    )
    assert both.item() == pytest.approx((one.item() + other.item()) / 2)


def test_being_sure_of_the_wrong_clip_has_a_bounded_cost():
    worst = retrieval_loss(torch.tensor([[-1.0, 1.0]]), torch.tensor([[1.0, 0.0]]))
    assert worst.item() < -math.log(1e-4) + 0.01


def test_labels_are_shares_of_time():
    assert soft_labels(torch.tensor([[6.0, 2.0, 0.0]])).tolist() == [[0.75, 0.25, 0.0]]
    assert soft_labels(torch.zeros(1, 2)).tolist() == [[0.0, 0.0]]
