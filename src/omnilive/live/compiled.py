"""torch.compile for the live model on a GPU, where a step of few tokens waits for many small calls.

The feed-forward parts are compiled, for any number of tokens. Attention is not: it goes stream by
stream over caches of different lengths, whose shapes never repeat.
"""

from typing import Any

from torch import nn

from omnilive.live.model import LiveModel


def compiled(model: LiveModel, backend: str = "inductor") -> LiveModel:
    """Compile parts of a model in place, and return it; the first steps then take seconds."""
    for layer in model.decoder.layers:
        part: Any = layer
        for module in (part.mlp, part.input_layernorm, part.post_attention_layernorm):
            _compile(module, backend)
    return model


def _compile(module: nn.Module, backend: str) -> None:
    module.compile(backend=backend, dynamic=True)
