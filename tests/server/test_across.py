"""One search and one question over several sessions."""

import pytest

from omnilive.memory.library import Library
from tests.made import put, said
from tests.server.client import Api, error_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rooms(api: Api, library: Library) -> Api:
    told = {"kitchen": "The keys are on the shelf.", "hall": "Nobody is at the door."}
    for name, text in told.items():
        await api.session(name)
        store = library.open(name)
        put(store, said(text, 3.0))
        store.close()
    return api


async def test_search_names_the_session(rooms: Api) -> None:
    response = await rooms.http.get("/v1/search", params={"q": "keys"})
    assert response.status_code == 200
    (hit,) = response.json()["results"]
    assert (hit["session"], hit["text"]) == ("kitchen", "The keys are on the shelf.")
    assert hit["score"] > 0 and hit["wall_s"] > 1e9
    one = await rooms.http.get("/v1/search", params={"q": "keys", "sessions": "hall"})
    assert one.json()["results"] == []


async def test_one_answer_with_evidence_of_its_session(rooms: Api) -> None:
    response = await rooms.http.post("/v1/ask", json={"question": "What was said about the keys?"})
    answer = response.json()
    assert response.status_code == 200 and answer["type"] == "answer"
    assert answer["session"] == "kitchen" and answer["sessions"] == ["hall", "kitchen"]
    assert {item["session"] for item in answer["evidence"]} == {"kitchen"}


async def test_what_cannot_be_asked(rooms: Api) -> None:
    http = rooms.http
    unknown = await http.post("/v1/ask", json={"question": "Who?", "sessions": ["attic"]})
    assert error_of(unknown) == (404, "unknown_session")
    assert (await http.get("/v1/search", params={"q": "a", "sessions": "attic"})).status_code == 404
    assert (await http.get("/v1/search", params={"q": "  "})).status_code == 400
    assert (await http.post("/v1/ask", json={"question": " "})).status_code == 400
    many = await http.post("/v1/ask", json={"question": "Who?", "sessions": ["hall"] * 65})
    assert many.status_code == 422


async def test_a_time_of_the_timeline(rooms: Api, library: Library) -> None:
    store = library.open("kitchen")
    store.put_moment(0.0, 9.0, "said: The keys are on the shelf.")
    store.close()
    now = await rooms.json("/kitchen/timeline", params={"when": "in the last minute"})
    assert len(now["moments"]) == 1
    before = await rooms.json("/kitchen/timeline", params={"when": "the day before yesterday"})
    assert before["moments"] == []
    assert (await rooms.get("/kitchen/timeline", params={"when": "soon"})).status_code == 400
