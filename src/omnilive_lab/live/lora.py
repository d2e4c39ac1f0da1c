"""Low-rank additions to the linear layers of a decoder (LoRA: arXiv 2106.09685).

    y = x W^T + alpha / r * dropout(x) A^T B^T

Shapes: W (out, in), A (r, in), B (out, r). B starts at zero, so that nothing changes at first.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head")
# as published for LIVE


class LoRALinear(nn.Module):
    """A frozen linear layer and what is learned on top of it."""

    def __init__(self, inner: nn.Linear, rank: int, alpha: float, dropout: float) -> None:
        super().__init__()
        self.inner = inner.requires_grad_(False)
        self.scale, self.dropout = alpha / rank, dropout
        self.a = nn.Parameter(torch.empty(rank, inner.in_features))
        self.b = nn.Parameter(torch.zeros(inner.out_features, rank))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., out)."""
        dropped = functional.dropout(x, self.dropout, self.training)
        return self.inner(x) + self.scale * functional.linear(
            functional.linear(dropped, self.a), self.b
        )

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return one layer that gives the same without dropout."""
        self.inner.weight += self.scale * (self.b @ self.a)
        return self.inner.requires_grad_(True)


def add_lora(net: nn.Module, rank: int, alpha: float, dropout: float) -> None:
    """Freeze `net` and put additions on its linear layers of the published names."""
    net.requires_grad_(False)
    for parent, name, layer in list(_layers(net)):
        if isinstance(layer, nn.Linear) and name in TARGETS:
            setattr(parent, name, LoRALinear(layer, rank, alpha or 2 * rank, dropout))


def merge_lora(net: nn.Module) -> None:
    """Make the additions part of the layers, so that nothing is left of them but their effect."""
    for parent, name, layer in list(_layers(net)):
        if isinstance(layer, LoRALinear):
            setattr(parent, name, layer.merged())
    net.requires_grad_(True)


def _layers(net: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    for parent in net.modules():
        if not isinstance(parent, LoRALinear):
            yield from ((parent, name, child) for name, child in parent.named_children())
