import pytest

from tests.server.client import Api

pytestmark = pytest.mark.anyio


async def metrics(api: Api) -> dict[str, float]:
    response = await api.http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in response.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


async def test_an_idle_server(api: Api) -> None:
    found = await metrics(api)
    assert found["omnilive_sessions"] == found["omnilive_sources_running"] == 0
    assert found["omnilive_frames_decoded_total"] == 0


async def test_counters_outlive_their_sources(api: Api, clip: str, long_clip: str) -> None:
    path = await api.session()
    await api.watched(path, clip)
    once = await metrics(api)
    assert once["omnilive_sessions"] == 1 and once["omnilive_sources_running"] == 0
    assert once["omnilive_frames_decoded_total"] == 40
    assert once["omnilive_frames_perceived_total"] > 0
    assert once["omnilive_audio_seconds_total"] == pytest.approx(2.0, abs=0.1)
    assert once['omnilive_spans_total{span="look"}'] > 0
    await api.watch(path, long_clip, "live")
    await api.until_seen(path, 1.0)
    during = await metrics(api)
    assert during["omnilive_sessions_running"] == during["omnilive_sources_running"] == 1
    assert during["omnilive_frames_decoded_total"] > 40
    assert 0 <= during['omnilive_perception_lag_seconds{of="video",quantile="0.95"}'] < 5
    await api.delete(path)
    after = await metrics(api)
    for name, value in during.items():
        if name.split("{")[0].endswith("_total"):
            assert after[name] >= value
    assert "s" not in {name.split("{")[-1] for name in after}
