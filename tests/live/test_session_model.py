"""A session on a real engine with random weights: it says what the engine alone says."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omnilive.config import SessionConfig
from omnilive.core.errors import BackendError
from omnilive.live import load
from omnilive.live.base import Ended, LiveEvent, Said
from omnilive.live.engine import Engine, EngineConfig
from omnilive.live.host import is_busy
from omnilive.live.load import load_host
from omnilive.live.narrator import printable
from omnilive.live.settings import LiveConfig
from omnilive.memory.library import Library
from omnilive.session import Session
from omnilive_lab.live.footage import frames_at
from tests.fakes import FAKE_CONFIG, fake_senses
from tests.live.untrained import untrained, write_untrained
from tests.story import write_long

ASKED = "What do you see?"
LIVE = {"max_reply_tok": 8, "window_tok": 60, "sinks_tok": 4, "repeat_s": 0.0, "queue": 3}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_untrained(tmp_path_factory.mktemp("live") / "untrained")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "long.mkv"
    write_long(path)
    return path


def alone(clip: Path) -> list[tuple[float, bool, str]]:
    """Return what the engine says of the clip, asked once: (time, was asked, text)."""
    model, encoder = untrained()
    policy = {"theta": 0.3, "repeat_s": 0.0}
    settings = {"policy": policy, "max_reply_tok": 8, "window_tok": 60, "sinks_tok": 4}
    engine = Engine(model, EngineConfig.model_validate(settings))
    id = engine.open()
    engine.instruct(id, model.card.instruction, 0.0)
    events = []
    for k, rgb in enumerate(frames_at(clip, 2.0, range(24))):
        if k == 10:
            engine.ask(id, ASKED)
        engine.feed(id, k / 2, encoder([rgb])[0])
        events += engine.run()
    ended = [e for e in events if isinstance(e, Ended)]
    return [(e.t, e.query is not None, " ".join(printable(e.text).split())) for e in ended]


def in_session(
    checkpoint: Path, clip: Path, folder: Path, pace: Any
) -> list[tuple[float, bool, str]]:
    senses = fake_senses(without=["vad", "asr", "sounds", "reader"])
    lines: list[dict[str, Any]] = []
    live = LIVE | {"checkpoint": str(checkpoint)}
    config = SessionConfig.model_validate({**FAKE_CONFIG.model_dump(), "live": live})

    async def watch() -> None:
        library = Library(folder / pace)
        async with Session.open("s", config, library=library, senses=senses) as session:
            session.listeners.append(lines.append)
            await session.watch(str(clip), pace=pace, asks=[(ASKED, 5.0)])

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
    checkpoint: Path, clip: Path, tmp_path: Path
) -> None:
    expected = alone(clip)
    remarks = sorted((t, is_asked, text) for t, is_asked, text in expected if not is_asked)
    (answer,) = [text for _, is_asked, text in expected if is_asked]
    assert len(remarks) > 2 and answer
    told = in_session(checkpoint, clip, tmp_path, "fast")
    assert [one for one in told if not one[1]] == [one for one in remarks if one[2]]
    assert [one for one in told if one[1]] == [(5.0, True, answer)]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("nothing there", "there is no folder"),
        ("no config", "no config.json"),
        ("config", "cannot be read"),
        ("weights", "damaged"),
        ("encoder", "encoder/config.json"),
    ],
)
def test_a_damaged_checkpoint_is_said_at_the_start(
    checkpoint: Path, tmp_path: Path, damage: str, said: str
) -> None:
    folder = tmp_path / "live"
    if damage != "nothing there":
        shutil.copytree(checkpoint, folder)
    if damage == "no config":
        (folder / "config.json").unlink()
    elif damage == "config":
        (folder / "config.json").write_text('{"format": 1}')
    elif damage == "weights":
        (folder / "model.safetensors").write_bytes(b"PK\x03\x04 not a tensor")
    elif damage == "encoder":
        shutil.rmtree(folder / "encoder")
    with pytest.raises(BackendError, match=said):
        load_host(LiveConfig(checkpoint=str(folder)))


def test_no_torch_is_a_matter_of_an_extra(checkpoint: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(load, "find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(BackendError, match=r"needs torch: `pip install 'omnilive\[torch\]'`"):
        load_host(LiveConfig(checkpoint=str(checkpoint)))


@pytest.mark.parametrize("quantize", ["int8", "f16"])
def test_smaller_weights_speak_too(checkpoint: Path, quantize: Any) -> None:
    config = LiveConfig(checkpoint=str(checkpoint), quantize=quantize, max_reply_tok=4)

    async def ask() -> str:
        host = load_host(config)
        assert host is not None
        said: list[LiveEvent] = []
        id = await host.open(said.append)
        features = await host.encode([np.zeros((8, 8, 3), np.uint8)])
        await host.feed(id, 0.0, features[0])
        await host.ask(id, ASKED, lambda query: None)
        await host.until(id, lambda status: not is_busy(status))
        host.close()
        return "".join(e.text for e in said if isinstance(e, Said) and e.query is not None)

    assert asyncio.run(ask())
