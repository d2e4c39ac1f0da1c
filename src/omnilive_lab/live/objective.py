"""The streaming-EOS loss (arXiv 2406.11816, Eq. 5), in the form of the published code.

Shape legend: K learned tokens, V vocabulary.
"""

import torch
from torch import Tensor
from torch.nn import functional


def loss_sum(
    logits_KV: Tensor, labels_K: Tensor, is_frame_K: Tensor, stream_weight: float
) -> Tensor:
    """Return the sum of the weighted cross entropies; the mean is over K, both kinds together.

        L = 1/N sum_j [ -l_{j+1} log P_j(Txt_{j+1}) - w f_j log P_j(EOS) ]

    `is_frame_K` says which of the tokens are frames: these count `stream_weight` (w).
    """
    each_K = functional.cross_entropy(logits_KV.float(), labels_K, reduction="none")
    return (each_K * torch.where(is_frame_K, stream_weight, 1.0)).sum()
