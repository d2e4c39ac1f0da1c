from pathlib import Path

import pytest

from omnilive import recipes
from omnilive.core.events import Percept
from omnilive.memory.library import Library
from tests.server.client import Api, error_of, served

pytestmark = pytest.mark.anyio
SAMPLE = Path(__file__).parents[2] / "examples" / "sample.mp4"


def speech(start_s: float, end_s: float, text: str) -> Percept:
    return Percept(t=end_s, kind="speech", start_s=start_s, end_s=end_s, text=text, confidence=0.9)


@pytest.fixture
def ten_moments(library: Library) -> None:
    """Moments of 10 s, in each of which something was said; one sentence spans two of them."""
    store = library.create("s")
    with store.transaction():
        store.put_keyframe(0.0, b"first")
        for i in range(10):
            store.put_moment(i * 10.0, i * 10.0 + 10, f"moment {i}")
            store.put_fact(f"a{i}", speech(i * 10 + 1, i * 10 + 2, f"sentence {i}"))
        store.put_fact("long", speech(15, 25, "a long sentence"))
        store.put_keyframe(55.0, b"second")
    store.close()


@pytest.mark.usefixtures("ten_moments")
async def test_timeline(api: Api) -> None:
    whole = await api.json("/s/timeline")
    assert whole["duration_s"] == 100.0
    assert [m["text"] for m in whole["moments"]] == [f"moment {i}" for i in range(10)]
    assert whole["moments"][1]["start_s"] == 10.0 and whole["moments"][1]["end_s"] == 20.0
    assert [m["keyframe"] for m in whole["moments"][4:6]] == ["keyframes/1.jpg", "keyframes/2.jpg"]
    texts = [[fact["text"] for fact in m["facts"]] for m in whole["moments"]]
    assert texts[1] == ["sentence 1", "a long sentence"] and texts[2] == ["sentence 2"]
    assert set(whole["moments"][0]["facts"][0]) == {"id", "kind", "start_s", "end_s", "text"}


@pytest.mark.usefixtures("ten_moments")
async def test_timeline_in_pages(api: Api) -> None:
    newest = await api.json("/s/timeline?limit=3")
    assert [m["text"] for m in newest["moments"]] == ["moment 7", "moment 8", "moment 9"]
    before = await api.json("/s/timeline?limit=3&before_s=70")
    assert [m["text"] for m in before["moments"]] == ["moment 4", "moment 5", "moment 6"]
    assert [fact["text"] for fact in before["moments"][0]["facts"]] == ["sentence 4"]
    assert (await api.json("/s/timeline?before_s=0"))["moments"] == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=9999999", "limit=x", "before_s=x", "before_s=nan"]
)
@pytest.mark.usefixtures("ten_moments")
async def test_bad_pages(api: Api, query: str) -> None:
    assert error_of(await api.get(f"/s/timeline?{query}")) == (422, "invalid")


@pytest.mark.usefixtures("ten_moments")
async def test_search(api: Api) -> None:
    (best, *_) = (await api.json("/s/search", params={"q": "a long sentence"}))["results"]
    assert best["text"] == "a long sentence" and best["kind"] == "speech"
    assert best["keyframe"] == "keyframes/1.jpg" and best["score"] > 0
    assert len((await api.json("/s/search?q=sentence&limit=2"))["results"]) == 2
    assert (await api.json("/s/search?q=zebra"))["results"] == []
    assert (await api.get('/s/search?q="*(:) OR')).status_code == 200


@pytest.mark.usefixtures("ten_moments")
async def test_bad_searches(api: Api) -> None:
    assert error_of(await api.get("/s/search")) == (422, "invalid")
    assert error_of(await api.get("/s/search?q=%20")) == (400, "config")
    assert error_of(await api.get("/s/search?q=a&limit=0")) == (422, "invalid")


@pytest.mark.usefixtures("ten_moments")
async def test_keyframes(api: Api, library: Library) -> None:
    picture = await api.get("/s/keyframes/2.jpg")
    assert picture.content == b"second" and picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["cache-control"] == "private, no-cache"
    known = {"If-None-Match": picture.headers["etag"]}
    again = await api.get("/s/keyframes/2.jpg", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert (await api.get("/s/keyframes/1.jpg", headers=known)).status_code == 200
    for n in ("3", "-1", "999999999999999999999"):
        assert error_of(await api.get(f"/s/keyframes/{n}.jpg")) == (404, "unknown_keyframe")
    (library.root / "s" / "secret.jpg").write_bytes(b"secret")
    for n in ("x", "..%2Fsecret", "%2e%2e%2fsecret", "1.jpg%00", "*"):
        assert (await api.get(f"/s/keyframes/{n}.jpg")).status_code in (404, 422)


async def test_a_watched_clip_is_remembered(api: Api, clip: str) -> None:
    path = await api.session()
    await api.watched(path, clip)
    moments = (await api.json(f"{path}/timeline"))["moments"]
    assert moments and moments[0]["keyframe"].startswith("keyframes/")
    picture = await api.get(f"{path}/{moments[0]['keyframe']}")
    assert picture.content.startswith(b"\xff\xd8")


@pytest.mark.models
@pytest.mark.slow
async def test_the_sample_clip(library: Library) -> None:
    async with served(library, recipes.laptop()) as api:
        assert (await api.http.get("/readyz")).status_code == 200
        path = await api.session()
        await api.watch(path, str(SAMPLE))
        await api.at_rest(path, patience_s=200)
        facts = [f for m in (await api.json(f"{path}/timeline"))["moments"] for f in m["facts"]]
        assert {"speech", "text", "object"} <= {fact["kind"] for fact in facts}
        question = {"question": "What was said about the coffee?"}
        answer = (await api.post(f"{path}/ask", question)).json()
        assert answer["supported"] and "coffee" in answer["text"].lower()
        assert any(15 < item["start_s"] < 18 for item in answer["evidence"])
        (best, *_) = (await api.json(f"{path}/search?q=price of coffee"))["results"]
        assert "coffee" in best["text"].lower()
