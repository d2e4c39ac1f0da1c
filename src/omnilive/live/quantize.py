"""Smaller weights for a faster model: less to read for each token, which is what a step waits for.

"int8": weights as 8-bit integers with a scale for each output, activations as 7-bit integers with
one scale for each call. 7 bits, because AVX2 adds products of 8-bit integers up in 16 bits, where
two of the largest would overflow unnoticed. As the scale spans all streams of a batch, outputs
depend on it a little. "f16": weights as 16-bit floats, products in float32; the CPU's kernels for
it are also faster than those for float32 on a handful of tokens. "bf16": everything, for a GPU.

Packed weights are for inference and cannot be saved; what is not a linear layer stays float32.
"""

import warnings
from typing import Literal

import torch
from torch import Tensor, nn

from omnilive.core.errors import BackendError
from omnilive.live.model import LiveModel

Packed = Literal["int8", "f16"]
Kind = Literal["none", "bf16"] | Packed
ENGINES = ("fbgemm", "qnnpack")  # the kernels for x86 and for Arm
_LEAST = 1e-12  # of a scale: outputs whose weights are all zero have none


class PackedLinear(nn.Module):
    """A linear layer whose weights are packed for the CPU's kernels."""

    def __init__(self, weight: Tensor, bias: Tensor | None, kind: Packed) -> None:
        super().__init__()
        self.kind = kind
        weight, bias = weight.detach().float(), None if bias is None else bias.detach().float()
        if kind == "int8":
            self.packed = torch.ops.quantized.linear_prepack(rounded(weight), bias)
        else:
            self.packed = torch.ops.quantized.linear_prepack_fp16(weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., outputs) for float32 (..., inputs)."""
        if self.kind == "int8":
            return torch.ops.quantized.linear_dynamic(x, self.packed, reduce_range=True)
        return torch.ops.quantized.linear_dynamic_fp16(x, self.packed)


def rounded(weight: Tensor) -> Tensor:
    """Return a weight (outputs, inputs) as 8-bit integers, the largest of each output 127."""
    scales = (weight.abs().amax(dim=1).double() / 127).clamp(min=_LEAST)
    zeros = torch.zeros(len(scales), dtype=torch.long)
    with warnings.catch_warnings():
        # torch means to drop these tensors some day, but has no other way to its AVX2 kernels yet.
        warnings.filterwarnings("ignore", message="torch.quantize_per_tensor")
        return torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)


def quantize(model: LiveModel, kind: Kind) -> LiveModel:
    """Make a model smaller, in place, and return it; for inference only.

    Raises BackendError where this machine cannot compute so.
    """
    if kind == "bf16":
        return model.to(torch.bfloat16)
    if kind != "none":
        decoder = model.decoder
        head = decoder.embed_tokens if decoder.lm_head is None else decoder.lm_head
        head = nn.Sequential(_linear(head.weight))
        for part in (head, decoder.layers):
            pack(part, kind)
        decoder.lm_head = head[0]  # type: ignore[assignment]
    return model


def pack(module: nn.Module, kind: Packed) -> None:
    """Put packed layers in place of all linear ones inside a module.

    Raises BackendError where this machine cannot compute so.
    """
    engine, before = _engine(kind), torch.backends.quantized.engine
    torch.backends.quantized.engine = engine
    try:
        _pack(module, kind)
    finally:
        torch.backends.quantized.engine = before


def _pack(module: nn.Module, kind: Packed) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            _check(child.weight, kind)
            setattr(module, name, PackedLinear(child.weight, child.bias, kind))
        else:
            _pack(child, kind)


def _linear(weight: Tensor) -> nn.Linear:
    with torch.device("meta"):
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight = nn.Parameter(weight.detach(), requires_grad=False)
    return layer


def _engine(kind: str) -> str:
    wanted = ENGINES if kind == "int8" else ENGINES[:1]
    for engine in wanted:
        if engine in torch.backends.quantized.supported_engines:
            return engine
    raise BackendError(f"{kind} weights need {' or '.join(wanted)}, which this torch lacks")


def _check(weight: Tensor, kind: str) -> None:
    if weight.device.type != "cpu":
        raise BackendError(f"{kind} weights are for the CPU; on {weight.device} take bf16")
    if weight.dtype != torch.float32:
        raise BackendError(f"{kind} weights are made of float32 ones, not of {weight.dtype}")
