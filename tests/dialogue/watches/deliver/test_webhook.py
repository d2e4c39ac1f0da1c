import base64
import hashlib
import hmac
import stat
from pathlib import Path

import pytest

from omnilive.core.errors import ConfigError
from omnilive.dialogue.watches.deliver.base import NotDelivered, Parcel
from omnilive.dialogue.watches.deliver.webhook import (
    WebhookSender,
    secret_bytes,
    signed,
    stored_secret,
)
from omnilive.media.base import MediaConfig
from tests.dialogue.watches.deliver.receivers import receiving, status

pytestmark = pytest.mark.anyio
ALERT = {"type": "alert", "seq": 7, "text": "Ein Hund läuft vorbei 狗"}


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def parcel(url: str) -> Parcel:
    return Parcel(key="s-7-abc", target={"kind": "webhook", "url": url}, alert=ALERT)


def test_signature_is_that_of_the_specification() -> None:
    # The example of the Standard Webhooks specification.
    secret = secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    key, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}'
    headers = signed(secret, key, body, 1614265330.9)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_what_arrives() -> None:
    async with receiving() as receiver:
        await WebhookSender(lambda: b"secret", 5).send(parcel(receiver.url))
    (post,) = receiver.posts
    assert post.path == "/in" and post.json == ALERT
    stamp = post.headers["webhook-timestamp"]
    signature = hmac.new(b"secret", f"s-7-abc.{stamp}.".encode() + post.body, hashlib.sha256)
    wanted = "v1," + base64.b64encode(signature.digest()).decode()
    assert post.headers["webhook-signature"] == wanted
    assert post.headers["idempotency-key"] == post.headers["webhook-id"] == "s-7-abc"


@pytest.mark.parametrize("code", [301, 400, 404, 429, 500, 503])
async def test_refusals_are_tried_again(code: int) -> None:
    async with receiving() as receiver:
        receiver.answers = [status(code, "location: http://127.0.0.1:1/", "retry-after: 7")]
        with pytest.raises(NotDelivered, match=str(code)) as refused:
            await WebhookSender(lambda: b"s", 5).send(parcel(receiver.url))
    assert refused.value.again and refused.value.retry_after_s == 7
    assert len(receiver.posts) == 1, "redirects must not be followed"


async def test_gone_is_not_tried_again() -> None:
    async with receiving() as receiver:
        receiver.answers = [status(410)]
        with pytest.raises(NotDelivered) as refused:
            await WebhookSender(lambda: b"s", 5).send(parcel(receiver.url))
    assert not refused.value.again


@pytest.mark.parametrize("wait", ["-5", "nan", "inf", "soon", "999999999"])
async def test_odd_waits(wait: str) -> None:
    async with receiving() as receiver:
        receiver.answers = [status(503, f"retry-after: {wait}")]
        with pytest.raises(NotDelivered) as refused:
            await WebhookSender(lambda: b"s", 5).send(parcel(receiver.url))
    asked_s = refused.value.retry_after_s
    assert asked_s is None or 0 <= asked_s <= 3600


@pytest.mark.parametrize("answer", [None, b"\x00\xff nonsense\r\n\r\n", b""])
async def test_slow_and_nonsense_receivers_end_in_time(answer: bytes | None) -> None:
    async with receiving() as receiver:
        receiver.answers = [answer]
        with pytest.raises(NotDelivered):
            await WebhookSender(lambda: b"s", 0.3).send(parcel(receiver.url))


async def test_an_endless_answer_is_not_read() -> None:
    async with receiving() as receiver:
        receiver.answers = [b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n" + b"x" * 9999]
        await WebhookSender(lambda: b"s", 5).send(parcel(receiver.url))


async def test_nobody_there(unused_tcp_port: int) -> None:
    with pytest.raises(NotDelivered):
        await WebhookSender(lambda: b"s", 5).send(parcel(f"http://127.0.0.1:{unused_tcp_port}/"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254"])
async def test_private_addresses_only_where_allowed(host: str) -> None:
    async with receiving() as receiver:
        port = receiver.url.split(":")[-1].split("/")[0]
        sender = WebhookSender(lambda: b"s", 5, MediaConfig(public_only=True))
        with pytest.raises(NotDelivered, match="private") as refused:
            await sender.send(parcel(f"http://{host}:{port}/in"))
        assert not refused.value.again and receiver.posts == []


async def test_allowed_network_goes_to_the_address_that_was_checked() -> None:
    async with receiving() as receiver:
        media = MediaConfig(public_only=True, networks=("127.0.0.0/8",))
        url = receiver.url.replace("127.0.0.1", "127.0.0.1")
        await WebhookSender(lambda: b"s", 5, media).send(parcel(url))
    assert receiver.posts[0].headers["host"] == url.split("/")[2]


def test_a_secret_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    secret = stored_secret(tmp_path)
    assert secret == stored_secret(tmp_path) and len(secret_bytes(secret)) == 24
    mode = stat.S_IMODE((tmp_path / "webhook-secret").stat().st_mode)
    assert mode == 0o600 and len(list(tmp_path.iterdir())) == 1


def test_secrets_in_other_forms() -> None:
    assert secret_bytes("plain") == b"plain"
    with pytest.raises(ConfigError, match="base64"):
        secret_bytes("whsec_!!")
