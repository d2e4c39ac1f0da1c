"""A session on a real engine with random weights: it says what the engine alone says."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import torch

from omnilive.config import SessionConfig
from omnilive.live.base import Ended
from omnilive.live.config import Card, DecoderShape, FrameShape
from omnilive.live.engine import Engine, EngineConfig
from omnilive.live.load import host_around
from omnilive.live.model import LiveModel
from omnilive.live.tiny import TinyEncoder, TinyNet, TinyShape
from omnilive.memory.library import Library
from omnilive.session import Session
from omnilive_lab.live.footage import frames_at
from tests.fakes import FAKE_CONFIG, fake_senses
from tests.live.scripted import byte_tokenizer
from tests.story import write_long

SHAPE = DecoderShape(vocab=258, width=32, layers=2, heads=4, kv_heads=2, head_size=8, inner=48)
FRAME = FrameShape(pooled=True, side_px=32, width=8)
TINY = TinyShape(side_px=32, channels=(4, 4, 4), width=8)
ASKED = "What do you see?"
LIVE = {"max_reply_tok": 8, "window_tok": 60, "sinks_tok": 4, "repeat_s": 0.0, "queue": 3}


@pytest.fixture(scope="module")
def model() -> LiveModel:
    """Return one that nobody has trained, and that is silent at some pictures."""
    torch.manual_seed(5)
    card = Card(decoder=SHAPE, frame=FRAME, bos="<s>", eos="</s>", system="S\n", threshold=0.3)
    made = LiveModel(card, byte_tokenizer()).eval()
    for weight in made.parameters():
        if weight.ndim == 2:
            torch.nn.init.normal_(weight, std=0.3)
    assert made.decoder.lm_head is not None
    with torch.no_grad():
        made.decoder.lm_head.weight[made.template.silence] *= 8
    return made


@pytest.fixture(scope="module")
def encoder() -> TinyEncoder:
    torch.manual_seed(6)
    return TinyEncoder(TinyNet(TINY))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "long.mkv"
    write_long(path)
    return path


def alone(model: LiveModel, encoder: TinyEncoder, clip: Path) -> list[tuple[float, bool, str]]:
    """Return what the engine says of the clip, asked once: (time, was asked, text)."""
    policy = {"theta": 0.3, "repeat_s": 0.0}
    settings = {"policy": policy, "max_reply_tok": 8, "window_tok": 60, "sinks_tok": 4}
    engine = Engine(model, EngineConfig.model_validate(settings))
    id = engine.open()
    engine.instruct(id, model.card.instruction)
    events = []
    for k, rgb in enumerate(frames_at(clip, 2.0, range(24))):
        if k == 10:
            engine.ask(id, ASKED)
        engine.feed(id, k / 2, encoder([rgb])[0])
        events += engine.run()
    return [(e.t, e.query is not None, e.text.strip()) for e in events if isinstance(e, Ended)]


def in_session(
    model: LiveModel, encoder: TinyEncoder, clip: Path, folder: Path, pace: Any
) -> list[tuple[float, bool, str]]:
    senses = fake_senses(without=["vad", "asr", "sounds", "reader"])
    lines: list[dict[str, Any]] = []
    config = SessionConfig.model_validate({**FAKE_CONFIG.model_dump(), "live": LIVE})

    async def watch() -> None:
        host = host_around(model, encoder, config.live, "untrained")
        library = Library(folder / pace)
        async with Session.open("s", config, library=library, senses=senses, live=host) as session:
            session.listeners.append(lines.append)
            await session.watch(str(clip), pace=pace, asks=[(ASKED, 5.0)])
        host.close()

    asyncio.run(watch())
    senses.close()
    told = []
    for line in lines:
        if line["type"] == "answer":
            assert line["model"] == "untrained"
            told.append((line["t"], True, line["text"]))
        elif line["type"] == "percept" and line["kind"] == "caption" and line["final"]:
            told.append((line["start_s"], False, line["text"]))
    return sorted(told)


def test_a_session_says_what_the_engine_alone_says(
    model: LiveModel, encoder: TinyEncoder, clip: Path, tmp_path: Path
) -> None:
    expected = alone(model, encoder, clip)
    remarks = sorted((t, is_asked, text) for t, is_asked, text in expected if not is_asked)
    (answer,) = [text for _, is_asked, text in expected if is_asked]
    assert len(remarks) > 2 and answer
    told = in_session(model, encoder, clip, tmp_path, "fast")
    assert [one for one in told if not one[1]] == [one for one in remarks if one[2]]
    assert [one for one in told if one[1]] == [(5.0, True, answer)]
