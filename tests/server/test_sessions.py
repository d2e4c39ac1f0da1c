import asyncio
import shutil

import pytest

from omnilive.memory.databases.sqlite import DB_NAME
from omnilive.memory.library import Library, Writing
from tests.server.client import Api, error_of

pytestmark = pytest.mark.anyio


async def test_a_session_from_start_to_end(api: Api, clip: str) -> None:
    assert await api.json("") == {"sessions": []}
    made = await api.post("", {"id": "kitchen"})
    assert made.status_code == 201
    assert made.json()["id"] == "kitchen" and made.json()["moments"] == 0
    assert made.json()["created_wall_s"] > 1e9 and made.json()["running"] is False
    await api.watched("/kitchen", clip)
    facts = await api.json("/kitchen")
    assert facts["duration_s"] == pytest.approx(2.0, abs=0.1)
    assert facts["moments"] >= 1 and facts["events"] > 2 and facts["bytes"] > 1000
    assert await api.json("") == {"sessions": [facts]}
    assert (await api.delete("/kitchen")).status_code == 204
    assert await api.json("") == {"sessions": []}


async def test_a_name_is_taken_once(api: Api) -> None:
    await api.session("a")
    assert error_of(await api.post("", {"id": "a"})) == (409, "session_exists")


async def test_two_at_once_make_one(api: Api) -> None:
    made = await asyncio.gather(*(api.post("", {"id": "a"}) for _ in range(5)))
    assert sorted(response.status_code for response in made) == [201, 409, 409, 409, 409]


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\\b", "a b", "x" * 65, "a\0", "a."])
async def test_bad_names(api: Api, library: Library, name: str) -> None:
    assert error_of(await api.post("", {"id": name})) == (400, "config")
    assert not library.root.exists() or not list(library.root.iterdir())


@pytest.mark.parametrize("body", [None, {}, {"id": 7}, {"id": "a", "more": 1}, ["a"]])
async def test_bad_bodies(api: Api, body: object) -> None:
    assert error_of(await api.post("", body)) == (422, "invalid")


async def test_what_is_not_json_is_refused(api: Api) -> None:
    for text in ("{", "id=a", ""):
        response = await api.http.post(
            "/v1/sessions", content=text, headers={"content-type": "application/json"}
        )
        assert error_of(response) == (422, "invalid")
    response = await api.http.post("/v1/sessions", content='{"id": "a"}')
    assert error_of(response) == (422, "invalid")  # a form of another site could send this


PATHS = ["", "/sources", "/events", "/timeline", "/search?q=a", "/keyframes/1.jpg"]


@pytest.mark.parametrize("path", [*PATHS, "/sources/1/media"])
async def test_unknown_sessions(api: Api, path: str) -> None:
    assert error_of(await api.get(f"/none{path}")) == (404, "unknown_session")


async def test_nothing_can_be_done_to_an_unknown_session(api: Api, clip: str) -> None:
    assert error_of(await api.delete("/none")) == (404, "unknown_session")
    assert error_of(await api.delete("/none/sources/1")) == (404, "unknown_session")
    added = await api.post("/none/sources", {"url": clip})
    assert error_of(added) == (404, "unknown_session")
    asked = await api.post("/none/ask", {"question": "Who?"})
    assert error_of(asked) == (404, "unknown_session")
    sent = await api.http.post("/v1/sessions/none/sources", files={"file": b"x"})
    assert error_of(sent) == (404, "unknown_session")


@pytest.mark.parametrize("path", PATHS)
async def test_a_name_never_leads_out_of_the_library(api: Api, library: Library, path: str) -> None:
    library.create("a").close()
    shutil.copytree(library.root / "a", library.root.parent / "outside")
    for name in ("..%2Foutside", "%2e%2e%2foutside", "..\\outside", "%2e%2e", "a%2F..%2Fa"):
        assert (await api.get(f"/{name}{path}")).status_code in (400, 404)


async def test_a_damaged_session_is_listed_and_can_be_deleted(api: Api, library: Library) -> None:
    await api.session("good")
    await api.session("bad")
    (library.root / "bad" / DB_NAME).write_bytes(b"no database, " * 1000)
    for name in ("bad/memory.db-wal", "bad/memory.db-shm"):
        (library.root / name).unlink(missing_ok=True)
    bad, good = (await api.json(""))["sessions"]
    assert good["id"] == "good" and "error" not in good
    assert bad["id"] == "bad" and "damaged" in bad["error"]
    assert error_of(await api.get("/bad")) == (500, "store")
    assert error_of(await api.get("/bad/timeline")) == (500, "store")
    assert error_of(await api.get("/bad/events")) == (500, "store")
    assert (await api.delete("/bad")).status_code == 204
    assert [s["id"] for s in (await api.json(""))["sessions"]] == ["good"]


async def test_delete_while_watching(api: Api, library: Library, long_clip: str) -> None:
    path = await api.session()
    await api.watch(path, long_clip, "live")
    assert (await api.json(path))["running"] is True
    assert (await api.delete(path)).status_code == 204
    assert not (library.root / "s").exists() and not api.hub.running
    assert error_of(await api.get(path)) == (404, "unknown_session")
    await api.session()  # the name is free again, and nothing of before shows
    assert (await api.sources(path)) == []


async def test_a_session_of_another_process_is_read_only(
    api: Api, library: Library, clip: str
) -> None:
    path = await api.session()
    with Writing(library.folder("s")):
        assert error_of(await api.delete(path)) == (409, "busy")
        assert error_of(await api.post(f"{path}/sources", {"url": clip})) == (409, "busy")
        sent = await api.http.post(f"/v1/sessions{path}/sources", files={"file": b"x"})
        assert error_of(sent) == (409, "busy")
        assert (await api.json(path))["running"] is True
        assert (await api.json(f"{path}/timeline"))["moments"] == []
        assert (await api.post(f"{path}/ask", {"question": "Who?"})).status_code == 200
    await api.watched(path, clip)
