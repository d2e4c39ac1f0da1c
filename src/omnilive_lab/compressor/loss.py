"""The published loss of retrieval (InternLM-XComposer2.5-OmniLive, `forward_grounding_hm`).

    s = softmax over clips of cos / 0.1
    L = - sum_n y_n log(s_n + 1e-4), mean over questions,  -  0.01 sum_n s_n log(s_n + 1e-4)

y_n are soft labels. The second term, mean over questions as well, is 0.01 times the entropy of s:
it asks for a decision.

Shapes: Q questions, K clips.
"""

import torch
from torch import Tensor

TEMPERATURE = 0.1
EPS = 1e-4
ENTROPY_WEIGHT = 0.01


def retrieval_loss(scores_QK: Tensor, labels_QK: Tensor) -> Tensor:
    """Return the loss of cosines against soft labels whose rows sum to 1."""
    s_QK = torch.softmax(scores_QK / TEMPERATURE, dim=-1)
    log_QK = torch.log(s_QK + EPS)
    likeness = -(labels_QK * log_QK).sum(dim=-1).mean()
    entropy = -(s_QK * log_QK).sum(dim=-1).mean()
    return likeness + ENTROPY_WEIGHT * entropy


def soft_labels(shared_QK: Tensor) -> Tensor:
    """Return how long each clip is relevant as shares that sum to 1 (zeros where none is)."""
    total_Q1 = shared_QK.sum(dim=-1, keepdim=True)
    return shared_QK / total_Q1.clamp(min=1e-9)
