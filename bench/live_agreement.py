"""Whether a trained model with a bounded cache and packed weights decides as in float32 with all.

Streams of the synthetic world that no training has seen are played through the engine: each frame
is spoken at or not, each query answered. Replies stand in the context of what follows, so once two
runs differ they may go on to differ.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from live_sides import variant

from omnilive.live.base import Ended
from omnilive.live.checkpoint import load_live
from omnilive.live.engine import Engine, EngineConfig
from omnilive.live.model import LiveModel
from omnilive.live.policy import PolicyConfig
from omnilive_lab.live.dialogue import Sample, read_samples
from omnilive_lab.live.features import all_features
from omnilive_lab.live.grid import frame_range, frames
from omnilive_lab.live.world.make import make_world

SEED, STREAMS = 7_700, 24
# Streams of the world take about 250 tokens: half of one leaves this window.
WINDOW = {"sinks_tok": 64, "window_tok": 96, "max_reply_tok": 48}
SETTINGS = {  # name -> (weights, whether bounded)
    "float32, bounded": ("none", True),
    "f16, bounded": ("f16", True),
    "int8, bounded": ("int8", True),
    "int8, all": ("int8", False),
}
Reply = tuple[float, int | None, str]


@torch.inference_mode()
def agreement(checkpoint: Path) -> dict[str, Any]:
    """Return how often runs agree with float32 and full context."""
    live = load_live(checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        file = make_world(Path(folder), SEED, "test", STREAMS)
        samples, fps = list(read_samples(file)), live.model.card.fps
        features = all_features(samples, file, fps, live.encoder, Path(folder) / "features")
        wanted = [said(live.model, s, f, {}) for s, f in zip(samples, features, strict=True)]
        figures: dict[str, Any] = {}
        for name, (kind, is_bounded) in SETTINGS.items():
            model = variant(live.model, kind)  # type: ignore[arg-type]
            window = WINDOW if is_bounded else {}
            found = [said(model, s, f, window) for s, f in zip(samples, features, strict=True)]
            figures[name] = compared(wanted, found, [len(f) for f in features])
    remarks = sum(reply[1] is None for replies in wanted for reply in replies)
    answers = sum(len(replies) for replies in wanted) - remarks
    made = {"streams": STREAMS, "frames": sum(map(len, features))}
    return {"window": WINDOW, "remarks": remarks, "answers": answers} | (made | figures)


def said(
    model: LiveModel, sample: Sample, features_FND: np.ndarray, window: dict[str, int]
) -> list[Reply]:
    """Return (time, query, text) of all replies to one stream."""
    card = model.card
    policy = PolicyConfig(theta=card.threshold, pause_s=0.0, repeat_s=0.0)
    most = max(1, len(features_FND))
    settings = {"policy": policy, "max_frames": most, "max_reply_tok": 48} | window
    engine = Engine(model, EngineConfig.model_validate(settings))
    id = engine.open()
    for number, features_ND in zip(frame_range(sample, card.fps), features_FND, strict=True):
        engine.feed(id, number / card.fps, features_ND)
    messages = frames(sample, card.fps)
    for message, after in zip(messages, [*messages[1:], None], strict=True):
        if message.role == "user":
            is_answered = after is not None and after.role == "assistant"
            (engine.ask if is_answered else engine.instruct)(id, message.text, message.t)
    engine.end(id)
    return [(e.t, e.query, e.text) for e in engine.run() if isinstance(e, Ended)]


def compared(
    wanted: Sequence[list[Reply]], found: Sequence[list[Reply]], lengths: Sequence[int]
) -> dict[str, float]:
    """Return the share of frames with the same decision, and of replies with the same text."""
    differ = same = replies = 0
    for left, right in zip(wanted, found, strict=True):
        spoken = [{t for t, query, _ in side if query is None} for side in (left, right)]
        differ += len(spoken[0] ^ spoken[1])
        same += len(set(left) & set(right))
        replies += len(left)
    alike = sum(a == b for a, b in zip(wanted, found, strict=True))
    return {
        "same_decision": round(1 - differ / max(1, sum(lengths)), 5),
        "same_reply": round(same / max(1, replies), 4),
        "same_stream": round(alike / max(1, len(wanted)), 4),
    }
