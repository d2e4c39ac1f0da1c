"""A server whose sessions narrate and answer through one live model."""

import asyncio
from pathlib import Path

import pytest

from omnilive.config import SessionConfig
from omnilive.memory.library import Library
from omnilive.server import shared
from tests.live.fake_live import FakeEngine, fake_host
from tests.server.client import NO_MODELS, served, until
from tests.story import write_long

pytestmark = pytest.mark.anyio


@pytest.fixture
def film(tmp_path: Path) -> str:
    write_long(tmp_path / "film.mkv")
    return str(tmp_path / "film.mkv")


async def test_sessions_share_a_model_and_it_is_made_anew_once_it_failed(
    library: Library, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = [FakeEngine(fail_at_s=2.0), FakeEngine()]
    monkeypatch.setattr(shared, "_load_live", lambda config: fake_host(engines.pop(0)))
    settings = {**NO_MODELS.model_dump(), "live": {"checkpoint": "fake"}}
    async with served(library, SessionConfig.model_validate(settings)) as api:
        path = await api.session()
        await api.watched(path, film)
        log = (await api.get(f"{path}/timeline")).text
        assert "a red square appears" in log and "yellow square" not in log
        await api.watched(path, film)
        assert not engines
        assert "a yellow square appears" in (await api.get(f"{path}/timeline")).text


async def test_a_question_over_http_is_answered_by_the_model(
    library: Library, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_load_live", lambda config: fake_host())
    settings = {**NO_MODELS.model_dump(), "live": {"checkpoint": "fake", "window_tok": 0}}
    async with served(library, SessionConfig.model_validate(settings)) as api:
        path = await api.session()
        await api.watch(path, film, "live")
        await until(lambda: api.hub.running["s"].session.pipelines[0].t > 1.0)
        asked = api.post(f"{path}/ask", {"question": "What do you see?"},
                         headers={"accept": "text/event-stream"})  # fmt: skip
        streamed = await asyncio.wait_for(asked, 10)
        assert streamed.text.count("event: delta") >= 3 and '"model": "fake-live"' in streamed.text
        assert '"text": "red after' in streamed.text
        said = await api.post(f"{path}/ask", {"question": "What was said?"})
        assert said.json()["model"] != "fake-live"


async def test_without_its_folder_the_source_is_refused(library: Library, clip: str) -> None:
    settings = {**NO_MODELS.model_dump(), "live": {"checkpoint": "/nowhere"}}
    async with served(library, SessionConfig.model_validate(settings)) as api:
        path = await api.session()
        response = await api.post(f"{path}/sources", {"url": clip})
        assert response.status_code == 503 and "/nowhere" in response.text
