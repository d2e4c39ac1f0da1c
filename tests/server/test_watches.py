"""The watches of a session over HTTP, and the delivery of its alerts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from omnilive.config import MemoryConfig, SessionConfig
from omnilive.core.events import Percept
from omnilive.dialogue.watches.deliver.config import DeliveryConfig
from omnilive.dialogue.watches.rule import Every, Rule, rule_json
from omnilive.memory.library import Library
from omnilive.memory.watches import WatchRow, WatchTable
from omnilive.reasoning.config import ReasoningConfig
from tests.dialogue.watches.deliver.receivers import receiving
from tests.server.client import NO_MODELS, Api, error_of, served, until

pytestmark = pytest.mark.anyio
# Nothing is perceived in these tests, so that no model is loaded; but words are understood as
# if all the default models were there.
CONFIG = SessionConfig(
    memory=MemoryConfig(embedder="off"),
    reasoning=ReasoningConfig(backend="scripted"),
    delivery=DeliveryConfig(secret=SecretStr("key"), first_retry_s=0.05, max_retry_s=0.2),
)
DOG = "Tell me when a dog appears"


@pytest.fixture
async def api(library: Library) -> AsyncIterator[Api]:
    async with served(library, CONFIG) as api:
        yield api


@pytest.fixture
def story(library: Library) -> str:
    """A stored session in which a dog is seen at 10 s and at 40 s."""
    store = library.create("s")
    with store.transaction():
        for i, (start_s, end_s) in enumerate([(10.0, 14.0), (40.0, 44.0)]):
            for t, event in ((start_s, "appeared"), (end_s, "left")):
                seen = Percept(
                    t=t, kind="object", start_s=start_s, end_s=t, text="brown dog",
                    confidence=0.9, final=event == "left",
                    data={"id": f"object{i}", "label": "dog", "colour": "brown", "event": event,
                          "hidden": False, "position": "left", "box": [0.1 + i / 2, 0.1, 0.3, 0.3]},
                )  # fmt: skip
                id = store.put_fact(f"1:object{i}", seen)
                body = {k: v for k, v in seen.as_json().items() if k != "type"}
                store.append(t, "percept", {"id": id, "source": 1, **body})
    store.close()
    return "/s"


async def made(api: Api, path: str, **body: Any) -> dict[str, Any]:
    response = await api.post(f"{path}/watches", body)
    assert response.status_code == 201, response.text
    return response.json()


async def test_made_listed_changed_and_removed(api: Api) -> None:
    path = await api.session()
    watch = await made(api, path, text=DOG)
    assert watch["id"] == "w1" and watch["state"] == "armed"
    assert watch["rule"]["what"]["labels"] == ["dog"] and "dog appears" in watch["readable"]
    assert (await api.json(f"{path}/watches"))["watches"][0]["id"] == "w1"
    url = f"/v1/sessions{path}/watches/w1"
    changed = (await api.http.patch(url, json={"change": {"cooldown_s": 60}})).json()
    assert changed["rule"]["cooldown_s"] == 60 and changed["version"] == 2
    assert changed["rule"]["what"] == watch["rule"]["what"] and changed["text"] == DOG
    paused = (await api.http.patch(url, json={"state": "paused"})).json()
    assert paused["state"] == "paused" and paused["version"] == 2
    words = (await api.http.patch(url, json={"text": "a cat leaves", "state": "armed"})).json()
    assert words["rule"]["what"]["event"] == "leaves" and words["state"] == "armed"
    assert (await api.delete(f"{path}/watches/w1")).status_code == 204
    assert (await api.json(f"{path}/watches"))["watches"] == []
    log = await api.hub.read(
        "s", lambda store: [e.body["state"] for e in store.log_of("watch", 99)]
    )
    assert log == ["added", "edited", "paused", "edited", "armed", "removed"]


async def test_a_rule_goes_round(api: Api) -> None:
    path = await api.session()
    first = await made(
        api, path, text="warn me if someone stays longer than ten seconds", armed=False
    )
    second = await made(api, path, rule=first["rule"])
    assert first["state"] == "paused" and second["rule"] == first["rule"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": "Tell me when the kettle boils"}, 422, "unseen"),
        ({"text": ""}, 422, "unclear"),
        ({"text": "tell me whenever there is anything"}, 422, "flood"),
        ({"text": "tell me when more than five and fewer than three cars are there"}, 422,
         "contradiction"),
        ({"text": "tell me when a dog appears on the attic camera"}, 422, "source"),
        ({"text": DOG, "rule": {"what": {"kind": "scene", "change": True}}}, 400, "config"),
        ({}, 400, "config"),
        ({"rule": {"what": {"kind": "unicorn"}}}, 400, "config"),
        ({"rule": {"what": {"kind": "object", "labels": ["unicorn"]}}}, 422, "unseen"),
        ({"rule": {"what": {"kind": "object", "labels": ["dog"]}, "version": 2}}, 400, "config"),
        ({"text": DOG, "change": {"colour": "red"}}, 400, "config"),
        ({"text": DOG, "change": {"add_to": [{"kind": "webhook", "url": "ftp://x"}]}}, 400,
         "config"),
        ({"text": DOG, "surprise": 1}, 422, "invalid"),
        ({"text": "x" * 5000}, 422, "invalid"),
        ({"text": 5}, 422, "invalid"),
    ],
)  # fmt: skip
async def test_refused_with_a_reason(api: Api, body: Any, status: int, code: str) -> None:
    path = await api.session()
    assert error_of(await api.post(f"{path}/watches", body)) == (status, code)
    assert (await api.json(f"{path}/watches"))["watches"] == []


async def test_preview_stores_nothing(api: Api) -> None:
    path = await api.session()
    read = (await api.post(f"{path}/watches/preview", {"text": "狗离开时告诉我"})).json()
    assert read["understood"] and "狗" in read["readable"]
    asked = (await api.post(f"{path}/watches/preview", {"text": "tell me if glass breaks"})).json()
    assert not asked["understood"] and asked["code"] == "unseen" and asked["suggestions"]
    assert (await api.json(f"{path}/watches"))["watches"] == []


async def test_unknown_names(api: Api) -> None:
    path = await api.session()
    for url in ("/nobody/watches", "/nobody/alerts", "/nobody/watches/w1"):
        assert error_of(await api.get(url))[0] == 404
    assert error_of(await api.get(f"{path}/watches/w9")) == (404, "unknown_watch")
    assert error_of(await api.delete(f"{path}/watches/w9")) == (404, "unknown_watch")
    url = f"/v1/sessions{path}/watches/w9"
    assert error_of(await api.http.patch(url, json={})) == (404, "unknown_watch")
    assert error_of(await api.post(f"{path}/watches/w9/dry-run", {})) == (404, "unknown_watch")


@pytest.mark.parametrize("t", ["nan", "-1", "x", "1e300"])
async def test_bad_seconds(api: Api, t: str) -> None:
    path = await api.session()
    assert error_of(await api.get(f"{path}/watches/w1/explain?t={t}")) == (422, "invalid")


async def test_dry_run_and_explain(api: Api, story: str) -> None:
    tried = (await api.post(f"{story}/watches/dry-run", {"text": DOG})).json()
    assert [alert["at_s"] for alert in tried["alerts"]] == [10.0, 40.0]
    later = (await api.post(f"{story}/watches/dry-run", {"text": DOG, "start_s": 20})).json()
    assert [alert["at_s"] for alert in later["alerts"]] == [40.0]
    await made(api, story, text=DOG)
    change = {"change": {"repeat": "once"}}
    once = (await api.post(f"{story}/watches/w1/dry-run", change)).json()
    assert [alert["at_s"] for alert in once["alerts"]] == [10.0]
    why = await api.json(f"{story}/watches/w1/explain?t=10")
    assert why["why"] == "not armed" and why["text"]
    assert (await api.json(f"{story}/alerts"))["alerts"] == []


async def test_alerts_in_pages(api: Api, library: Library) -> None:
    path = await api.session()
    store = library.open("s")
    for i in range(5):
        store.append(i, "alert", {"watch": f"w{i % 2}", "text": str(i)})
    store.close()
    texts = [alert["text"] for alert in (await api.json(f"{path}/alerts"))["alerts"]]
    assert texts == ["0", "1", "2", "3", "4"]
    page = (await api.json(f"{path}/alerts?after=2&limit=2"))["alerts"]
    assert [alert["text"] for alert in page] == ["2", "3"] and page[0]["seq"] == 3
    assert len((await api.json(f"{path}/alerts?watch=w1"))["alerts"]) == 2


async def test_a_watch_of_a_running_session_speaks(library: Library, long_clip: str) -> None:
    async with served(library, NO_MODELS) as api, receiving() as receiver:
        path = await api.session()
        source = await api.watch(path, long_clip, "live")
        body = {"text": f"every 5 seconds, a summary, post to {receiver.url}"}
        assert (await made(api, path, **body))["state"] == "armed"
        listed = (await api.json(f"{path}/watches"))["watches"]
        assert [watch["id"] for watch in listed] == ["w1"]
        await until(lambda: bool(receiver.posts))
        (alert, *_) = (await api.json(f"{path}/alerts"))["alerts"]
        assert alert["watch"] == "w1" and receiver.posts[0].json["seq"] == alert["seq"]
        why = await api.json(f"{path}/watches/w1/explain?t={alert['at_s']}")
        assert why["why"] == "fired"
        assert (await api.delete(f"{path}/sources/{source['id']}")).status_code == 204


async def test_many_watches_are_listed_in_order_and_soon(api: Api, library: Library) -> None:
    path = await api.session()
    store = library.open("s")
    rule = rule_json(Rule(what=Every(every_s=60)))
    with store.transaction():
        for i in range(1, 501):
            WatchTable(store).put(WatchRow(f"w{i}", rule, 1, "armed", 0.0, {}))
    store.close()
    async with asyncio.timeout(15):  # it took 40 s when each was looked up among all
        listed = (await api.json(f"{path}/watches"))["watches"]
    assert [watch["id"] for watch in listed] == [f"w{i}" for i in range(1, 501)]


async def test_no_more_than_the_most(library: Library) -> None:
    few = CONFIG.model_copy(update={"watches": CONFIG.watches.model_copy(update={"most": 2})})
    async with served(library, few) as api:
        path = await api.session()
        for _ in range(2):
            await made(api, path, text=DOG)
        assert error_of(await api.post(f"{path}/watches", {"text": DOG})) == (429, "full")


async def test_clients_may_not_aim_at_the_network_of_the_server(library: Library) -> None:
    token = "a-token-that-is-long-enough-for-this"
    async with served(library, CONFIG, token=SecretStr(token)) as api:
        api.http.headers["authorization"] = f"Bearer {token}"
        path = await api.session()
        for url in ("http://127.0.0.1:9/x", "http://169.254.169.254/latest", "http://[::1]/"):
            body = {"text": DOG, "change": {"add_to": [{"kind": "webhook", "url": url}]}}
            assert error_of(await api.post(f"{path}/watches", body)) == (403, "private_target")
            words = {"text": f"when a dog appears, post to {url}"}
            assert error_of(await api.post(f"{path}/watches", words)) == (403, "private_target")


async def test_what_was_left_is_delivered_when_the_server_starts(library: Library) -> None:
    async with receiving() as receiver:
        store = library.create("s")
        with store.transaction():
            for i in range(3):
                seq = store.append(i, "alert", {"watch": "w1", "text": str(i)})
                WatchTable(store).post(seq, "w1", [{"kind": "webhook", "url": receiver.url}])
        store.close()
        async with served(library, CONFIG) as api:
            await until(lambda: len(receiver.posts) == 3)
            await until(lambda: not api.app.state.couriers._couriers)
    assert [post.json["text"] for post in receiver.posts] == ["0", "1", "2"]
    assert receiver.posts[0].json["session"] == "s"


async def test_documented_errors_are_those_that_come(api: Api) -> None:
    paths = api.app.openapi()["paths"]
    for path, methods in paths.items():
        if "/watches" in path or "/alerts" in path:
            for method in methods.values():
                assert {"401", "403", "404", "422"} <= set(method["responses"])
    assert "429" in paths["/v1/sessions/{id}/watches"]["post"]["responses"]


async def test_a_narration_is_begun_shown_and_ended(api: Api, story: str) -> None:
    assert await api.json(f"{story}/narration") == {"mode": "off", "steps": [], "step": None}
    steps = ["Put the cup on the table", {"text": "Sit down", "done": "a person appears"}]
    url = f"/v1/sessions{story}/narration"
    put = await api.http.put(url, json={"mode": "steps", "steps": steps})
    assert put.status_code == 200, put.text
    assert put.json() == {
        "mode": "steps", "steps": ["Put the cup on the table", "Sit down"], "step": None,
    }  # fmt: skip
    wrong = await api.http.put(url, json={"mode": "steps", "steps": [{"done": "a dog appears"}]})
    assert error_of(wrong)[0] == 400
    assert (await api.json(f"{story}/narration"))["mode"] == "steps"
    assert (await api.http.put(url, json={"mode": "off"})).json()["mode"] == "off"
