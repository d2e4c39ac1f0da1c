import asyncio
from pathlib import Path
from typing import Any

import pytest

from omnilive.memory.control.keeping import RetentionConfig
from omnilive.memory.library import Library
from tests.made import a_file, put, said, thing
from tests.server.client import NO_MODELS, Api, error_of, served

pytestmark = pytest.mark.anyio


@pytest.fixture
def kitchen(library: Library) -> Path:
    store = library.create("kitchen")
    store.put_source(a_file(kind="network", url="camera", state="ended"))
    store.update_source(1, video_s=60.0, audio_s=60.0)
    put(store, said("the code is zanzibar", 10), said("over there", 16), said("hello", 30),
        thing("person", "red", 20, 25), thing("car", "blue", 40, 50, final=False))  # fmt: skip
    store.put_moment(8, 18, "said: the code is zanzibar; said: over there")
    store.put_keyframe(21.0, b"somebody's face")
    store.close()
    return store.folder


def holds(folder: Path, needle: bytes) -> bool:
    return any(needle in path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def body(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json()


async def test_how_much_is_held(api: Api, kitchen: Path) -> None:
    held = await api.json("/kitchen/memory")
    assert held["held"]["facts"]["used"] == 5 and held["kinds"] == {"object": 2, "speech": 3}
    assert held["levels"] == {"moments": 1} and held["pins"] == 0
    assert (await api.get("/none/memory")).status_code == 404


async def test_pins(api: Api, kitchen: Path) -> None:
    new = {"start_s": 10.0, "end_s": 12.0, "note": "keep"}
    pin = await body(await api.post("/kitchen/pins", new), 201)
    assert (await api.json("/kitchen/pins"))["pins"] == [pin] and pin["note"] == "keep"
    (moment,) = (await api.json("/kitchen/timeline"))["moments"]
    assert (moment["pinned"], moment["level"], moment["size"]) == (True, 0, 1)
    assert (await api.delete(f"/kitchen/pins/{pin['id']}")).status_code == 204
    assert error_of(await api.delete(f"/kitchen/pins/{pin['id']}")) == (404, "unknown_pin")
    for wrong in ({"start_s": 5, "end_s": 5}, {"start_s": 5}, {**new, "note": "x" * 1001}):
        assert (await api.post("/kitchen/pins", wrong)).status_code in (400, 422)


async def test_corrections(api: Api, kitchen: Path) -> None:
    (moment,) = (await api.json("/kitchen/timeline"))["moments"]
    fact = moment["facts"][0]
    path = f"/v1/sessions/kitchen/facts/{fact['id']}"
    done = await body(await api.http.patch(path, json={"text": "the code is sansibar"}))
    assert (done["id"], done["text"], done["kind"]) == (
        fact["id"],
        "the code is sansibar",
        "speech",
    )
    (moment,) = (await api.json("/kitchen/timeline"))["moments"]
    assert moment["text"] == "said: the code is sansibar; said: over there"
    for n, change, status in (
        (999, {"text": "x"}, 404), (2**70, {"text": "x"}, 404), (fact["id"], {}, 400),
        (fact["id"], {"text": "x" * 10_001}, 422), (5, {"label": "bus"}, 400),
    ):  # fmt: skip
        response = await api.http.patch(f"/v1/sessions/kitchen/facts/{n}", json=change)
        assert response.status_code == status, response.text


async def test_forgetting_a_phrase_and_a_thing(api: Api, kitchen: Path) -> None:
    wanted = {"phrase": "The Code", "around_s": 5.0}
    found = await body(await api.post("/kitchen/memory/match", wanted))
    assert found["count"] == 2 and found["facts"][0]["text"] == "the code is zanzibar"
    assert holds(kitchen, b"zanzibar")
    done = await body(await api.post("/kitchen/memory/forget", wanted))
    assert (done["facts"], done["moments"], done["wiped"]) == (2, 1, True)
    assert not holds(kitchen, b"zanzibar") and not holds(kitchen, b"over there")
    done = await body(await api.post("/kitchen/memory/forget", {"label": "people"}))
    assert (done["facts"], done["keyframes"]) == (1, 1)
    assert not holds(kitchen, b"person") and not holds(kitchen, b"somebody's face")
    for wrong in ({}, {"label": "x", "phrase": "y"}, {"phrase": "?"}, {"label": "x", "end_s": -1}):
        assert (await api.post("/kitchen/memory/forget", wrong)).status_code in (400, 422)


async def test_what_is_too_old_goes_although_nobody_watches(
    library: Library, kitchen: Path
) -> None:
    store = library.open("kitchen")
    store.set_meta("created_wall_s", str(float(store.meta()["created_wall_s"]) - 3 * 86400))
    rules = RetentionConfig(speech_days=2, pictures_days=1)
    kept = NO_MODELS.memory.model_copy(update={"retention": rules})
    async with served(library, NO_MODELS.model_copy(update={"memory": kept})):
        for _ in range(200):
            await asyncio.sleep(0.1)
            if not (store.facts(kinds=["speech"]) or holds(kitchen, b"zanzibar")):
                break
    assert not holds(kitchen, b"somebody's face") and len(store.facts()) == 2
    store.close()


async def test_someone_in_view_is_forgotten_up_to_now(library: Library, long_clip: str) -> None:
    async with served(library, NO_MODELS) as api:
        path = await api.session()
        await api.watch(path, long_clip, pace="live")
        store = library.open("s")
        store.put_fact(
            "1:0.00:object0", thing("person", "red", 0.0, 0.1, final=False, id="object0")
        )
        done = await body(await api.post(f"{path}/memory/forget", {"label": "person"}))
        assert done["facts"] == 1 and store.facts() == []
        store.close()
