"""The Python of the section "Checkpoints" in docs/live.md runs as it stands."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from omnilive.live.checkpoint import save_live
from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.model import LiveModel
from omnilive.live.tiny import TinyEncoder, TinyNet, TinyShape
from tests.live.scripted import byte_tokenizer

DOCS = Path(__file__).parents[2] / "docs" / "live.md"


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    section = DOCS.read_text().split("\n## Checkpoints\n")[1].split("\n## ")[0]
    (example,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    torch.manual_seed(0)
    shape = DecoderShape(
        vocab=258, width=16, layers=1, heads=2, kv_heads=1, head_size=8, inner=24, tied=True
    )
    frame = FrameShape(side_px=32, width=12, grid=2)
    card = Card(decoder=shape, frame=frame, bos="<s>", eos="</s>")
    encoder = TinyEncoder(TinyNet(TinyShape(side_px=32, channels=(4, 6, 8), width=12, grid=2)))
    save_live(tmp_path / "live-tiny", LiveModel(card, byte_tokenizer()), encoder)
    monkeypatch.chdir(tmp_path)
    names = {"picture": np.zeros((20, 30, 3), np.uint8)}
    exec(example, names)
    assert 0 < float(names["silence"]) < 1
    state = names["state"]
    assert state.cache.length(0) == len(names["start"]) + 5  # type: ignore[attr-defined]
