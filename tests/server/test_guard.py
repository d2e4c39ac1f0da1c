import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from omnilive.memory.library import Library
from omnilive.server.config import ServerConfig
from omnilive.server.errors import Refusal
from omnilive.server.guard import Guard, is_loopback, states_more
from omnilive.server.limits import ADDRESSES, Rate
from tests.server.client import Api, error_of, served

pytestmark = pytest.mark.anyio
TOKEN = "a-long-random-text-é"
BEARER = {"Authorization": f"Bearer {TOKEN}".encode()}


@pytest.fixture
async def locked(library: Library) -> AsyncIterator[Api]:
    store = library.create("s")
    store.put_keyframe(0.0, b"picture")
    store.close()
    async with served(library, token=TOKEN) as api:
        yield api


async def test_without_the_token_nothing_of_v1_is_served(locked: Api) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}".encode()},
        {"Authorization": TOKEN.encode()},
        {"Authorization": f"Bearer {TOKEN}x".encode()},
    ]
    for headers in wrong:
        response = await locked.get("/s", headers=headers)
        assert error_of(response) == (401, "unauthorized")
        assert response.headers["www-authenticate"] == "Bearer"
    assert error_of(await locked.post("", {"id": "a"})) == (401, "unauthorized")
    assert error_of(await locked.delete("/s")) == (401, "unauthorized")
    assert error_of(await locked.http.get("/v1/none")) == (401, "unauthorized")


async def test_with_the_token_all_is_served(locked: Api) -> None:
    assert (await locked.get("/s", headers=BEARER)).status_code == 200
    assert (await locked.get("", headers=BEARER)).status_code == 200
    lower = {"Authorization": f"bearer {TOKEN}".encode()}
    assert (await locked.get("/s", headers=lower)).status_code == 200


async def test_what_browsers_fetch_may_carry_it_in_the_address(locked: Api) -> None:
    token = {"token": TOKEN}
    picture = await locked.get("/s/keyframes/1.jpg", params=token)
    assert picture.status_code == 200 and picture.headers["referrer-policy"] == "no-referrer"
    unknown = await locked.get("/s/sources/1/media", params=token)
    assert error_of(unknown) == (404, "not_playable")
    gone = await locked.get("/none/events", params=token)
    assert error_of(gone) == (404, "unknown_session")
    wrong = await locked.get("/s/keyframes/1.jpg", params={"token": "wrong"})
    assert error_of(wrong) == (401, "unauthorized")
    assert error_of(await locked.get("/s", params=token)) == (401, "unauthorized")
    posted = await locked.post("/s/events", {}, params=token)
    assert error_of(posted) == (401, "unauthorized")


async def test_the_page_is_opened_with_the_token_once(locked: Api) -> None:
    wrong = await locked.http.get("/", params={"token": "wrong"})
    assert error_of(wrong) == (401, "unauthorized") and "set-cookie" not in wrong.headers
    opened = await locked.http.get("/", params={"token": TOKEN})
    assert opened.status_code == 303 and opened.headers["location"] == "/"
    kept = opened.headers["set-cookie"].lower()
    assert "httponly" in kept and "samesite=strict" in kept and TOKEN not in kept  # it is quoted
    assert (await locked.get("/s")).status_code == 200  # the client keeps cookies, as browsers do
    assert (await locked.get("/s/keyframes/1.jpg")).status_code == 200
    foreign = {"Origin": "http://evil.example"}
    refused = await locked.http.request("DELETE", "/v1/sessions/s", headers=foreign)
    assert error_of(refused) == (403, "origin")
    socket = Socket(token=TOKEN)
    cookie = (b"cookie", opened.headers["set-cookie"].partition(";")[0].encode())
    assert await socket.shake(LOCAL, cookie, (b"origin", b"http://evil.example")) == 403
    assert await socket.shake(LOCAL, (b"cookie", b"omnilive_token=wrong")) == 401
    assert await socket.shake(LOCAL, cookie) == 101


