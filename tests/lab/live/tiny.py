"""The smallest model that can be trained, and a few dialogues for it."""

import numpy as np
import torch

from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.model import LiveModel
from omnilive.live.template import Marks
from omnilive_lab.live.grid import Message
from omnilive_lab.live.sequences import Layout, Objective
from omnilive_lab.live.tokenizer import BOS, EOS, train_tokenizer
from omnilive_lab.live.train import Lesson

MARKS = Marks(BOS, EOS, "", system="Sys.")
TOKENIZER = train_tokenizer(["It rains.", "Snow."] * 2, MARKS, vocab=300)
WIDTH = 4  # D
CARD = Card(
    decoder=DecoderShape(
        vocab=TOKENIZER.get_vocab_size(), width=16, layers=2, heads=2, kv_heads=1, head_size=8,
        inner=24, tied=True,
    ),
    frame=FrameShape(width=WIDTH), bos=BOS, eos=EOS, interval="", system="Sys.",
)  # fmt: skip


def model(seed: int = 0) -> LiveModel:
    torch.manual_seed(seed)
    return LiveModel(CARD, TOKENIZER)


def lessons(count: int, objective: Objective = "streaming") -> list[Lesson]:
    """Return dialogues of different length: it says what the features show."""
    layout, rng = Layout(model().template, objective), np.random.default_rng(0)
    made = []
    for i in range(count):
        silent, is_snow = 1 + i % 4, i % 2
        messages = [
            Message("stream", 0.0, num_frames=silent),
            Message("assistant", 0.0, text="Snow." if is_snow else "It rains."),
            Message("stream", 1.0, num_frames=2),
        ]
        frames = 0.1 * rng.normal(size=(silent + 2, 1, WIDTH)).astype(np.float32)
        frames[silent - 1, 0, is_snow] += 1
        made.append(Lesson(layout.lay(messages), frames))
    return made


LESSONS = lessons(12)
