"""The streaming-EOS loss (arXiv 2406.11816, Eq. 5), in the form of the published code.

Shape legend: B sequences, L tokens, K learned tokens, C width, V vocabulary.
"""

import torch
from torch import Tensor
from torch.nn import functional

from omnilive.live.model import LiveModel
from omnilive_lab.live.sequences import IGNORED


def loss_sum(
    logits_KV: Tensor, labels_K: Tensor, is_frame_K: Tensor, stream_weight: float
) -> Tensor:
    """Return the sum of the weighted cross entropies; the mean is over K, both kinds together.

        L = 1/N sum_j [ -l_{j+1} log P_j(Txt_{j+1}) - w f_j log P_j(EOS) ]

    `is_frame_K` says which of the tokens are frames: these count `stream_weight` (w).
    """
    each_K = functional.cross_entropy(logits_KV.float(), labels_K, reduction="none")
    return (each_K * torch.where(is_frame_K, stream_weight, 1.0)).sum()


def learned_logits(
    model: LiveModel, ids_BL: Tensor, labels_BL: Tensor, frames_FND: Tensor
) -> Tensor:
    """Return (K, V): the logits of the tokens that are learned, row by row."""
    hidden_BLC = model.decoder(embedded(model, ids_BL, frames_FND))
    return model.decoder.logits(hidden_BLC[labels_BL != IGNORED])


def embedded(model: LiveModel, ids_BL: Tensor, frames_FND: Tensor) -> Tensor:
    """Return (B, L, C): token embeddings, with the frames' features in their places, in order."""
    is_frame_BL = ids_BL == model.template.frame
    x_BLC = model.decoder.embed(ids_BL.masked_fill(is_frame_BL, 0))
    seen = model.frame_embeds(frames_FND).flatten(0, -2)
    return x_BLC.masked_scatter(is_frame_BL[..., None], seen.to(x_BLC.dtype))
