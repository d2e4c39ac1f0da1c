"""A tiny live model with random weights, silent at some pictures and not at others."""

from pathlib import Path

import torch

from omnilive.live.checkpoint import save_live
from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.model import LiveModel
from omnilive.live.tiny import TinyEncoder, TinyNet, TinyShape
from tests.live.scripted import byte_tokenizer

SHAPE = DecoderShape(vocab=258, width=32, layers=2, heads=4, kv_heads=2, head_size=8, inner=48)
FRAME = FrameShape(pooled=True, side_px=32, width=8)
TINY = TinyShape(side_px=32, channels=(4, 4, 4), width=8)


def untrained() -> tuple[LiveModel, TinyEncoder]:
    """Return the model and its encoder."""
    torch.manual_seed(5)
    card = Card(decoder=SHAPE, frame=FRAME, bos="<s>", eos="</s>", system="S\n", threshold=0.3)
    model = LiveModel(card, byte_tokenizer()).eval()
    for weight in model.parameters():
        if weight.ndim == 2:
            torch.nn.init.normal_(weight, std=0.3)
    assert model.decoder.lm_head is not None
    with torch.no_grad():
        model.decoder.lm_head.weight[model.template.silence] *= 8
    return model, TinyEncoder(TinyNet(TINY))


def write_untrained(folder: Path) -> Path:
    """Write it as a checkpoint; return the folder."""
    model, encoder = untrained()
    save_live(folder, model, encoder)
    return folder