async def test_without_a_lock_the_page_sets_no_cookie(api: Api) -> None:
    response = await api.http.get("/", params={"token": TOKEN})
    assert response.status_code == 200 and "set-cookie" not in response.headers


async def test_page_and_probes_need_none(locked: Api) -> None:
    for path in ("/", "/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert (await locked.http.get(path)).status_code == 200


async def test_a_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNILIVE_TOKEN", f" {TOKEN}\n")
    config = ServerConfig.from_environment()
    assert config.token.get_secret_value() == TOKEN and TOKEN not in repr(config)
    monkeypatch.delenv("OMNILIVE_TOKEN")
    assert ServerConfig.from_environment().token.get_secret_value() == ""


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
     "192.168.1.5", "", "[", "0.0.0.0"],
)  # fmt: skip
async def test_a_foreign_name_is_refused_on_loopback(api: Api, host: str) -> None:
    response = await api.get("", headers={"Host": host})
    assert error_of(response) == (403, "host")


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "a.localhost", "127.0.0.2"],
)
async def test_own_names_are_served_on_loopback(api: Api, host: str) -> None:
    assert (await api.get("", headers={"Host": host})).status_code == 200


async def test_a_token_allows_any_name(locked: Api) -> None:
    response = await locked.get("", headers={**BEARER, "Host": "camera.example"})
    assert response.status_code == 200


async def test_other_web_sites_change_nothing(api: Api) -> None:
    await api.session()
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9", "https://evil/127.0.0.1"):
        headers = {"Origin": origin}
        response = await api.http.post("/v1/sessions", json={"id": "a"}, headers=headers)
        assert error_of(response) == (403, "origin")
        response = await api.http.request("DELETE", "/v1/sessions/s", headers=headers)
        assert error_of(response) == (403, "origin")
    own = {"Origin": "http://127.0.0.1"}
    assert (await api.http.post("/v1/sessions", json={"id": "a"}, headers=own)).status_code == 201


async def test_large_bodies_are_refused(library: Library) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b'{"id": ' * 10

    async with served(library, body_max_bytes=1000) as api:
        large = {"id": "a" * 1000}
        assert error_of(await api.post("", large)) == (413, "too_large")
        for kind in ("application/json", "multipart/form-data; boundary=b"):
            response = await api.http.post(
                "/v1/sessions", content=pieces(), headers={"content-type": kind}
            )
            assert error_of(response) == (413, "too_large")
        path = await api.session()
        assert error_of(await api.post(f"{path}/sources", large)) == (413, "too_large")


async def test_every_answer_is_guarded(api: Api) -> None:
    answers: list[httpx.Response] = [
        await api.get(""),
        await api.get("/none"),
        await api.http.get("/"),
        await api.get("", headers={"Host": "evil"}),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "microphone=(self)" in answer.headers["permissions-policy"]
        assert "access-control-allow-origin" not in answer.headers


def test_a_stated_length_may_be_absurd() -> None:
    assert states_more("9" * 5000, 10**9) and states_more("11", 10) and not states_more("10", 10)
    assert not any(states_more(text, 10) for text in ("", "x", "-5", "1e9"))


def test_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "::1", "a.localhost")))
    others = ("0.0.0.0", "::", "10.0.0.1", "example.org", "", "localhost.example.org")
    assert not any(map(is_loopback, others))


LOCAL = (b"host", b"localhost:8080")


class Socket:
    """A WebSocket's handshake before the guard; `inside` runs where the app would."""

    def __init__(self, **server: Any) -> None:
        self.guard = Guard(self._app, ServerConfig(**server))
        self.open = 0
        self.leave = asyncio.Event()

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.open += 1
        await self.leave.wait()

    async def shake(self, *headers: tuple[bytes, bytes]) -> int:
        """Return the status of the refusal; 101 when it is let through and stays open."""
        sent: list[Any] = []
        scope = {
            "type": "websocket", "path": "/v1/realtime", "query_string": b"",
            "headers": [(name.lower(), value) for name, value in headers],
            "client": ("10.0.0.1", 1), "extensions": {"websocket.http.response": {}},
        }  # fmt: skip

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        before = self.open
        self.task = asyncio.create_task(self.guard(scope, receive, send))
        await asyncio.sleep(0)
        if self.open > before:
            return 101
        await self.task
        return sent[0]["status"]


