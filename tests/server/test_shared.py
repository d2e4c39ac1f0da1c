import asyncio
import logging
import threading

import pytest

from omnilive.core.errors import BackendError
from omnilive.server import shared
from omnilive.server.shared import Shared
from tests.server.client import NO_MODELS, until

pytestmark = pytest.mark.anyio


async def test_preloaded_models_are_there_for_the_first_caller(monkeypatch: pytest.MonkeyPatch):
    loads: list[str] = []
    for name in ("_load_senses", "_load_mind", "_load_voice", "_load_end_of_turn"):
        load = getattr(shared, name)
        monkeypatch.setattr(
            shared, name, lambda config, name=name, load=load: (loads.append(name), load(config))[1]
        )
    models = Shared(NO_MODELS)
    models.preload()
    await until(lambda: len(loads) == 4)
    assert await models.senses() is await models.senses()
    await models.voice()
    assert len(loads) == 4
    models.close()


async def test_who_leaves_while_a_voice_is_loaded_does_not_make_the_server_mute(
    monkeypatch: pytest.MonkeyPatch,
):
    may_load, voice, loads = threading.Event(), object(), list[object]()

    def load(_: object) -> object:
        loads.append(voice)
        may_load.wait(10)
        return voice

    monkeypatch.setattr(shared, "_load_voice", load)
    models = Shared(NO_MODELS)
    hasty = asyncio.create_task(models.voice())
    await until(lambda: bool(loads))
    hasty.cancel()
    may_load.set()
    await asyncio.wait({hasty})
    assert await models.voice() is voice and len(loads) == 1


async def test_a_missing_model_is_said_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def missing(_: object) -> None:
        raise BackendError("whisper-base is missing: type `omnilive models pull whisper-base`")

    monkeypatch.setattr(shared, "_load_senses", missing)
    models = Shared(NO_MODELS)
    with caplog.at_level(logging.WARNING):
        models.preload()
        await until(lambda: "whisper-base is missing" in caplog.text)
    with pytest.raises(BackendError, match="models pull"):
        await models.senses()
    models.close()