async def test_sockets_need_the_token_too() -> None:
    key = b"openai-insecure-api-key."
    socket = Socket(token="abc-123")
    for given in (
        [],
        [(b"authorization", b"Bearer wrong")],
        [(b"sec-websocket-protocol", b"realtime, " + key + b"wrong")],
        [(b"sec-websocket-protocol", b"realtime, " + key)],
    ):
        assert await socket.shake(LOCAL, *given) == 401
    assert await socket.shake(LOCAL, (b"authorization", b"Bearer abc-123")) == 101
    given = (b"sec-websocket-protocol", b"realtime, " + key + b"abc-123")
    assert await socket.shake(LOCAL, given) == 101


async def test_sockets_of_other_sites_and_names_are_refused() -> None:
    socket = Socket()
    assert await socket.shake((b"host", b"evil.example")) == 403
    for origin in (b"http://evil.example", b"null", b"http://localhost:1", b"http://["):
        assert await socket.shake(LOCAL, (b"origin", origin)) == 403
    assert await socket.shake(LOCAL, (b"origin", b"http://localhost:8080")) == 101
    assert await Socket().shake(LOCAL) == 101


async def test_no_more_sockets_than_allowed() -> None:
    socket = Socket(sockets_max=2)
    assert [await socket.shake(LOCAL) for _ in range(3)] == [101, 101, 429]
    socket.leave.set()
    await asyncio.sleep(0.01)
    assert await socket.shake(LOCAL) == 101


async def test_too_many_requests_are_told_when_to_come_back(library: Library) -> None:
    async with served(library, asks_per_minute=3, creations_per_minute=2) as api:
        path = await api.session()
        asked = [await api.post(f"{path}/ask", {"question": "what?"}) for _ in range(4)]
        assert [one.status_code for one in asked] == [200, 200, 200, 429]
        assert error_of(asked[3]) == (429, "too_many")
        assert 1 <= int(asked[3].headers["retry-after"]) <= 20
        assert (await api.post("", {"id": "b"})).status_code == 201
        assert error_of(await api.post("", {"id": "c"})) == (429, "too_many")
        assert (await api.get("")).status_code == 200


def test_a_rate_recovers_and_remembers_few() -> None:
    now = 0.0
    rate = Rate(60, lambda: now)
    for _ in range(60):
        rate.take("a")
    with pytest.raises(Refusal) as caught:
        rate.take("a")
    assert caught.value.retry_after_s == pytest.approx(1.0)
    rate.take("b")
    now = 2.0
    rate.take("a")
    for i in range(2 * ADDRESSES):
        rate.take(str(i))
    assert len(rate._left) == ADDRESSES


async def test_no_more_of_anything_than_allowed(
    library: Library, clip: str, long_clip: str
) -> None:
    async with served(library, sessions_max=2, sources_max=1, event_streams_max=1) as api:
        path, other = await api.session("a"), await api.session("b")
        refused = await api.post("", {"id": "c"})
        assert error_of(refused) == (429, "full") and refused.headers["retry-after"]
        await api.watch(path, long_clip, "live")
        refused = await api.post(f"{other}/sources", {"url": clip})
        assert error_of(refused) == (429, "full") and "server.sources_max" in refused.text
        with api.hub.listening("a", lambda _: None):
            assert error_of(await api.get("/a/events")) == (429, "full")
        await api.delete(f"{path}/sources/1")
        await api.watched(other, clip)


async def test_a_source_is_watched_no_longer_than_allowed(library: Library, long_clip: str) -> None:
    async with served(library, watch_max_s=1.0) as api:
        path = await api.session()
        await api.watch(path, long_clip, "live")
        await api.at_rest(path, 10)
        (source,) = await api.sources(path)
        assert source["state"] == "interrupted" and 0 < source["position_s"] < 5
